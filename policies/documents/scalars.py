"""What an unquoted word means to Kubernetes: Go's YAML 1.1, then JSON (sigs.k8s.io/yaml 1.6.0, go.yaml.in/yaml/v2).

Not YAML's own rules and not Python's: `y` and `on` are true, `010` and `0o10` are 8, `1:30` and `2026-01-01` are text,
`1e3` is the integer 1000 once it has passed through JSON, and what fits no number of Go's is text.
"""

import re
from decimal import Decimal
from math import isfinite
from typing import Any, Final

_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_ENDLESS: Final = frozenset(
    {f"{sign}.{word}" for sign in ("", "+", "-") for word in ("inf", "Inf", "INF")} | {".nan", ".NaN", ".NAN"}
)
_NUMERIC: Final = frozenset("+-.0123456789")
_INTEGER: Final = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))")
_BASES: Final = (16, 2, 8, 10)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_POINTED: Final = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
"""A number that begins with its point; only there do underscores have to stand between digits."""
_LONGEST: Final = 1000
"""Characters of a number. Go reads longer ones; no field of Kubernetes counts so far, and reading them takes time."""


class EndlessError(ValueError):
    """Infinity, or no number at all: JSON has no word for it, so nothing can be applied that holds it."""


def resolved(word: str) -> Any:
    """The value of `word`, written without quotes. Raises EndlessError."""
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in _NUMERIC or len(word) > _LONGEST:
        return word
    if word in _ENDLESS:
        raise EndlessError(word)
    plain = word.replace("_", "")
    if word[0] == ".":
        return _number(plain, word) if _POINTED.fullmatch(word) else word
    if match := _INTEGER.fullmatch(plain):
        sign, *digits = match.groups()
        number = next(int(found, base) for found, base in zip(digits, _BASES, strict=True) if found)
        if -(2**63) <= (signed := -number if sign == "-" else number) < 2**63 or (number < 2**64 and not sign):
            return signed
    return _number(plain, word) if _FLOAT.fullmatch(plain) else word


def _number(plain: str, word: str) -> Any:
    number = float(plain)
    if not isfinite(number):
        return word
    if not number.is_integer() or abs(number) >= 2**63:
        return number
    # JSON writes a whole number without its point, in the fewest digits, and so the API server reads an integer.
    return int(Decimal(repr(number)))
