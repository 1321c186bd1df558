"""The program, and a bare program that registers the very same resources: what deciding and checking cost on top.

The program runs once against the tests' counting engine, which keeps what it registered: type, name, properties,
parent and dependencies. The bare program reads that from a file and registers it again, with the SDK's plainest
classes, by the same executor, against the same engine.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.timing import Work
from tests.support.counting_engine import STACK_TYPE
from tests.support.program_run import Run, lead, project, run, written_settings

STACK: Final = "dev"
PROGRAM: Final = """\
import gc
gc.set_threshold(100_000, 50, 100)
import json
from pathlib import Path
import pulumi
from pulumi.runtime import settings
pulumi.log.debug = lambda *_, **__: None
made = {}
for each in json.loads(Path("registered.json").read_text()):
    options = pulumi.ResourceOptions(
        parent=made.get(each["parent"]), depends_on=[made[urn] for urn in each["after"] if urn in made]
    )
    if each["custom"]:
        made[each["urn"]] = pulumi.CustomResource(each["type"], each["name"], each["properties"], options)
    else:
        made[each["urn"]] = pulumi.ComponentResource(each["type"], each["name"], None, options)
"""


@contextmanager
def program_and_replay(services: Path) -> Iterator[tuple[Work, Work]]:
    """The program over `services`, and its replay."""
    # A production budget is for one shop.
    settings = {name: value for name, value in written_settings(STACK).items() if name != "budget"}
    with project(services) as ours, tempfile.TemporaryDirectory(prefix="plat-") as theirs:
        lead(ours, settings)
        registered = _finished(run(ours, STACK, settings))
        bare = Path(theirs).resolve()
        (bare / "__main__.py").write_text(PROGRAM, encoding="utf-8")
        (bare / "registered.json").write_text(json.dumps(list(_registered(registered))), encoding="utf-8")
        replayed = _finished(run(bare, STACK, settings))
        if len(replayed.registrations) != len(registered.registrations):
            sys.exit(f"the replay registers {len(replayed.registrations)} of {len(registered.registrations)} resources")
        yield (
            lambda: _finished(run(ours, STACK, settings)).cpu_seconds,
            lambda: _finished(run(bare, STACK, settings)).cpu_seconds,
        )


def _finished(done: Run) -> Run:
    if done.exit_code:
        sys.exit(f"the program failed, so there is nothing to measure: {done.told} {done.refused} {done.printed}")
    return done


def _registered(done: Run) -> Iterator[dict[str, Any]]:
    for each in done.registrations:
        if each.kind != STACK_TYPE:
            yield {
                "urn": each.urn,
                "type": each.kind,
                "name": each.name,
                "custom": each.request.custom,
                "properties": each.inputs,
                "parent": each.request.parent,
                "after": sorted(each.request.dependencies),
            }
