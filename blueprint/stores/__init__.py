"""Where each store of a service lives, and how it is reached.

One module per placement, with a decision type of its own. Which placement an engine has is the stack's
(`settings.data`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, Final

from blueprint.authority import LEAF_HOURS
from blueprint.catalogue import Service
from blueprint.catalogue.storing import Store as StoreText
from blueprint.context import Context
from blueprint.deletion import Deletion
from blueprint.isolation import DataNamespace
from blueprint.settings import Placement
from blueprint.sizes import Amounts
from blueprint.stores import (
    altinity_clickhouse,
    cloudnative_pg,
    copies,
    eck_elasticsearch,
    mariadb_operator,
    opensearch_operator,
    percona_mongodb,
    redis_operator,
)
from blueprint.stores.altinity_clickhouse import AltinityClickhouse
from blueprint.stores.cloudnative_pg import CloudNativePg
from blueprint.stores.eck_elasticsearch import EckElasticsearch
from blueprint.stores.mariadb_operator import OperatedMariadb
from blueprint.stores.namespaced import InNamespace, in_namespace
from blueprint.stores.opensearch_operator import OperatedOpensearch
from blueprint.stores.percona_mongodb import PerconaMongodb
from blueprint.stores.redis_operator import OperatedRedis

Store = (
    AltinityClickhouse
    | CloudNativePg
    | EckElasticsearch
    | InNamespace
    | OperatedMariadb
    | OperatedOpensearch
    | OperatedRedis
    | PerconaMongodb
)
"""Every type of decision about a store."""

Maker = Callable[[Service, str, Any, Context], Store]

MAKERS: Final[Mapping[tuple[str, Placement], Maker]] = {
    ("clickhouse", "operator"): altinity_clickhouse.decide,
    ("elasticsearch", "managed"): in_namespace,
    ("elasticsearch", "operator"): eck_elasticsearch.decide,
    ("mongodb", "managed"): in_namespace,
    ("mongodb", "operator"): percona_mongodb.decide,
    ("mysql", "operator"): mariadb_operator.decide,
    ("opensearch", "managed"): in_namespace,
    ("opensearch", "operator"): opensearch_operator.decide,
    ("postgres", "managed"): in_namespace,
    ("postgres", "operator"): cloudnative_pg.decide,
    ("redis", "managed"): in_namespace,
    ("redis", "operator"): redis_operator.decide,
    ("valkey", "managed"): in_namespace,
    ("valkey", "operator"): redis_operator.decide,
}
"""Engine and placement → maker. Total over `settings.Data`; a test says so. Managed stores keep the rules of those in
a namespace until a cluster in a cloud has a subnet for them; `blueprint.unmade` says that they are not made."""


def decide(service: Service, context: Context) -> tuple[Store, ...]:
    """The stores of `service`, by name."""
    return tuple(
        MAKERS[text.type, getattr(context.settings.data, text.type)](service, resource, text, context)
        for resource, text in sorted(service.spec.resources.items())
        if isinstance(text, StoreText)
    )


def wanted(context: Context, engine: str) -> bool:
    """Whether any service of the stack has a store of `engine` that an operator in the cluster runs."""
    return bool(_operated(context, engine))


def copied(context: Context, engine: str) -> bool:
    """Whether any of these makes copies."""
    target = context.settings.backups.copies
    return target is not None and any(copies.wanted(text, context.environment) for text in _operated(context, engine))


def _operated(context: Context, engine: str) -> list[StoreText]:
    owned = (resource for service in context.services.values() for resource in service.spec.resources.values())
    placed = getattr(context.settings.data, engine) == "operator"
    return [text for text in owned if placed and isinstance(text, StoreText) and text.type == engine]


def data_namespace(owned: Iterable[Store]) -> DataNamespace | None:
    """Where the stores a service `owned` are, with room for all pods they may have; None: not in the cluster."""
    inside = [store for store in owned if store.namespace]
    if not inside:
        return None
    left = _of_all(store.deletion for store in inside)
    quotas = [store.quota for store in inside if store.quota]
    # A store that leaves the catalogue and stays has to fit in beside the one that comes in its place.
    quotas *= 2 if left == "retain" else 1
    largest = [store.largest for store in inside if store.largest]
    return DataNamespace(
        name=inside[0].namespace,
        quota=reduce(add, quotas) if quotas else None,
        largest=reduce(Amounts.at_least, largest) if largest else None,
        deletion=left,
    )


def _of_all(words: Iterable[Deletion | None]) -> Deletion | None:
    """What is left of the namespace: it stays where any store in it does."""
    said = set(words)
    return next((word for word in ("retain", "delete") if word in said), None)


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a service has once, whichever stores it has: an identity that reads its credentials, and a certificate."""

    service: str
    owner: str
    namespace: str
    data_namespace: str
    certificate_hours: int


def access(service: Service, owned: Iterable[Store], context: Context) -> Access | None:
    """What `service` needs to get at the stores it `owned`; None where none of them hands anything over."""
    if not any(how.trust for store in owned for how in store.connections.values()):
        return None
    return Access(
        service=service.name,
        owner=service.spec.owner,
        namespace=context.namespace(service.name),
        data_namespace=context.data_namespace(service.name),
        certificate_hours=LEAF_HOURS,
    )
