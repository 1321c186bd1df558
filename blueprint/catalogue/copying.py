"""What an owner says about copies of a store, and how they are proven."""

from typing import Literal

from blueprint.quantities import Duration
from blueprint.text import Cron, Statement, Text


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


class PostgresBackup(Backup):
    """Copies of a PostgreSQL, and how they are proven."""

    restore_check: Statement | None = None
    """What a restored copy must answer with true, as the owner of the database. Unset: whether it has a table."""
