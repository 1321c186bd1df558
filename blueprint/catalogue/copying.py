"""What an owner says about copies of a store, and how they are proven."""

from typing import Literal

from blueprint.quantities import Duration
from blueprint.text import ClientStatement, Cron, Expression, Statement, Text


class Backup(Text):
    """Copies of the data, and how they are proven."""

    schedule: Cron = "0 2 * * *"
    """When a full copy is made, in UTC."""
    retention: Duration = "30d"
    """How long a copy is kept."""
    pitr: bool = True
    """Whether any moment in between can be restored."""
    rpo: Duration = "5m"
    """Data that may be lost at most."""
    rto: Duration = "1h"
    """Time a restore may take."""
    restore_drill: Literal["daily", "weekly", "monthly", "never"] = "weekly"
    """How often a copy is restored to prove it can be."""


class FullBackup(Backup):
    """Copies of a store that has nothing in between them, and how they are proven."""

    pitr: bool = False
    """Whether any moment in between can be restored: of this store none can, so true is refused."""
    rpo: Duration = "1d"
    """Data that may be lost at most: never less than the time between two copies."""


class TriedBackup(Backup):
    """Copies that are restored from time to time; not a type by itself."""

    restore_check: str | None = None
    """What a restored copy is asked. Unset: the engine's own question."""


class PostgresBackup(TriedBackup):
    """Copies of a PostgreSQL, and how they are proven."""

    restore_check: Statement | None = None
    """What a restored copy must answer with true, as the owner of the database. Unset: whether it has a table."""


class MysqlBackup(TriedBackup):
    """Copies of a MySQL, and how they are proven."""

    restore_check: ClientStatement | None = None
    """What a restored copy must answer with 1, as which SQL says true, to the owner of the database. Unset: whether it
    has a table."""


class MongodbBackup(TriedBackup):
    """Copies of a MongoDB, and how they are proven."""

    restore_check: Expression | None = None
    """What mongosh must find true of a restored copy, as the owner of the database, which is `db`. Unset: whether it
    has a collection."""
