"""JSON, where a text is JSON throughout: YAML knows no surrogate pairs, and breaks lines where JSON does not.

Whatever is not sound JSON within all limits is left to YAML, of which JSON is nearly a part, and which says what is
wrong and on which line.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from policies.documents.budget import CHARACTERS, MAX_DEPTH, Budget
from policies.documents.scalars import resolved

_SIGN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)
"""Texts whole, and whatever begins, ends or goes on with a value. Possessive: nothing is ever read twice."""
_SPACE: Final = re.compile(r"[ \t\r\n]*+")


class _NotJsonError(ValueError):
    """It is something else, or YAML says better what is wrong."""


def json_documents(text: str, budget: Budget) -> Sequence[tuple[int, Any]] | None:
    """Line and value of each JSON value of `text`, or None where it is not sound JSON of a sane depth.

    Raises RefusedError where it is too much of anything.
    """
    at = _after_space(text, 3 if text.startswith("---") else 0)
    if text[at : at + 1] not in ("{", "["):
        return None
    weight = _weight(text, budget.left)
    if weight is None:
        return None
    if weight > budget.left:
        budget.spend(weight, 1)
    found: list[tuple[int, Any]] = []
    line, counted = 1, 0
    try:
        while at < len(text):
            if text[at] not in "{[":
                return None
            line, counted = line + text.count("\n", counted, at), at
            value, end = _DECODER.raw_decode(text, at)
            found.append((line, value))
            at = _after_space(text, end)
    except ValueError:
        return None
    budget.spend(weight, 1)
    return found


def _weight(text: str, enough: int) -> int | None:
    """What the values of `text` weigh at most; None where they are too deep, or hold half a character.

    Beyond `enough` it no longer counts.
    """
    depth, weight = 0, 1
    for match in _SIGN.finditer(text):
        if weight > enough:
            break
        sign = match.group()
        if len(sign) > 1:
            if "\\u" in sign and _is_torn(sign):
                return None
            weight += len(sign) // CHARACTERS
            continue
        weight += sign not in "]}"
        depth += (sign in "[{") - (sign in "]}")
        if depth > MAX_DEPTH:
            return None
    return weight


def _is_torn(written: str) -> bool:
    """Whether a text holds one half of a surrogate pair."""
    try:
        json.loads(written).encode("utf-8")
    except ValueError:
        return True
    return False


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that has each key once. Raises ValueError."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _NotJsonError("a key twice")
    return made


def no_word(word: str) -> NoReturn:
    """NaN and Infinity are no JSON. Raises ValueError."""
    raise _NotJsonError(f"{word} is JavaScript's")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=once, parse_float=resolved, parse_int=resolved, parse_constant=no_word
)
