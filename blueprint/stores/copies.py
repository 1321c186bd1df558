"""Copies of a store off the cluster: where they go, when they are made, how long they are kept.

Dev and ephemeral stacks make none, whatever the catalogue says: their data can be made again, and a bucket would
outlive them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from blueprint.catalogue import Environment, Service
from blueprint.catalogue.off import OFF
from blueprint.catalogue.storing import Backup, Store
from blueprint.context import Context
from blueprint.cron import longest_gap_seconds
from blueprint.quantities import seconds
from blueprint.settings import S3, Settings
from blueprint.settings_backups import COPIED
from blueprint.text import Fault, alternatives

_DAY: Final = 86_400


@dataclass(frozen=True, kw_only=True)
class Copies:
    """The copies of one store."""

    path: str
    """s3://<bucket>/<service's namespace>/<resource>: nobody else's identity reaches below it."""
    region: str | None
    """Where the bucket is; None: whoever writes finds out."""
    role: str
    """As whom the store's pods write."""
    schedule: str
    """Of full copies: five cron fields, in UTC."""
    retention_days: int
    loss_seconds: int
    """Work that may be lost at most: how long a piece of the log may wait to be written away."""

    @property
    def place(self) -> str:
        """Bucket and folder, without a scheme."""
        return self.path.removeprefix("s3://")

    @property
    def address(self) -> str:
        """Where S3 answers for it. By path: a bucket with dots in its name has no certificate as a host."""
        return f"https://s3.{self.region}.amazonaws.com/{self.place}"


def decide(service: Service, resource: str, text: Store, context: Context) -> Copies | None:
    """The copies of the store `resource`; None where none are made."""
    target = context.settings.backups.copies
    if not isinstance(text.backup, Backup) or not wanted(text, context.environment) or not isinstance(target, S3):
        return None
    return Copies(
        path=f"s3://{target.bucket}/{context.namespace(service.name)}/{resource}",
        region=target.region,
        role=target.role.format(service=service.name),
        schedule=text.backup.schedule,
        retention_days=-(-round(seconds(text.backup.retention)) // _DAY),
        loss_seconds=round(seconds(text.backup.rpo)),
    )


def wanted(text: Store, environment: Environment) -> bool:
    """Whether a store asks for copies where they are made."""
    return environment in COPIED and text.backup != OFF


def region_faults(text: Store, settings: Settings, *, needed: str) -> Iterator[Fault]:
    """That nobody says in which region the bucket is; `needed` is why one must, as the sentence goes on."""
    target = settings.backups.copies
    if wanted(text, settings.environment) and target and not target.region:
        yield Fault(
            "backup",
            f"asks for copies, and the stack does not say in which region their bucket is, {needed}",
            "Set platform:settings.backups.copies.region",
        )


def faults(
    text: Store, settings: Settings, *, disk_gib: int, least_loss_seconds: int | None, restore_mib_per_second: int
) -> Iterator[Fault]:
    """What the owner promises about copies, against where they go, how often they are made and how large the disk is.

    `least_loss_seconds`: how often the engine can write its log away; None: there are full copies and nothing else.
    `restore_mib_per_second`: at which a copy is read back.
    """
    if not isinstance(text.backup, Backup) or not wanted(text, settings.environment):
        return
    if settings.backups.copies is None:
        yield Fault(
            "backup",
            "asks for copies, and the stack has no bucket for them, so the data would be gone with the cluster",
            "Set platform:settings.backups.copies, or say backup: none where the data can be made again",
        )
    lost, gap = seconds(text.backup.rpo), longest_gap_seconds(text.backup.schedule)
    if text.backup.pitr and least_loss_seconds is None:
        yield Fault(
            "backup.pitr",
            "is true, and of this engine there are full copies alone, so no moment between two can be restored",
            "Set it to false, or drop it, and copy as often as rpo promises",
        )
    if text.backup.pitr and least_loss_seconds is not None and lost < least_loss_seconds:
        yield Fault(
            "backup.rpo",
            f"is {text.backup.rpo}, and the log is written away every {least_loss_seconds} s at the"
            " shortest, so more than that can be lost",
            f"Set it to {least_loss_seconds}s or more, and highAvailability for what may not be lost",
        )
    if (least_loss_seconds is None or not text.backup.pitr) and lost < gap:
        cures = ("copy more often", "promise less")
        yield Fault(
            "backup.rpo",
            f"is {text.backup.rpo}, and '{text.backup.schedule}' leaves {gap // 3600} h between two copies with nothing"
            " in between, so more than that can be lost",
            alternatives(*(() if least_loss_seconds is None else ("set pitr to true",)), *cures),
        )
    needed = disk_gib * 1024 // restore_mib_per_second
    if seconds(text.backup.rto) < needed:
        yield Fault(
            "backup.rto",
            f"is {text.backup.rto}, and a full disk of class {text.class_} takes {disk_gib} GiB ÷"
            f" {restore_mib_per_second} MiB/s = {-(-needed // 60)} min to read back in {settings.environment}",
            f"Set it to {-(-needed // 60)}m or more, or use a smaller class",
        )
