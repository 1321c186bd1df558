"""How commands speak: results apart from words, silence for what is quick, a line for what is slow."""

import re
import subprocess
import sys
import time
from io import StringIO

import pytest

from operations.console import Console, columns, seconds
from tests.support.stacks import ROOT


def spoken(*, quiet: bool = False) -> tuple[Console, StringIO, StringIO]:
    out, err = StringIO(), StringIO()
    return Console(quiet=quiet, out=out, err=err), out, err


def test_results_go_to_stdout_and_everything_else_to_stderr() -> None:
    console, out, err = spoken()
    console.result("asked for")
    console.say("by the way")
    console.error("wrong")
    assert out.getvalue() == "asked for\n", "stdout holds more than the result"
    assert err.getvalue() == "by the way\nwrong\n", "words are missing"


def test_quiet_keeps_results_and_errors() -> None:
    console, out, err = spoken(quiet=True)
    with console.phase("objects") as phase:
        phase.fact("one")
    console.result("asked for")
    console.error("wrong")
    assert (out.getvalue(), err.getvalue()) == ("asked for\n", "wrong\n"), "quiet is not quiet, or says too little"


def test_what_is_quick_is_not_mentioned_and_what_is_slow_is(monkeypatch: pytest.MonkeyPatch) -> None:
    console, _, err = spoken()
    with console.busy("reading"):
        pass
    assert err.getvalue() == "", "a moment was announced"
    monkeypatch.setattr("operations.console.PATIENCE_SECONDS", 0.05)
    with console.busy("reading"):
        time.sleep(0.3)
    assert err.getvalue() == "reading ...\nreading: done (0 s)\n", "a wait was not explained"


def test_a_log_hears_of_a_counter_sparingly_and_of_a_fact_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.console.REPEAT_SECONDS", 0.2)
    console, _, err = spoken()
    with console.phase("objects") as phase:
        for count in range(100):
            phase.count(f"{count} of 100")
        phase.fact("halfway")
        time.sleep(0.25)
        phase.count("100 of 100")
        phase.outcome = "100 in place"
    lines = err.getvalue().splitlines()
    assert lines == ["objects ...", "  halfway", "  100 of 100 (0 s)", "objects: 100 in place (0 s)"], (
        "too much or little"
    )


def test_a_phase_that_fails_is_said_to_have_stopped() -> None:
    console, _, err = spoken()
    with pytest.raises(ValueError, match="x"), console.phase("objects"):
        raise ValueError("x")
    assert err.getvalue().splitlines()[-1].startswith("objects: stopped"), "a failure is reported as done"


def test_a_terminal_gets_one_moving_line_and_brackets_are_no_markup() -> None:
    script = (
        "import time\nfrom operations.console import Console\n"
        "with Console().phase('objects') as phase:\n"
        "    phase.count('1 of 2 [red]')\n    time.sleep(1.2)\n"
    )
    terminal = (
        "import os, pty, sys\n"
        f"pid, fd = pty.fork()\nif pid == 0:\n    os.execv(sys.executable, [sys.executable, '-c', {script!r}])\n"
        "out = b''\nwhile True:\n    try:\n        more = os.read(fd, 4096)\n    except OSError:\n        break\n"
        "    if not more:\n        break\n    out += more\nos.waitpid(pid, 0)\nsys.stdout.buffer.write(out)"
    )
    done = subprocess.run(
        [sys.executable, "-c", terminal], cwd=ROOT, env={"TERM": "xterm", "PATH": ""}, capture_output=True, check=True
    )
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", done.stdout.decode())
    assert "objects: 1 of 2 [red] (" in text, f"the line does not show the counter: {text!r}"
    assert text.rstrip().endswith("objects: done (1 s)"), "the last line does not stay"


def test_a_poor_locale_ends_no_report() -> None:
    script = "from operations.console import Console; Console().result('caf\\u00e9')"
    environment = {"PYTHONIOENCODING": "ascii", "PATH": ""}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.stdout == b"caf\\xe9\n", f"a name beyond ASCII ended the report: {done.stderr!r}"


@pytest.mark.parametrize(("elapsed", "reported"), [(0.4, "0 s"), (119.4, "119 s"), (125, "2 min 5 s")])
def test_times_read_as_people_say_them(elapsed: float, reported: str) -> None:
    assert seconds(elapsed) == reported


def test_columns_are_aligned_and_end_where_the_words_end() -> None:
    assert columns([("a", "long text"), ("bbb", "b")]) == "  a    long text\n  bbb  b", (
        "not aligned, or blanks at the end"
    )
