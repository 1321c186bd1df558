"""CPU seconds of processes, and ratios of them: what a busy machine changes least.

A figure is what the kernel charges a process and whoever it waited for (getrusage), imports included. What is compared
is run in turns, so that a slow minute is in both figures, and of each the best run counts.
"""

import math
import resource
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

Work = Callable[[], float]
"""Runs once; CPU seconds."""

LONG_SECONDS = 300.0
"""A pair that costs more is run once: what disturbs a second is lost in it, and three would take an hour."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    what: str
    ours_seconds: float
    theirs_seconds: float
    value: float
    """The ratio of the two, or the exponent of growth between them."""
    limit: float

    @property
    def is_met(self) -> bool:
        """Whether the value, as printed, is within its limit."""
        return round(self.value, 2) <= self.limit

    def line(self) -> str:
        """Columns as in `HEAD`."""
        verdict = "met" if self.is_met else "MISSED"
        return (
            f"{self.what:36}  {self.ours_seconds:8.2f}  {self.theirs_seconds:8.2f}  {self.value:6.2f}"
            f"  {self.limit:6.2f}  {verdict}"
        )


HEAD = f"{'':36}  {'ours s':>8}  {'theirs s':>8}  {'value':>6}  {'limit':>6}"


def ratio(what: str, ours: Work, theirs: Work, *, limit: float, runs: int) -> Row:
    """`ours` over `theirs`."""
    one, other = _best(ours, theirs, runs)
    return Row(what=what, ours_seconds=one, theirs_seconds=other, value=one / other, limit=limit)


def growth(what: str, larger: Work, smaller: Work, *, factor: float, limit: float, runs: int) -> Row:
    """The exponent by which the work grows where its input grows `factor` times: 1 is linear, 2 quadratic."""
    one, other = _best(larger, smaller, runs)
    exponent = math.log(one / other) / math.log(factor)
    return Row(what=what, ours_seconds=one, theirs_seconds=other, value=exponent, limit=limit)


def _best(ours: Work, theirs: Work, runs: int) -> tuple[float, float]:
    pairs = [(ours(), theirs())]
    while len(pairs) < runs and sum(pairs[0]) <= LONG_SECONDS:
        pairs.append((ours(), theirs()))
    return min(one for one, _ in pairs), min(other for _, other in pairs)


def process(arguments: Sequence[str], *, folder: Path, accepted: Collection[int] = (0,)) -> Work:
    """A process in `folder`. The work exits with its last words where it ends otherwise than with an `accepted` code:
    half a run costs less."""

    def work() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(  # noqa: S603  (our own interpreter, or the one that was named)
            arguments,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in accepted:
            sys.exit(f"{' '.join(map(str, arguments))[:200]} ended with {done.returncode}: {done.stderr[-1000:]}")
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return work
