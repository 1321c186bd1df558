"""The restore drill of a PostgreSQL: one pod of its size, from its newest copy and all of its log that has arrived."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.catalogue.storing import Postgres
from blueprint.context import Context
from blueprint.drills import restoring
from blueprint.drills.restoring import RestoreDrill
from blueprint.sizes import Quota
from blueprint.stores.cloudnative_pg import ARCHIVER, CloudNativePg
from blueprint.stores.edges import dns_names

HAS_A_TABLE: Final = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname NOT IN ('information_schema', 'pg_catalog'))"
)
"""What is asked where the owner asks nothing: a copy of an empty database proves little."""

UNUSED: Final = frozenset({"archive_timeout", "password_encryption"})
"""Settings that matter to what is written from now on: the log, and passwords (PostgreSQL's own default for these is
the live store's)."""


@dataclass(frozen=True, kw_only=True)
class PostgresDrill(RestoreDrill):
    """One PostgreSQL, restored from its copies and asked a question."""

    parameters: Mapping[str, str]
    """The live store's: with fewer connections than it had, PostgreSQL does not replay its log."""


def decide(store: CloudNativePg, text: Postgres, context: Context) -> PostgresDrill | None:
    """The drill of `store`, described by `text`; None where there is none. Two pods, one after another on one disk:
    that which fetches the copy, and that which starts from it."""
    namespace, service = context.drill_namespace(store.service), f"{store.resource}-rw"
    pods = (store.size.amounts + ARCHIVER).times(2)
    return restoring.decide(
        PostgresDrill,
        store,
        text,
        context,
        account=store.resource,
        asked=HAS_A_TABLE,
        restorer=ARCHIVER,
        restored=Quota(pods=2, total=pods, claims=1, disk_gib=store.size.disk_gib),
        host=names.address(service, namespace),
        dns_names=(service, *dns_names(service, namespace)),
        parameters={name: value for name, value in store.parameters.items() if name not in UNUSED},
    )
