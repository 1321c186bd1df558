"""One run at a time, shown by locks that die with their holders; plugins of a killed engine are ended."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from io import StringIO
from pathlib import Path

from operations.console import Console
from operations.guard import alone, end_session

ROOT = Path(__file__).parent.parent
RUN = """
    import sys, subprocess, time
    from pathlib import Path
    from operations.console import Console
    from operations.guard import alone
    with alone(Path(sys.argv[1]), "a run of the test", Console()) as guard:
        engine = ["/bin/sh", "-c", sys.argv[2]]
        started = subprocess.Popen(engine, start_new_session=True, pass_fds=(guard.descriptor,))
        guard.note(started.pid)
        print(started.pid, flush=True)
        time.sleep(60)
"""
"""A plat with an engine; the engine is a shell that does what the test says."""


def begin(folder: Path, engine: str) -> tuple[subprocess.Popen[str], int]:
    command = [sys.executable, "-c", textwrap.dedent(RUN), str(folder), engine]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def entered(folder: Path) -> tuple[str, float]:
    """What waiting for the folder said, and how many seconds it took."""
    words = StringIO()
    started = time.monotonic()
    with alone(folder, "this test", Console(err=words)):
        return words.getvalue(), time.monotonic() - started


def test_a_free_folder_is_entered_at_once_and_again(tmp_path: Path) -> None:
    for _ in range(2):
        words, waited_seconds = entered(tmp_path)
        assert words == "", "somebody was waited for who is not there"
        assert waited_seconds < 1, "a free lock was waited for"


def test_a_second_run_says_whom_it_waits_for(tmp_path: Path) -> None:
    process, leader = begin(tmp_path, "sleep 60")
    code = (
        "import sys, pathlib; from tests.test_operations_stacks_guard import entered;"
        " print(entered(pathlib.Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    second = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    time.sleep(2)
    assert second.poll() is None, "two runs were let in at once"
    end_session(leader)
    end(process)
    words, _ = second.communicate(timeout=30)
    assert f"waiting for a run of the test (pid {process.pid}" in words, f"it does not say who is waited for: {words}"


def test_an_engine_that_outlives_a_killed_run_is_waited_for(tmp_path: Path) -> None:
    process, leader = begin(tmp_path, "sleep 3")
    end(process)
    words, waited_seconds = entered(tmp_path)
    assert f"(pid {leader}" in words, f"it does not say that an engine is still at work: {words}"
    assert waited_seconds > 1, "two engines would have worked at once"


def test_plugins_of_a_killed_engine_are_ended(tmp_path: Path) -> None:
    process, leader = begin(tmp_path, "sleep 61 & sleep 61 & wait")
    time.sleep(0.3)
    os.kill(leader, signal.SIGKILL)
    end(process)
    words, waited_seconds = entered(tmp_path)
    assert "plugins it left running" in words, "it does not say what was ended"
    assert waited_seconds < 10, "plugins were waited for that would never end"


def test_ending_a_session_touches_nothing_else() -> None:
    mine = subprocess.Popen(["sleep", "60"], start_new_session=True)
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    end_session(mine.pid)
    assert mine.wait(timeout=5) == -signal.SIGKILL, "the session is still there"
    assert other.poll() is None, "a process of another session was ended"
    other.kill()
    other.wait()
