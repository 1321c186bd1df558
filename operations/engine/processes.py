"""Programs that take minutes and print little: while one runs it is reported that it does, and it ends when we do."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from operations.engine.cache import Progress
from operations.engine.wording import duration

_REPORT_SECONDS = 10.0
"""How often a running program is reported: go and pip themselves print nothing for minutes."""
_POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a program ended."""

    code: int
    words: str
    """All it printed."""


def run(command: Sequence[str], *, label: str, environment: Mapping[str, str], progress: Progress) -> Ended:
    """Runs `command` to its end, without input; `progress` gets `label` and the time from now and then.

    An exception, such as an interruption, ends the program and whatever it has started.
    """
    started = time.monotonic()
    reported = 0.0
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as words:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that an interruption ends what it has started, such as compilers, as well
        )
        try:
            while process.poll() is None:
                time.sleep(_POLL_SECONDS)
                elapsed = time.monotonic() - started
                if elapsed - reported >= _REPORT_SECONDS:
                    progress(f"{label}: {duration(elapsed)}")
                    reported = elapsed
        except BaseException:
            _end(process)
            raise
        words.seek(0)
        return Ended(code=process.returncode, words=words.read())


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
