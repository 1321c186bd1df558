"""Copies of a store off the cluster: where they go, when they are made, how long they are kept.

Dev and ephemeral stacks make none, whatever the catalogue says: their data can be made again, and a bucket would
outlive them.
"""

from dataclasses import dataclass
from typing import Final

from blueprint.catalogue import Environment, Service
from blueprint.catalogue.off import OFF
from blueprint.catalogue.owning import Backup, Store
from blueprint.context import Context
from blueprint.quantities import seconds
from blueprint.settings import S3

COPIED: Final[frozenset[Environment]] = frozenset({"staging", "prod"})
"""Where copies are made."""

_DAY: Final = 86_400


@dataclass(frozen=True, kw_only=True)
class Copies:
    """The copies of one store."""

    path: str
    """s3://<bucket>/<service's namespace>/<resource>: nobody else's identity reaches below it."""
    role: str
    """As whom the store's pods write."""
    schedule: str
    """Of full copies: five cron fields, in UTC."""
    retention_days: int
    loss_seconds: int
    """Work that may be lost at most: how long a piece of the log may wait to be written away."""


def decide(service: Service, resource: str, text: Store, context: Context) -> Copies | None:
    """The copies of the store `resource`; None where none are made."""
    target = context.settings.backups.copies
    if not isinstance(text.backup, Backup) or not wanted(text, context.environment) or not isinstance(target, S3):
        return None
    return Copies(
        path=f"s3://{target.bucket}/{context.namespace(service.name)}/{resource}",
        role=target.role.format(service=service.name),
        schedule=text.backup.schedule,
        retention_days=-(-round(seconds(text.backup.retention)) // _DAY),
        loss_seconds=round(seconds(text.backup.rpo)),
    )


def wanted(text: Store, environment: Environment) -> bool:
    """Whether a store asks for copies where they are made."""
    return environment in COPIED and text.backup != OFF
