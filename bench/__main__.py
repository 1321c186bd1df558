"""Ratios between this program and the least that could do the same work, measured in one run.

    python -m bench [--pairs 3] [--large 804] [--cdk8s PYTHON]

Ratios are compared with their limits, and the exit code is 1 where one is exceeded; seconds are those of one machine
and only printed. --cdk8s is the Python of an environment with `cdk8s` in it, on a machine with Node.js; without it
`render` is not compared. Other people's commands on the same cores shift the ratios: measure on a quiet machine.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.commands import GROWING, growth, render_to_cdk8s, validate_to_bare
from bench.program import program_to_replay
from bench.workplace import Workplace

SMALL, MIDDLE = 12, 120
"""Services: one shop, and ten."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One ratio and what it must not exceed."""

    name: str
    size: int
    limit: float
    take: Callable[[], tuple[float, float]]
    """The ratio, and our CPU seconds."""


def measures(place: Workplace, pairs: int, large: int, cdk8s: Path | None) -> Iterator[Measure]:
    """Every measure, the cheap ones first."""
    for size, limit in ((SMALL, 1.20), (MIDDLE, 1.15), (large, 1.10)):
        several = pairs if size != large else 1
        yield Measure(
            name="program ÷ replay",
            size=size,
            limit=limit,
            take=partial(_program, place, size, several),
        )
    yield Measure(name="validate ÷ bare", size=large, limit=1.8, take=partial(validate_to_bare, place, large, pairs))
    if cdk8s is not None:
        for size, limit in ((SMALL, 0.35), (MIDDLE, 0.30)):
            take = partial(render_to_cdk8s, place, size, pairs, cdk8s)
            yield Measure(name="render ÷ cdk8s", size=size, limit=limit, take=take)
    for command in GROWING:
        yield Measure(
            name=f"{command} grows",
            size=large,
            limit=1.05,
            take=partial(growth, command, place, large // 24 * 12, large, min(pairs, 2)),
        )


def _program(place: Workplace, size: int, pairs: int) -> tuple[float, float]:
    return program_to_replay(place.services(size), pairs)


def main() -> int:
    """Prints the table as it is measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=3, help="runs of each side, of which the median counts")
    parser.add_argument("--large", type=int, default=804, help="services of the largest catalogue, a multiple of 24")
    parser.add_argument("--cdk8s", type=Path, help="Python of an environment with cdk8s")
    given = parser.parse_args()
    exceeded = 0
    say(f"{'measure':18}  {'services':>8}  {'ratio':>7}  {'limit':>6}  {'ours, CPU s':>11}")
    with tempfile.TemporaryDirectory(prefix="plat-bench-") as folder:
        place = Workplace(Path(folder))
        for measure in measures(place, given.pairs, given.large, given.cdk8s):
            found, seconds = measure.take()
            too_much = found > measure.limit
            exceeded += too_much
            say(
                f"{measure.name:18}  {measure.size:8}  {found:7.3f}  {measure.limit:6.2f}  {seconds:11.2f}"
                f"{'  exceeded' if too_much else ''}"
            )
    return int(bool(exceeded))


def say(line: str) -> None:
    """Prints `line` at once: a table that grows for minutes should be seen to."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
