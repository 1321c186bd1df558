"""The program, and a bare program that registers the very same resources: what deciding and checking cost on top.

The program runs once against the tests' counting engine, which keeps what it registered: type, name, properties,
parent, dependencies and options. The bare program (replay_program.py) reads that from a file and registers it again,
with the SDK's classes as their documentation shows them, by the same executor, against the same engine. The tuned one
also spares itself what our program spares itself of the SDK.
"""

import marshal
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.commands import widen
from bench.timing import Work
from tests.support.counting_engine import STACK_TYPE
from tests.support.program_run import Run, lead, project, run, written_settings
from tests.support.stacks import ROOT

STACK: Final = "dev"
BARE: Final = ("replay_program.py",)
TUNED: Final = ("replay_tuning.py", *BARE)
"""Modules beside this one, which together are the program that replays."""
SECONDS: Final = 1800
"""Longest run. The bare program needs minutes for 804 services, and on a busy machine several times that."""


@contextmanager
def program_and_replay(services: Path, modules: Sequence[str]) -> Iterator[tuple[Work, Work]]:
    """The program over `services`, and its replay by `modules`."""
    # A production budget is for one shop.
    settings = {name: value for name, value in written_settings(STACK).items() if name != "budget"}
    with project(services) as ours, tempfile.TemporaryDirectory(prefix="plat-") as theirs:
        (ours / "policies").unlink()
        shutil.copytree(ROOT / "policies", ours / "policies", ignore=shutil.ignore_patterns("__pycache__"))
        widen(ours / "policies" / "config")
        lead(ours, settings)
        registered = _finished(run(ours, STACK, settings, seconds=SECONDS))
        bare = Path(theirs).resolve()
        texts = (Path(__file__).with_name(module).read_text(encoding="utf-8") for module in modules)
        (bare / "__main__.py").write_text("".join(texts), encoding="utf-8")
        (bare / "captured").write_bytes(marshal.dumps((_rows(registered), list(registered.outputs))))

        def replay() -> float:
            replayed = _finished(run(bare, STACK, settings, seconds=SECONDS))
            if replayed.by_urn.keys() != registered.by_urn.keys():
                sys.exit("the replay registers other resources than the program, so the ratio would mean nothing")
            return replayed.cpu_seconds

        yield lambda: _finished(run(ours, STACK, settings, seconds=SECONDS)).cpu_seconds, replay


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
