"""The restore drill of a MySQL: one server of its size, from its newest copy.

Without its log: that is written away where it is, but `rpo` is held by the copies
(docs/decisions/0048-mysql-is-mariadb-run-by-mariadb-operator.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.catalogue.storing import Mysql
from blueprint.context import Context
from blueprint.drills import restoring
from blueprint.drills.restoring import RestoreDrill
from blueprint.sizes import Quota
from blueprint.stores import mariadb_operator
from blueprint.stores.mariadb_operator import COPIER, OperatedMariadb

HAS_A_TABLE: Final = "SELECT EXISTS (SELECT * FROM information_schema.tables WHERE table_schema = DATABASE())"
"""What is asked where the owner asks nothing: a copy of an empty database proves little."""

STAGED: Final = 3
"""Times the disk that a copy takes until it is where the server begins: as it was fetched, unpacked, and taken apart
(mariadb-operator v26.6.0, cmd/backup/restore.go and pkg/command/backup.go: MariadbBackupRestore)."""


@dataclass(frozen=True, kw_only=True)
class MysqlDrill(RestoreDrill):
    """One MySQL, restored from its copies and asked a question."""

    parameters: Mapping[str, str]
    """The live store's system variables."""
    staging_gib: int
    """Disk where a copy lies until the server begins with it."""


def decide(store: OperatedMariadb, text: Mysql, context: Context) -> MysqlDrill | None:
    """The drill of `store`, described by `text`; None where there is none. The Job that fetches the copy and the server
    that starts from it each have a pod, and the copy a disk of its own."""
    namespace, staging_gib = context.drill_namespace(store.service), STAGED * store.size.disk_gib
    return restoring.decide(
        MysqlDrill,
        store,
        text,
        context,
        account=store.account,
        asked=HAS_A_TABLE,
        restorer=COPIER,
        restored=Quota(pods=2, total=store.size.amounts + COPIER, claims=2, disk_gib=store.size.disk_gib + staging_gib),
        host=names.address(store.resource, namespace),
        dns_names=mariadb_operator.dns_names(store.resource, namespace),
        parameters=store.parameters,
        staging_gib=staging_gib,
    )
