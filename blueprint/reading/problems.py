"""How a mistake is reported: file, line, field, cause and cure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One mistake in one place. Prints as `file:line: field: cause. Cure.`, on one line whatever was written."""

    file: str
    """The file as the caller named it."""
    line: int
    """Line, from 1."""
    field: str
    """YAML path, such as spec.containers.main.image; empty for the whole file."""
    cause: str
    """What is wrong, and what would follow, without a full stop."""
    cure: str
    """What to write instead, or what would be valid, without a full stop; a question has its question mark."""

    def __str__(self) -> str:
        said = f"{self.file}:{self.line}: {f'{self.field}: ' if self.field else ''}{self.cause}. {ended(self.cure)}"
        return printable(said)

    def record(self) -> Mapping[str, str | int]:
        """For `--json`: the five fields by name."""
        return {"file": self.file, "line": self.line, "field": self.field, "cause": self.cause, "cure": self.cure}


class TextError(ValueError):
    """What was written cannot be used. Carries every reason of the run, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def printable(text: str) -> str:
    """`text` on one line, with a number for every character that nobody sees or that moves a terminal's cursor."""
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)


def ended(cure: str) -> str:
    """`cure` as a sentence: with a full stop, unless it is a question."""
    return cure if cure.endswith("?") else f"{cure}."


@lru_cache(maxsize=256)
def _nearest(wrong: str, names: tuple[str, ...]) -> list[str]:
    """Remembered: one misspelt name is often asked by a thousand services, in every environment."""
    return get_close_matches(wrong, names, n=1)


def valid(wrong: str, known: Iterable[str], what: str = "Known") -> str:
    """The cure for a `wrong` word: a question with the nearest of `known`, or all of them (at most twelve)."""
    names = tuple(sorted(set(known)))
    near = _nearest(wrong, names)
    if near:
        return f"Did you mean '{near[0]}'?"
    if not names:
        return f"{what}: none"
    listed = ", ".join(names[:12])
    return f"{what}: {listed}" + (f" and {len(names) - 12} more" if len(names) > 12 else "")
