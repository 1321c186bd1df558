"""Words that belong in another place, of Kubernetes, compose files or here: the nearest spelling would mislead.

A word that a model has, or gets, is no row here; a test says so.
"""

from collections.abc import Mapping
from typing import Final

ELSEWHERE: Final[Mapping[tuple[str, str], str]] = {
    ("Container", "env"): "Write `variables`, a map of names and values",
    ("Container", "environment"): "Write `variables`, a map of names and values",
    ("Container", "ports"): "Write spec.service.ports, which all containers share",
    ("Spec", "depends_on"): "Write `consumes` for what it calls, `resources` for its stores",
    ("Spec", "image"): "Write containers.main.image",
    ("Spec", "ports"): "Write service.ports",
    ("Spec", "replicas"): "Write scaling.minReplicas, and scaling.maxReplicas for an autoscaler",
    ("Spec", "volumes"): "Write a store below `resources` (postgres, s3, ...); a disk is one of `type: volume`",
}
"""Model and unknown field → what to write instead."""

OTHERWISE: Final[Mapping[str, tuple[str, str]]] = {
    "amqp": ("rabbitmq", "Write rabbitmq: a broker is named by its product, an account at it by its protocol"),
    "rabbitmq": ("amqp", "Write amqp: an account is named by its protocol, the broker by its product"),
}
"""A value that is right in another place → the word for it where that one is valid, and what to write."""
