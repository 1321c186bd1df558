"""`plat doctor`: whether `./plat up -s dev` can work on this machine. Takes about two seconds, changes nothing.

Deliberately no network: only fetching shows whether a release can be fetched, so a missing engine is a remark with what
would happen, not a failure, as long as Go could build it.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from operations import deciding, embedded, engine
from operations.console import columns, many
from operations.engine import built, cache, pins
from operations.engine.wording import listing, size
from operations.project import Project

State = Literal["ok", "note", "fault"]
OLDEST_PYTHON = (3, 11)
_NO_TOOLS = engine.Toolchain(tools={}, origin={})


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the table."""

    subject: str
    state: State
    """`fault`: a development stack cannot come up as long as this is so."""
    found: str
    cure: str = ""


def examine(project: Project, *, environment: Mapping[str, str] | None = None) -> tuple[Check, ...]:
    """Every check, in the order a person would ask."""
    surroundings = dict(os.environ if environment is None else environment)
    engine_states = engine.inspect(environment=surroundings)
    return (
        _python(project),
        *_engine(project, engine_states),
        _go(surroundings, needed=not all(state.present for state in engine_states)),
        _disk(project, surroundings, build=not all(state.present for state in engine_states)),
        _control_plane(project),
        _laboratory(project, engine.inspect(environment=surroundings, only=engine.LABORATORY_GROUPS)),
        *_interrupted(project),
        *_texts(project),
    )


def healthy(checks: Sequence[Check]) -> bool:
    """Whether a development stack can come up."""
    return not any(check.state == "fault" for check in checks)


def table(checks: Sequence[Check]) -> str:
    """For people: a line per check, the cures below."""
    lines = [
        columns(
            (check.state.upper() if check.state == "fault" else check.state, check.subject, check.found)
            for check in checks
        )
    ]
    cures = [f"  {check.subject}: {check.cure}" for check in checks if check.cure]
    return "\n".join([*lines, *(["", "What to do:", *cures] if cures else [])])


def record(checks: Sequence[Check]) -> Mapping[str, object]:
    """For `--json`."""
    return {"healthy": healthy(checks), "checks": [asdict(check) for check in checks]}


def _python(project: Project) -> Check:
    fits = sys.version_info[:2] >= OLDEST_PYTHON
    ours = Path(sys.prefix) == project.root / ".venv"
    where = ".venv" if ours else f"{sys.prefix}, not the project's .venv"
    return Check(
        subject="python",
        state="ok" if fits and ours else "note",
        found=f"{platform.python_version()} in {where}",
        cure="" if ours else "Run ./plat, which makes and uses the project's own environment.",
    )


def _engine(project: Project, states: Sequence[engine.GroupStatus]) -> Iterator[Check]:
    for status in states:
        damaged = [note for note in status.notes if "damaged" in note]
        yield Check(
            subject=status.group,
            state="ok" if status.present and not damaged else "note",
            found="; ".join([status.origin, *damaged])
            if status.present
            else f"not installed yet: {listing(status.notes)}",
            cure=""
            if status.present
            else f"Nothing; the first `{project.command('up', '-s', 'dev')}` gets it (a build takes some minutes).",
        )


def _go(environment: Mapping[str, str], *, needed: bool) -> Check:
    try:
        go = built.find_go(environment)
    except engine.EngineError as error:
        words = "only needed where the engine cannot be fetched" if needed else "not needed: the engine is installed"
        return Check(subject="go", state="note", found=f"{error.cause} ({words})", cure=error.cure if needed else "")
    return Check(subject="go", state="ok", found=f"{go.version[0]}.{go.version[1]} at {go.binary}")


def _disk(project: Project, environment: Mapping[str, str], *, build: bool) -> Check:
    folder = cache.default_folder(environment)
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free_bytes = min(shutil.disk_usage(existing).free, shutil.disk_usage(project.root).free)
    wanted_bytes = pins.BINARIES_BYTES + (pins.WARM_BUILD_BYTES if build else 0.0)
    enough = free_bytes >= wanted_bytes
    return Check(
        subject="disk",
        state="ok" if enough else "fault",
        found=f"{size(free_bytes)} free, {size(wanted_bytes)} wanted; tools are kept in {folder}",
        cure="" if enough else "Free some disk space, or move the tools to another disk with PLAT_CACHE=<folder>.",
    )


def _control_plane(project: Project) -> Check:
    status, up = embedded.status(project.embedded, _NO_TOOLS), project.command("up", "-s", "dev")
    if status.running:
        words = f"{status.version} at {status.server}, {status.nodes} nodes, {status.crds} custom resource definitions"
        return Check(subject="embedded cluster", state="ok", found=words)
    if status.components:
        words = f"incomplete: only {listing(status.components)} running"
        return Check(subject="embedded cluster", state="note", found=words, cure=f"`{up}` repairs it.")
    return Check(subject="embedded cluster", state="ok", found=f"stopped; `{up}` starts it")


def _laboratory(project: Project, states: Sequence[engine.GroupStatus]) -> Check:
    """Never a fault: no stack needs it, and what is missing or damaged is built when it is asked for."""
    present = [state.group for state in states if state.present]
    absent = [state.group for state in states if not state.present]
    prove = project.command("prove", "-s", "dev")
    missing = f"{listing(absent)} not yet: `{prove}` builds what it needs (all: ten minutes on two idle cores)"
    return Check(
        subject="laboratory",
        state="note" if absent else "ok",
        found="; ".join([*([f"{listing(present)} built"] if present else []), *([missing] if absent else [])]),
    )


def _interrupted(project: Project) -> Iterator[Check]:
    if (project.embedded / "run" / "unfinished").exists():
        yield Check(
            subject="last run",
            state="note",
            found="an engine is running, or was killed",
            cure="Wait for it, or run the same command again: it continues from there.",
        )


def _texts(project: Project) -> Iterator[Check]:
    verdict = deciding.validate(project)
    yield Check(
        subject="catalogue and stacks",
        state="fault" if verdict.problems else "ok",
        found=many(len(verdict.problems), "problem") if verdict.problems else verdict.sentence(),
        cure=f"`{project.command('validate')}` lists them." if verdict.problems else "",
    )
    if "dev" not in verdict.stacks:
        yield Check(
            subject="stack dev",
            state="fault",
            found="Pulumi.dev.yaml is missing",
            cure="Take it from the repository (`git checkout Pulumi.dev.yaml`).",
        )
