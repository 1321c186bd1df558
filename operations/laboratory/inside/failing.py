"""How something inside the sandbox says that the laboratory itself does not work."""

from __future__ import annotations

from pathlib import Path


class FailedError(Exception):
    """The laboratory cannot observe anything; the text says why."""


def last_words(log: Path, *, lines: int = 8) -> str:
    """The end of a log, for an error; empty where there is none."""
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
