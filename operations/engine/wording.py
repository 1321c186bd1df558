"""How times, sizes and lists are written in messages. Pure text, whatever is measured."""

from __future__ import annotations

from collections.abc import Iterable


def sentence(text: str) -> str:
    """`text` without outer blanks and with exactly one full stop (or ! or ?) at its end."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def duration(seconds: float) -> str:
    """`42 s` below two minutes, `5 min 12 s` above."""
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def size(count_bytes: float) -> str:
    """Decimal units as disks are sold and `df -H` prints: `770 MB`, `1.2 GB`."""
    if count_bytes >= 1e9:
        return f"{count_bytes / 1e9:.1f} GB"
    if count_bytes >= 1e6:
        return f"{count_bytes / 1e6:.0f} MB"
    return f"{count_bytes:.0f} bytes"


def counted(count: int, one: str) -> str:
    """`1 tool`, `2 tools`."""
    return f"{count} {one}{'' if count == 1 else 's'}"


def listing(names: Iterable[str]) -> str:
    """`a, b and c`, in the order given."""
    *head, last = list(names) or ["nothing"]
    return f"{', '.join(head)} and {last}" if head else last


def tail(text: str, *, lines: int) -> str:
    """The last `lines` lines that are not empty, indented by two, for showing a tool's output below a message."""
    kept = [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(f"  {line}" for line in kept)
