"""What the processes of a sandbox hold of this machine's memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def held_bytes() -> int:
    """What all processes of the sandbox hold (resident); shared pages count for each."""
    return sum(_resident(entry) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def _resident(process: Path) -> int:
    try:
        lines: Iterable[str] = (process / "status").read_text(encoding="utf-8").splitlines()
    except OSError:  # it has ended since
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))
