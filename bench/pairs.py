"""CPU seconds of commands, and of two that do the same work, one after the other."""

import math
import resource
import statistics
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path


def cpu_seconds(command: Sequence[str | Path], *, cwd: Path) -> float:
    """User and system seconds of `command` and everything it starts. Raises CalledProcessError where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [str(word) for word in command]
    subprocess.run(words, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  (our own commands)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratio(pairs: int, ours: Callable[[], float], theirs: Callable[[], float]) -> tuple[float, float]:
    """The median of ours ÷ theirs over `pairs` pairs, and the median of ours in seconds.

    The two alternate, so that a machine that becomes busy slows both.
    """
    measured = [(ours(), theirs()) for _ in range(pairs)]
    return statistics.median(one / other for one, other in measured), statistics.median(one for one, _ in measured)


def exponent(smaller: tuple[int, float], larger: tuple[int, float]) -> float:
    """How seconds grow with size: 1 is in proportion, 2 is with the square. Each point is size and seconds."""
    return math.log(larger[1] / smaller[1]) / math.log(larger[0] / smaller[0])
