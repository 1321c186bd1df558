"""The program ÷ a bare replay: a Pulumi program that makes the very registrations the first one made, and nothing else.

Both run in a process of their own against the tests' counting engine; what is compared are the CPU seconds of these
processes. The replay has the types, names, properties, parents and dependencies in a file, and the program's line about
the garbage collector: what remains between the two is reading, deciding, spelling and judging.
"""

import marshal
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.pairs import ratio
from bench.workplace import widen
from tests.support.counting_engine import STACK_TYPE
from tests.support.program_run import Run, lead, project, run, written_settings
from tests.support.stacks import ROOT

REPLAY = Path(__file__).parent / "replay.py"
STACK = "dev"


def program_to_replay(services: Path, pairs: int) -> tuple[float, float]:
    """The ratio over the catalogue `services`, and the program's CPU seconds; medians of `pairs`."""
    settings = {name: value for name, value in written_settings(STACK).items() if name != "budget"}
    with _project(services) as ours, _project(services) as bare:
        lead(ours, settings)
        (bare / "__main__.py").unlink()
        shutil.copyfile(REPLAY, bare / "__main__.py")
        captured: dict[str, Run] = {}

        def program() -> float:
            captured["program"] = _succeeded(run(ours, STACK, settings))
            (bare / "captured").write_bytes(_rows(captured["program"]))
            return captured["program"].cpu_seconds

        def replay() -> float:
            done = _succeeded(run(bare, STACK, settings))
            if done.by_urn.keys() != captured["program"].by_urn.keys():
                raise SystemExit("the replay made other resources than the program: the ratio would mean nothing")
            return done.cpu_seconds

        return ratio(pairs, program, replay)


@contextmanager
def _project(services: Path) -> Iterator[Path]:
    with project(services) as folder:
        (folder / "policies").unlink()
        shutil.copytree(ROOT / "policies", folder / "policies", ignore=shutil.ignore_patterns("__pycache__"))
        widen(folder / "policies" / "config")
        yield folder


def _succeeded(done: Run) -> Run:
    if done.exit_code or done.refused or done.reported:
        raise SystemExit(f"a program failed: {done.reported[:3]} {done.refused[:3]} {done.printed[-2000:]}")
    return done


def _rows(done: Run) -> bytes:
    rows = [
        (
            each.urn,
            each.request.type,
            each.request.name,
            each.request.custom,
            each.inputs,
            each.request.parent,
            list(each.request.dependencies),
            list(each.request.ignoreChanges),
            list(each.request.replaceOnChanges),
            each.request.deletedWith,
            each.request.version,
        )
        for each in done.registrations
        if each.request.type != STACK_TYPE
    ]
    return marshal.dumps((rows, [(urn, values) for urn, values in done.outputs]))
