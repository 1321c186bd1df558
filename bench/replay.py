"""The program, and a bare program that registers the very same resources: what deciding and checking cost on top.

The program runs once against the tests' counting engine, which keeps what it registered: type, name, properties,
parent, dependencies and options. The bare program (replay_program.py) reads that from a file and registers it again,
with the SDK's classes as their documentation shows them, by the same executor, against the same engine.
"""

import marshal
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.commands import widen
from bench.timing import Work
from tests.support.counting_engine import STACK_TYPE
from tests.support.program_run import Run, lead, project, run, written_settings
from tests.support.stacks import ROOT

STACK: Final = "dev"
PROGRAM: Final = Path(__file__).with_name("replay_program.py")


@contextmanager
def program_and_replay(services: Path) -> Iterator[tuple[Work, Work]]:
    """The program over `services`, and its replay."""
    # A production budget is for one shop.
    settings = {name: value for name, value in written_settings(STACK).items() if name != "budget"}
    with project(services) as ours, tempfile.TemporaryDirectory(prefix="plat-") as theirs:
        (ours / "policies").unlink()
        shutil.copytree(ROOT / "policies", ours / "policies", ignore=shutil.ignore_patterns("__pycache__"))
        widen(ours / "policies" / "config")
        lead(ours, settings)
        registered = _finished(run(ours, STACK, settings))
        bare = Path(theirs).resolve()
        shutil.copyfile(PROGRAM, bare / "__main__.py")
        (bare / "captured").write_bytes(marshal.dumps((_rows(registered), list(registered.outputs))))
        replayed = _finished(run(bare, STACK, settings))
        if replayed.by_urn.keys() != registered.by_urn.keys():
            sys.exit("the replay registers other resources than the program, so the ratio would mean nothing")
        yield (
            lambda: _finished(run(ours, STACK, settings)).cpu_seconds,
            lambda: _finished(run(bare, STACK, settings)).cpu_seconds,
        )


def _finished(done: Run) -> Run:
    if done.exit_code:
        sys.exit(f"the program failed, so there is nothing to measure: {done.reported} {done.refused} {done.printed}")
    return done


def _rows(done: Run) -> list[tuple[Any, ...]]:
    return [
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
        if each.kind != STACK_TYPE
    ]
