"""One run of a stack at a time, and no engine left over from a killed run.

Two locks of the kernel's, which it releases when the last holder ends in whatever way: one this process holds, one
that the engine and the plugins it starts inherit. So the second shows, after plat itself was killed, whether an engine
is still running (then it is waited for) or only plugins of a killed engine are (they would go on changing the cluster,
and are ended). No pid file is trusted: the recorded number only says which session to look at.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from operations.console import REPEAT_SECONDS, Console, seconds

_POLL_SECONDS = 0.1
_REMEMBERED = 20
"""Engines of earlier runs, to decide whether a lock in a backend was theirs."""
_END_SECONDS = 10.0
"""How long the kernel may take to remove a killed process (its memory, its sockets)."""


class Guard:
    """The right to run an engine, as long as it is held."""

    def __init__(self, folder: Path, engine: IO[str]) -> None:
        self._record = folder / "engine.json"
        self._engine = engine
        self.ended = _recorded(self._record)
        """Processes of the engines before this run's, the last one first; none of them lives."""

    @property
    def descriptor(self) -> int:
        """The engine's lock; a child that inherits it keeps it until its end."""
        return self._engine.fileno()

    def note(self, leader: int) -> None:
        """Records the session of an engine that has just been started."""
        before = [pid for pid in _recorded(self._record) if pid != leader][: _REMEMBERED - 1]
        self._record.write_text(json.dumps({"sessions": [leader, *before]}), encoding="utf-8")


@contextlib.contextmanager
def alone(folder: Path, what: str, console: Console) -> Iterator[Guard]:
    """Holds both locks of `folder`; waits for other runs, and reports for whom and how long."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # logs and configuration of the runs
    with (folder / "run.lock").open("a+", encoding="utf-8") as ours, (folder / "engine.lock").open("a") as engine:
        _wait_for_run(ours, console)
        ours.seek(0)
        ours.truncate()
        ours.write(f"{what} (pid {os.getpid()}, since {datetime.now(tz=UTC):%H:%M:%S} UTC)")
        ours.flush()
        _wait_for_engine(folder / "engine.json", engine, console)
        yield Guard(folder, engine)


def members(leader: int) -> frozenset[int]:
    """The living processes of the session `leader`; those that only wait to be reaped are not."""
    return (
        frozenset(pid for pid in _processes() if _session(pid) == leader and not _ended(pid)) if leader else frozenset()
    )


def end_session(leader: int) -> None:
    """Kills every process of the session that `leader` began; for plugins whose engine was killed.

    A session's number is not reused as long as one of its processes lives.
    """
    deadline = time.monotonic() + _END_SECONDS
    while (alive := members(leader)) and time.monotonic() < deadline:
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def _wait_for_run(lock: IO[str], console: Console) -> None:
    def holder() -> str:
        lock.seek(0)
        return lock.read().strip() or "another plat"

    _wait(lock, lambda waited: console.say(f"waiting for {holder()} to end ({seconds(waited)})"), lambda: None)


def _wait_for_engine(record: Path, lock: IO[str], console: Console) -> None:
    leader = next(iter(_recorded(record)), 0)

    def say(waited: float) -> None:
        if leader in members(leader):
            console.say(f"waiting for the engine of an interrupted run to end (pid {leader}, {seconds(waited)})")

    def sweep() -> None:
        alive = members(leader)
        if alive and leader not in alive:
            console.say("the engine of the last run was killed: ending the plugins it left running")
            end_session(leader)

    _wait(lock, say, sweep)


def _wait(lock: IO[str], say: Callable[[float], None], between: Callable[[], None]) -> None:
    started = time.monotonic()
    reported = -REPEAT_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - started
            if waited - reported >= REPEAT_SECONDS:
                say(waited)
                reported = waited
            between()
            time.sleep(_POLL_SECONDS)
        else:
            return


def _recorded(record: Path) -> tuple[int, ...]:
    try:
        return tuple(int(pid) for pid in json.loads(record.read_text(encoding="utf-8"))["sessions"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _processes() -> Iterator[int]:
    if Path("/proc/self/stat").exists():
        yield from (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdecimal())
        return
    listed = subprocess.run(["ps", "-axo", "pid="], capture_output=True, text=True, check=True)
    yield from (int(word) for word in listed.stdout.split())


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return 0


def _ended(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        state = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        if Path("/proc/self/stat").exists():
            return True
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.strip()
    return not state or state[0] in "ZX"
