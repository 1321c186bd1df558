"""The control plane's processes: started so that they outlive the command, and found again by their command lines.

The process table is the only record. A process is ours when it was started with a path below our folder on its command
line; so there are no pid files that a kill or a reboot could make wrong, a folder that was deleted under running
servers is cleaned up all the same, and no process of another project's control plane is ever touched.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PATIENCE_SECONDS = 10.0
"""How long a process may take to end after SIGTERM (0.5 s measured, more on a busy machine) before it is killed."""
_POLL_SECONDS = 0.05
# Puts the program into the background of a shell that ends at once: init inherits it, so it is no child of ours that
# would have to be waited for, and it holds none of the caller's pipes open.
_DETACH = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 &'


def running(folder: Path, names: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
    """Component -> process ids, for those of the executables `names` that run with a path below `folder`."""
    mark = f"{folder}{os.sep}"
    found: dict[str, list[int]] = {}
    for pid, words in _table():
        name = Path(words[0]).name
        if name in names and any(mark in word for word in words[1:]):
            found.setdefault(name, []).append(pid)
    return {name: tuple(sorted(pids)) for name, pids in sorted(found.items())}


def start(command: Sequence[str], log: Path) -> None:
    """Starts `command` in a session of its own with its output appended to `log`; returns at once."""
    log.parent.mkdir(parents=True, exist_ok=True)
    own = {name: os.environ[name] for name in ("PATH", "TMPDIR", "TZ") if name in os.environ}
    subprocess.run(
        ["/bin/sh", "-c", _DETACH, "sh", str(log), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=True,
        cwd="/",  # keeps no folder of the user's busy
        env={**own, "HOME": str(log.parent)},  # no settings of the user's, and nothing written to the home folder
    )


def stop(folder: Path, names: Sequence[str], *, patience_seconds: float = PATIENCE_SECONDS) -> bool:
    """Ends the components `names` of `folder` in this order, gently at first; whether there were any."""
    alive = running(folder, names)
    for name in names:
        _end(folder, name, set(alive.get(name, ())), patience_seconds)
    return bool(alive)


def _end(folder: Path, name: str, pids: set[int], patience_seconds: float) -> None:
    _signal(pids, signal.SIGTERM)
    deadline = time.monotonic() + patience_seconds
    while pids := pids & set(running(folder, [name]).get(name, ())):
        if time.monotonic() > deadline:
            _signal(pids, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in sorted(pids):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _table() -> Iterator[tuple[int, list[str]]]:
    """Every process with its command line; without those that have ended and only wait to be reaped."""
    if sys.platform == "linux":
        for entry in os.scandir("/proc"):
            if entry.name.isdecimal():
                try:
                    words = Path(entry.path, "cmdline").read_bytes().split(b"\0")[:-1]
                except OSError:  # it has ended since
                    continue
                if words:
                    yield int(entry.name), [os.fsdecode(word) for word in words]
        return
    listed = subprocess.run(["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), [command.split(" ", maxsplit=1)[0], command]
