"""What a command prints: results on stdout, everything else on stderr, colours and a moving line on terminals only.

Piped output holds no colour, no control character and no line that is rewritten, so that a log reads like a report.
`rich` is imported only for a terminal. No logging framework: this output is for people.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.status import Status

PATIENCE_SECONDS = 2.0
"""How long a command may print nothing before it reports what it is doing."""
REPEAT_SECONDS = 10.0
"""How often the same counter is written to a log, where no terminal shows it."""
_TICK_SECONDS = 0.5


def seconds(elapsed: float) -> str:
    """`4 s` below two minutes, `2 min 5 s` above."""
    whole = round(elapsed)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def many(count: int, one: str) -> str:
    """`1 service`, `2 services`."""
    return f"{count} {one}{'' if count == 1 else 's'}"


def few(names: Sequence[str], shown: int = 5) -> str:
    """`a, b`; of more than `shown` the first, and how many more."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return f"{', '.join(names[:shown])}{more}"


class Phase:
    """One thing a command is busy with. `fact` is printed once and stays, `count` changes and is repeated rarely."""

    def __init__(self, name: str, console: Console) -> None:
        self.name = name
        self.outcome = "done"
        """Its outcome, for the last line."""
        self._console = console
        self._started = time.monotonic()
        self._last_count = self._started
        self._now = ""

    @property
    def elapsed_seconds(self) -> float:
        return time.monotonic() - self._started

    def fact(self, text: str) -> None:
        """Reports something that happened."""
        if self._console.live:
            self._now = text
        else:
            self._console.say(f"  {text}")

    def count(self, text: str) -> None:
        """Reports how far it is."""
        self._now = text
        if not self._console.live and time.monotonic() - self._last_count >= REPEAT_SECONDS:
            self._last_count = time.monotonic()
            self._console.say(f"  {text} ({seconds(self.elapsed_seconds)})")

    def line(self) -> str:
        """What the moving line shows now; one line of plain text."""
        return f"{self.name}{': ' if self._now else ''}{self._now} ({seconds(self.elapsed_seconds)})"


class Console:
    """Where a command's output goes."""

    def __init__(self, *, quiet: bool = False, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.quiet = quiet
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        for stream in (self._out, self._err):
            if hasattr(stream, "reconfigure"):  # a name beyond ASCII must not end a report where the locale is ASCII
                stream.reconfigure(errors="backslashreplace")
        self.live = not quiet and self._err.isatty() and os.environ.get("TERM") != "dumb"

    def result(self, text: str) -> None:
        """Prints the result: on stdout, also with --quiet."""
        self._out.write(f"{text}\n")
        self._out.flush()

    def say(self, text: str) -> None:
        """Prints progress and remarks: on stderr, not with --quiet."""
        if not self.quiet:
            self._err.write(f"{text}\n")
            self._err.flush()

    def error(self, text: str) -> None:
        """Prints an error: on stderr, always, as it is."""
        self._err.write(f"{text}\n")
        self._err.flush()

    def title(self, text: str) -> str:
        """`text`, bold where results go to a terminal that shows colours."""
        coloured = self._out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        return f"\x1b[1m{text}\x1b[0m" if coloured else text

    @contextmanager
    def phase(self, name: str, *, silent_seconds: float = 0.0) -> Iterator[Phase]:
        """Reports that `name` is going on, from `silent_seconds` after its start, and how long it took."""
        phase = Phase(name, self)
        with (self._moving if self.live else self._written)(phase, silent_seconds):
            yield phase

    def busy(self, name: str) -> AbstractContextManager[Phase]:
        """A phase that is reported only when it takes longer than a person waits without wondering."""
        return self.phase(name, silent_seconds=PATIENCE_SECONDS)

    @contextmanager
    def _written(self, phase: Phase, silent_seconds: float) -> Iterator[None]:
        announced = threading.Event()

        def announce() -> None:
            announced.set()
            self.say(f"{phase.name} ...")

        timer = threading.Timer(silent_seconds, announce)
        timer.daemon = True
        if silent_seconds:
            timer.start()
        else:
            announce()
        try:
            yield
        except BaseException:
            phase.outcome = "stopped"
            raise
        finally:
            timer.cancel()
            if announced.is_set():
                self.say(f"{phase.name}: {phase.outcome} ({seconds(phase.elapsed_seconds)})")

    @contextmanager
    def _moving(self, phase: Phase, silent_seconds: float) -> Iterator[None]:
        from rich.console import Console as Terminal  # noqa: PLC0415  (only for a terminal)

        terminal = Terminal(file=self._err, highlight=False)
        ended = threading.Event()
        shown = False

        def move() -> None:
            nonlocal shown
            if ended.wait(silent_seconds):
                return
            shown = True
            with terminal.status(_escaped(phase.line()), spinner="line") as status:
                _until(ended, status, phase)

        mover = threading.Thread(target=move, daemon=True)
        mover.start()
        try:
            yield
        except BaseException:
            phase.outcome = "stopped"
            raise
        finally:
            ended.set()
            mover.join()
            if shown:
                terminal.print(_escaped(f"{phase.name}: {phase.outcome} ({seconds(phase.elapsed_seconds)})"))


def columns(rows: Iterable[Sequence[str]], *, indent: str = "  ") -> str:
    """`rows` as lines with aligned columns, two spaces between, none trailing."""
    table = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in table
    )


def _until(ended: threading.Event, status: Status, phase: Phase) -> None:
    while not ended.wait(_TICK_SECONDS):
        status.update(_escaped(phase.line()))


def _escaped(text: str) -> str:
    return text.replace("[", "\\[")
