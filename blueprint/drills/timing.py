"""When a restore drill begins, how long it may take, and when what it may have left is removed.

Kubernetes ends a pod in the middle of its work: a node dies, a deadline passes. So what a drill leaves is removed by
somebody else, at a time when no drill can be running any more.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from blueprint.catalogue.storing import Backup, Store
from blueprint.quantities import seconds
from blueprint.settings import Existing, Settings
from blueprint.stores.copies import wanted
from blueprint.text import Fault, alternatives

Often = Literal["daily", "weekly", "monthly"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

PERIODS: Final[Mapping[Often, int]] = {"daily": _DAY, "weekly": 7 * _DAY, "monthly": 28 * _DAY}
"""Seconds in which the beginning of a drill is chosen. Every month has 28 days."""

LONGEST: Final[Mapping[Often, int]] = {**PERIODS, "monthly": 31 * _DAY}
"""Seconds from the beginning of one drill to that of the next, at most."""

LATE_SECONDS: Final = 3600
"""How late a drill may begin where the controller was away: an hour, after which the next one is soon enough."""
REMOVING_SECONDS: Final = 600
"""How long removing a store may take: the five minutes after which a node that is away is given up by its pods
(Kubernetes' default toleration of not-ready), and as long for its disk."""
CHECKING_SECONDS: Final = 600
"""How long the check may take, with its image to fetch; an estimate."""
ENDING_SECONDS: Final = 60
"""What a pod is given to end, twice Kubernetes' default of 30."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """When the pods of one drill run."""

    often: Often
    schedule: str
    """Of the drill: five cron fields, in UTC."""
    sweep: str
    """When whatever it has left is removed."""
    late_seconds: int
    """How late each may begin."""
    restoring_seconds: int
    """What the owner promises: how long until the restored store answers."""
    removing_seconds: int
    deadline_seconds: int
    """Of all its steps."""


def decide(namespace: str, resource: str, backup: Backup) -> Timing | None:
    """The drill of `resource`; None where its owner asks for none. When it begins follows from its name, so that drills
    of many stores do not begin together."""
    if backup.restore_drill == "never":
        return None
    often, length = backup.restore_drill, PERIODS[backup.restore_drill]
    digest = hashlib.sha256(f"{namespace}/{resource}".encode()).digest()
    begins = int.from_bytes(digest[:8]) % (length // _MINUTE)
    restoring = round(seconds(backup.rto))
    return Timing(
        often=often,
        schedule=_cron(often, begins),
        sweep=_cron(often, (begins + -(-_over(restoring) // _MINUTE)) % (length // _MINUTE)),
        late_seconds=LATE_SECONDS,
        restoring_seconds=restoring,
        removing_seconds=REMOVING_SECONDS,
        deadline_seconds=_deadline(restoring),
    )


def _deadline(restoring: int) -> int:
    """Removing what is left, restoring, asking, removing."""
    return 2 * REMOVING_SECONDS + restoring + CHECKING_SECONDS


def _over(restoring: int) -> int:
    """Seconds after which nothing of a drill runs any more, however late it began."""
    return LATE_SECONDS + _deadline(restoring) + ENDING_SECONDS


def _cron(often: Often, minute: int) -> str:
    """`minute` of the period as a schedule."""
    day, rest = divmod(minute, _DAY // _MINUTE)
    hour, minute = divmod(rest, _HOUR // _MINUTE)
    days = {"daily": "* * *", "weekly": f"* * {day}", "monthly": f"{day + 1} * *"}
    return f"{minute} {hour} {days[often]}"


def faults(text: Store, settings: Settings) -> Iterator[Fault]:
    """What the owner says about drills, against who may read the copies and how long a restore may take."""
    target, backup = settings.backups.copies, text.backup
    if not isinstance(backup, Backup) or not wanted(text, settings.environment) or backup.restore_drill == "never":
        return
    if target and not target.drill_role:
        yield Fault(
            "backup.restoreDrill",
            f"is {backup.restore_drill}, and the stack names no role that only reads copies, so a drill could read them"
            " only as the store that writes them, and delete them",
            "Set platform:settings.backups.copies.drillRole, or say restoreDrill: never where nobody needs to know"
            " whether a copy can be restored",
        )
    if target and isinstance(settings.cluster, Existing) and not settings.cluster.api_server_cidrs:
        yield Fault(
            "backup.restoreDrill",
            f"is {backup.restore_drill}, and the stack does not say where the API server is, which a drill asks to make"
            " and remove what it restores: closed in, none would ever begin",
            "Set platform:settings.cluster.apiServerCidrs to the addresses that `kubectl get endpointslices kubernetes"
            " --namespace default` shows, or say restoreDrill: never",
        )
    needed, length = _over(round(seconds(backup.rto))) + REMOVING_SECONDS, PERIODS[backup.restore_drill]
    if needed > length:
        longer = [often for often, of in PERIODS.items() if of >= needed]
        yield Fault(
            "backup.restoreDrill",
            f"is {backup.restore_drill}, and with an rto of {backup.rto} a drill may take {-(-needed // _HOUR)} h, so"
            " the next would begin before what the last one left is removed",
            alternatives(f"set it to {', '.join([*longer, 'never'])}", "promise a shorter rto"),
        )
