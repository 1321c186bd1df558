"""Stores and brokers: one spelling per type of decision."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from blueprint.backing import Backing
from blueprint.brokers.shared import Shared
from blueprint.stores import Store
from blueprint.stores.altinity_clickhouse import AltinityClickhouse
from blueprint.stores.cloudnative_pg import CloudNativePg
from blueprint.stores.namespaced import InNamespace
from blueprint.stores.percona_mongodb import PerconaMongodb
from blueprint.stores.redis_operator import OperatedRedis
from manifests import altinity_clickhouse, cloudnative_pg, percona_mongodb, redis_operator
from manifests.isolation import network_policy
from manifests.keeping import marked
from manifests.manifest import Manifest


def _rules(decision: InNamespace | Shared) -> Iterator[Manifest]:
    """Who may reach it. What runs it is its operator's, or not made yet (`blueprint.unmade`)."""
    for rule in decision.rules:
        yield network_policy(rule)


OBJECTS: Final[Mapping[type, Callable[[Any], Iterator[Manifest]]]] = {
    AltinityClickhouse: altinity_clickhouse.objects,
    CloudNativePg: cloudnative_pg.objects,
    InNamespace: _rules,
    OperatedRedis: redis_operator.objects,
    PerconaMongodb: percona_mongodb.objects,
    Shared: _rules,
}
"""Decision type → objects. Total over `blueprint.stores.Store` and `blueprint.brokers.Account`; a test says so."""


def backing(decision: Backing) -> Iterator[Manifest]:
    """The objects of one store or of one account at a broker."""
    yield from OBJECTS[type(decision)](decision)


def store(decision: Store) -> Iterator[Manifest]:
    """The objects of one store. Those in its namespace say what is left of it; those beside its owner go with that."""
    for made in backing(decision):
        inside = decision.namespace is not None and made["metadata"].get("namespace") == decision.namespace
        yield marked(made, decision.deletion) if inside else made
