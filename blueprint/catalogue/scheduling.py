"""How the runs of a cronjob follow one another, in Kubernetes' words; when they start is `schedule`."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator

from blueprint.quantities import Duration, seconds
from blueprint.text import Checked, Fault, refuse


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # no such zone, a region such as Europe, no name at all
        near = get_close_matches(name, sorted(available_timezones()), n=1)
        cure = f"Did you mean '{near[0]}'?" if near else "Write an IANA name, such as Europe/Berlin or Etc/UTC"
        refuse(Fault("", f"'{name}' is no time zone, and the cluster would refuse it", cure))
    return name


TimeZone = Annotated[str, AfterValidator(_known)]
"""A time zone by its IANA name."""

LEAST_SECONDS: Final = 10
"""Seconds between two looks of the CronJob controller: with less time to start, a run may never start."""


class Job(Checked):
    """The runs of a cronjob. What is changed counts from the next run on."""

    time_zone: TimeZone = "Etc/UTC"
    """The time zone of `schedule`, by its IANA name, such as Europe/Berlin. The hour that is left out when clocks go
    forward has no run."""
    concurrency_policy: Literal["Forbid", "Replace"] = "Forbid"
    """What happens to a run that is due while the one before goes on: `Forbid` leaves it out, `Replace` stops the one
    before. Kubernetes' default, Allow, is not offered: runs that hang would pile up until the quota is used up."""
    starting_deadline: Duration = "5m"
    """How late a run may start before it is left out (startingDeadlineSeconds); at least 10s."""
    active_deadline: Duration = "1h"
    """How long a run may take, with its repeats, before it is stopped (activeDeadlineSeconds); at least 1s."""

    def faults(self) -> Iterator[Fault]:
        if seconds(self.starting_deadline) < LEAST_SECONDS:
            cause = f"is {self.starting_deadline}, but the controller looks every {LEAST_SECONDS} s: no run might start"
            yield Fault("startingDeadline", cause, f"Write {LEAST_SECONDS}s or more")
        if seconds(self.active_deadline) < 1:
            cause = f"is {self.active_deadline}, but Kubernetes counts it in whole seconds"
            yield Fault("activeDeadline", cause, "Write 1s or more")
