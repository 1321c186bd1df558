"""What the cluster's scheduler reads in five fields, so that a schedule it would refuse is refused where it is written.

The rules are those of Kubernetes' CronJob controller (robfig/cron v3, ParseStandard), less its words (@daily) and
time zones: a schedule here is five fields, and its time zone stands beside it.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
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


_MINUTE, _DAY = 60, 86_400
_LEAP_YEARS: Final = (date(2027, 1, 1), 366 * 4 + 366)
"""A day to begin with, and days that hold every day a schedule can name, the 29th of February among them."""


def longest_gap_seconds(schedule: str) -> int:
    """The longest time between two runs of `schedule`, which has no `fault`."""
    return max(_gaps(schedule))


def shortest_gap_seconds(schedule: str) -> int:
    """The shortest time between two runs of `schedule`, which has no `fault`."""
    return min(_gaps(schedule))


@cache
def _gaps(schedule: str) -> frozenset[int]:
    """Every number of seconds from a run of `schedule` to the next. It takes some thousand days to see, and most stores
    of a catalogue have the same one.

    Like the scheduler, a day counts that either of its two fields names, where both are restricted.
    """
    minutes, hours, days, months, weekdays = (
        _named(text, least, most, words)
        for text, (_, least, most, words) in zip(schedule.split(" "), FIELDS, strict=True)
    )
    either = not any(schedule.split(" ")[index][0] in "*?" for index in (2, 4))
    times = [hour * 60 + minute for hour in hours for minute in minutes]
    first, length = _LEAP_YEARS
    runs = []
    for offset in range(length):
        day = first + timedelta(days=offset)
        by_date, by_weekday = day.day in days, (day.weekday() + 1) % 7 in weekdays
        if day.month in months and (by_date or by_weekday if either else by_date and by_weekday):
            runs += [offset * _DAY + time * _MINUTE for time in times]
    return frozenset(later - earlier for earlier, later in pairwise(runs)) or frozenset({length * _DAY})


def _named(field: str, least: int, most: int, words: Sequence[str]) -> list[int]:
    """The numbers `field` names, sorted."""
    known = {word: number for number, word in enumerate(words, start=least)}
    found = set[int]()
    for part in field.split(","):
        span, _, step = part.partition("/")
        ends = (
            [int(end) if end.isdecimal() else known[end.upper()] for end in span.split("-")]
            if span[0] not in "*?"
            else []
        )
        begin = ends[0] if ends else least
        end = ends[-1] if len(ends) > 1 or (ends and not step) else most
        found.update(range(begin, end + 1, int(step or 1)))
    return sorted(found)
