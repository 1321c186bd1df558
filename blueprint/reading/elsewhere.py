"""Words that belong in another place, of Kubernetes, compose files or here: the nearest spelling would mislead.

A word that a model has, or gets, is no row here; a test says so.
"""

from collections.abc import Mapping
from typing import Final

_VARIABLES: Final = "Write `variables`, a map of names and values"
_MOUNTED: Final = "Write `files` for files, `scratch` for folders it fills, spec.resources for a disk (`type: volume`)"
_SECRETS: Final = "Write a resource of `type: secret`, and ${resources.<name>.<key>} in `variables`"

ELSEWHERE: Final[Mapping[tuple[str, str], str]] = {
    ("Container", "healthcheck"): "Write `readinessProbe`, which asks over HTTP, gRPC or TCP",
    ("Container", "ports"): "Write spec.service.ports, which all containers share",
    ("HttpGet", "host"): "Write Host below `headers`; the pod itself is asked in any case (wl-probe-host)",
    ("HttpGet", "httpHeaders"): "Write `headers`, a map of names and values",
    ("InitContainer", "configs"): "Write `files`, a map of paths and texts",
    ("InitContainer", "depends_on"): "Write spec.consumes for what it calls, spec.resources for its stores",
    ("InitContainer", "entrypoint"): "Write `command`",
    ("InitContainer", "env"): _VARIABLES,
    ("InitContainer", "env_file"): _VARIABLES,
    ("InitContainer", "envFrom"): _VARIABLES,
    ("InitContainer", "environment"): _VARIABLES,
    ("InitContainer", "replicas"): "Write spec.scaling.minReplicas",
    ("InitContainer", "secrets"): _SECRETS,
    ("InitContainer", "securityContext"): "Write spec.user and spec.group; nothing else of it can be changed",
    ("InitContainer", "tmpfs"): "Write `scratch`, a map of paths and sizes",
    ("InitContainer", "user"): "Write spec.user, which all containers share",
    ("InitContainer", "volumeMounts"): _MOUNTED,
    ("InitContainer", "volumes"): _MOUNTED,
    ("InitContainer", "deploy"): "Write `resources` here, and spec.scaling for replicas",
    ("InitContainer", "mem_limit"): "Write `resources`, with requests and limits",
    ("InitContainer", "networks"): "Write spec.consumes for each service it calls; nothing else is open",
    ("Spec", "deploy"): "Write `scaling` for replicas, and `resources` of a container for its limits",
    ("Spec", "depends_on"): "Write `consumes` for what it calls, `resources` for its stores",
    ("Spec", "env"): "Write containers.main.variables",
    ("Spec", "environment"): "Write containers.main.variables",
    ("Spec", "healthcheck"): "Write containers.main.readinessProbe",
    ("Spec", "image"): "Write containers.main.image",
    ("Spec", "networks"): "Write `consumes` for each service it calls; nothing else is open",
    ("Spec", "ports"): "Write service.ports",
    ("Spec", "replicas"): "Write scaling.minReplicas, and scaling.maxReplicas for an autoscaler",
    ("Spec", "secrets"): _SECRETS,
    ("Spec", "sessionAffinity"): "Write `affinity` with its type: cookie, header or sourceIp",
    ("Spec", "volumes"): "Write a store below `resources` (postgres, s3, ...); a disk is one of `type: volume`",
}
"""Model, or one it is made from, and unknown field → what to write instead."""

OTHERWISE: Final[Mapping[str, tuple[str, str]]] = {
    "amqp": ("rabbitmq", "Write rabbitmq: a broker is named by its product, an account at it by its protocol"),
    "rabbitmq": ("amqp", "Write amqp: an account is named by its protocol, the broker by its product"),
}
"""A value that is right in another place → the word for it where that one is valid, and what to write."""
