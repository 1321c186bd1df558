"""One table of ratios, all measured in one run; see README.md beside this file.

    python -m bench [--runs 3] [--only WORD] [--cdk8s PYTHON]

Ends with 1 where a ratio misses its limit. Seconds are printed and never compared with anything.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.commands import IN_MEMORY, STACK, bare, catalogue, cdk8s, command, copy_of_the_program, render
from bench.replay import BARE, TUNED, program_and_replay
from bench.timing import HEAD, Row, growth, ratio

PROGRAM: Final = {
    "bare": (BARE, {12: 1.20, 120: 1.15, 804: 1.10}),
    "tuned": (TUNED, {12: 1.30, 120: 1.35, 804: 1.35}),
}
"""Kind of replay to its modules, and services to the most that the program may cost over it."""
VALIDATE: Final = {804: 1.8}
RENDER: Final = {12: 0.35, 120: 0.30}
GROWTH: Final = 1.05
SMALLER, LARGER = 408, 804

Measured = tuple[str, Callable[[], Row]]
"""A row's name, and how it is measured."""


def main() -> int:
    """Prints the table; 1 where a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3, help="of each side, in turns; the best counts")
    parser.add_argument("--only", default="", metavar="WORD", help="rows whose name contains WORD")
    parser.add_argument("--cdk8s", type=Path, metavar="PYTHON", help="an interpreter that has cdk8s")
    given = parser.parse_args()
    memory = IN_MEMORY if IN_MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="plat-") as temporary,
        tempfile.TemporaryDirectory(prefix="plat-", dir=memory) as written,
    ):
        folder, output = Path(temporary).resolve(), Path(written)
        rows = [each for each in _rows(folder, output, given.runs, given.cdk8s) if given.only in each[0]]
        if not rows:
            parser.error(f"no row contains '{given.only}'")
        _say(HEAD)
        missed = 0
        for _, measured in rows:
            row = measured()
            missed += not row.is_met
            _say(row.line())
    if given.cdk8s is None:
        _say("render ÷ cdk8s is not measured without --cdk8s")
    return 1 if missed else 0


def _rows(folder: Path, output: Path, runs: int, python: Path | None) -> Iterator[Measured]:
    """Every row; what is read is made in `folder`, what is rendered in `output`."""
    project = copy_of_the_program(folder / "project")

    for kind, (modules, limits) in PROGRAM.items():
        for size, limit in limits.items():

            def of_program(what: str, modules: Sequence[str] = modules, size: int = size, limit: float = limit) -> Row:
                with program_and_replay(catalogue(folder, size), modules) as (ours, theirs):
                    return ratio(what, ours, theirs, limit=limit, runs=runs)

            yield _row(f"program ÷ {kind} replay, {size} services", of_program)

    for size, limit in VALIDATE.items():

        def of_validate(what: str, size: int = size, limit: float = limit) -> Row:
            services = catalogue(folder, size)
            ours, theirs = command(project, "validate", services), bare(project, services)
            return ratio(what, ours, theirs, limit=limit, runs=runs)

        yield _row(f"validate ÷ bare, {size} services", of_validate)

    for size, limit in RENDER.items() if python else ():

        def of_render(what: str, size: int = size, limit: float = limit) -> Row:
            services = catalogue(folder, size)
            theirs = cdk8s(python or Path(), project, services, output / f"cdk8s-{size}")
            return ratio(what, render(project, services, output / "rendered"), theirs, limit=limit, runs=runs)

        yield _row(f"render ÷ cdk8s, {size} services", of_render)

    commands = {
        "validate": lambda services: command(project, "validate", services),
        "blueprint": lambda services: command(project, "blueprint", services, "-s", STACK),
        "render": lambda services: render(project, services, output / "rendered"),
        "judge": lambda services: command(project, "judge", services, "-s", STACK),
    }
    for name, work in commands.items():

        def of_growth(what: str, work: Callable[[Path], Callable[[], float]] = work) -> Row:
            larger, smaller = work(catalogue(folder, LARGER)), work(catalogue(folder, SMALLER))
            return growth(what, larger, smaller, factor=LARGER / SMALLER, limit=GROWTH, runs=runs)

        yield _row(f"{name}, growth {SMALLER} to {LARGER}", of_growth)


def _row(what: str, measured: Callable[[str], Row]) -> Measured:
    return what, lambda: measured(what)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
