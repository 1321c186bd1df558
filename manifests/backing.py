"""Stores and brokers: one spelling per type of decision."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from blueprint.backing import Backing
from blueprint.brokers.shared import Shared
from blueprint.connection import Connection
from blueprint.network_rules import NetworkRule
from blueprint.stores import Store
from blueprint.stores.altinity_clickhouse import AltinityClickhouse
from blueprint.stores.cloudnative_pg import CloudNativePg
from blueprint.stores.eck_elasticsearch import EckElasticsearch
from blueprint.stores.edges import Owned, marks
from blueprint.stores.mariadb_operator import OperatedMariadb
from blueprint.stores.namespaced import InNamespace
from blueprint.stores.opensearch_operator import OperatedOpensearch
from blueprint.stores.percona_mongodb import PerconaMongodb
from blueprint.stores.redis_operator import OperatedRedis
from manifests import (
    altinity_clickhouse,
    cloudnative_pg,
    eck_elasticsearch,
    mariadb_operator,
    opensearch_operator,
    percona_mongodb,
    redis_operator,
)
from manifests.credentials import handed_over
from manifests.isolation import network_policy
from manifests.keeping import marked
from manifests.manifest import Manifest


class OperatedStore(Owned, Protocol):
    """A store that an operator in the cluster runs."""

    @property
    def connections(self) -> Mapping[str, Connection]: ...

    @property
    def namespace(self) -> str: ...

    @property
    def rules(self) -> tuple[NetworkRule, ...]: ...

    @property
    def service_namespace(self) -> str: ...


Own = Callable[[Any], Iterator[Manifest]]
"""What is made of one decision."""


def _operated(own: Own) -> Own:
    """What every such store has around its `own` objects: its rules before anything runs, and after it what its owner
    gets."""

    def objects(store: OperatedStore) -> Iterator[Manifest]:
        yield from _rules(store)
        yield from own(store)
        for connection in store.connections.values():
            yield from handed_over(connection, here=store.service_namespace, there=store.namespace, labels=marks(store))

    return objects


def _rules(decision: OperatedStore | InNamespace | Shared) -> Iterator[Manifest]:
    """Who may reach it."""
    for rule in decision.rules:
        yield network_policy(rule)


OBJECTS: Final[Mapping[type, Own]] = {
    AltinityClickhouse: _operated(altinity_clickhouse.objects),
    CloudNativePg: _operated(cloudnative_pg.objects),
    EckElasticsearch: _operated(eck_elasticsearch.objects),
    InNamespace: _rules,
    OperatedMariadb: _operated(mariadb_operator.objects),
    OperatedOpensearch: _operated(opensearch_operator.objects),
    OperatedRedis: _operated(redis_operator.objects),
    PerconaMongodb: _operated(percona_mongodb.objects),
    Shared: _rules,
}
"""Decision type → objects; of what is not made yet (`blueprint.unmade`), its rules. Total over `blueprint.stores.Store`
and `blueprint.brokers.Account`; a test says so."""


def backing(decision: Backing) -> Iterator[Manifest]:
    """The objects of one store or of one account at a broker."""
    yield from OBJECTS[type(decision)](decision)


def store(decision: Store) -> Iterator[Manifest]:
    """The objects of one store. Those in its namespace say what is left of it; those beside its owner go with that."""
    for made in backing(decision):
        inside = decision.namespace is not None and made["metadata"].get("namespace") == decision.namespace
        yield marked(made, decision.deletion) if inside else made
