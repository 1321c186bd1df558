"""How many pods a store has, by what its owner asks for and where it runs: one in dev and ephemeral stacks, always."""

from collections.abc import Mapping
from typing import Final

from blueprint.catalogue import Environment
from blueprint.catalogue.storing import Store

STANDBYS: Final[Mapping[Environment, int]] = {"dev": 0, "ephemeral": 0, "staging": 1, "prod": 2}
"""Pods besides the first where high availability is asked for. Two in production, so that one is still there while
another is replaced (CloudNativePG, "Architecture": three instances)."""

VOTERS: Final[Mapping[Environment, int]] = {"dev": 0, "ephemeral": 0, "staging": 2, "prod": 2}
"""The same of stores whose pods elect the first among themselves: with fewer than two others no majority is left when
one is lost (elastic.co, "Resilience in small clusters"), and Percona's operator refuses an even number (v1.22.0,
psmdb_defaults.go: checkSafeDefaults)."""


def available(text: Store, environment: Environment) -> bool:
    """Whether somebody takes over."""
    return text.high_availability and STANDBYS[environment] > 0


def instances(text: Store, environment: Environment) -> int:
    """How many pods, where one is as good as another."""
    return 1 + readers(text, environment) + (STANDBYS[environment] if text.high_availability else 0)


def voters(text: Store, environment: Environment) -> int:
    """How many pods may lead, where those that only answer reads never do."""
    return 1 + (VOTERS[environment] if text.high_availability else 0)


def readers(text: Store, environment: Environment) -> int:
    """How many pods only answer reads."""
    return text.read_replicas if STANDBYS[environment] else 0
