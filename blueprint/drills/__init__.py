"""Restore drills: a copy of a store is restored from time to time, asked whether it holds what it should, and removed.

One module per type of store, and `restoring` with what they have in common. All drills of a service share one
namespace, which is empty between them and has no way to the live stores
(docs/decisions/0050-a-copy-is-restored-in-a-namespace-of-its-own.md).
"""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from operator import add
from typing import Any, Final

from blueprint.catalogue import Service
from blueprint.context import Context
from blueprint.drills import mongodb, mysql, postgres
from blueprint.drills.mongodb import MongodbDrill
from blueprint.drills.mysql import MysqlDrill
from blueprint.drills.postgres import PostgresDrill
from blueprint.isolation import DataNamespace
from blueprint.sizes import Amounts
from blueprint.stores import Store
from blueprint.stores.cloudnative_pg import CloudNativePg
from blueprint.stores.mariadb_operator import OperatedMariadb
from blueprint.stores.percona_mongodb import PerconaMongodb

Drill = MongodbDrill | MysqlDrill | PostgresDrill
"""Every type of decision about a drill."""

MAKERS: Final[Mapping[type[Store], Callable[[Any, Any, Context], Drill | None]]] = {
    CloudNativePg: postgres.decide,
    OperatedMariadb: mysql.decide,
    PerconaMongodb: mongodb.decide,
}
"""Decision about a store → maker of its drill: from the store, its owner's words and the stack. What is not here has no
copies either; where its owner asks for them, `blueprint.unmade` says so."""


def decide(service: Service, owned: Iterable[Store], context: Context) -> tuple[Drill, ...]:
    """The drills of the stores `service` `owned`, in their order."""
    made = (
        MAKERS[type(store)](store, service.spec.resources[store.resource], context)
        for store in owned
        if type(store) in MAKERS
    )
    return tuple(drill for drill in made if drill)


def namespace(drills: Iterable[Drill]) -> DataNamespace | None:
    """Where `drills` take place, with room for all of them at once; None where there are none."""
    several = tuple(drills)
    if not several:
        return None
    return DataNamespace(
        name=several[0].namespace,
        quota=reduce(add, (drill.quota for drill in several)),
        largest=reduce(Amounts.at_least, (drill.largest for drill in several)),
        deletion=None,
    )
