"""What the cluster's scheduler reads in five fields, so that a schedule it would refuse is refused where it is written.

The rules are those of Kubernetes' CronJob controller (robfig/cron v3, ParseStandard), less its words (@daily) and
time zones: a schedule here is five fields, and its time zone stands beside it.
"""

import re
from typing import Final

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

FIELDS: Final[tuple[tuple[str, int, int, tuple[str, ...]], ...]] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 6, _DAYS),
)
"""Each field: what it is, its least, its most, and words for them, in order. Sunday is 0 alone."""

_PART: Final = re.compile(r"(?:[*?]|([0-9]{1,2}|[A-Za-z]{3})(?:-([0-9]{1,2}|[A-Za-z]{3}))?)(?:/([0-9]{1,2}))?")


def fault(schedule: str) -> str | None:
    """Why `schedule` is none, or None."""
    fields = schedule.split(" ")
    if len(fields) != len(FIELDS):
        return "is no schedule"
    for text, (name, least, most, words) in zip(fields, FIELDS, strict=True):
        for part in text.split(","):
            found = _PART.fullmatch(part)
            if not found:
                return "is no schedule"
            known = {word: number for number, word in enumerate(words, start=least)}
            ends = [int(end) if end.isdecimal() else known.get(end.upper(), -1) for end in found.groups()[:2] if end]
            if not all(least <= end <= most for end in ends) or found[3] in ("0", "00"):
                return f"has '{part}' for its {name}, which goes from {least} to {most}"
            if ends != sorted(ends):
                return f"has '{part}' for its {name}, which ends before it begins"
    return None
