"""Kubernetes quantities: `250m`, `1.5Gi`, `1e3`. Exact, because a limit that is rounded is another limit.

The grammar is that of `k8s.io/apimachinery/pkg/api/resource`: a signed decimal number and a suffix, binary (Ki to Ei),
decimal (n, u, m, k to E) or an exponent. `1E` is an exa, `1E3` a thousand, `1K` nothing.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

LONGEST: Final = 64
"""Characters of a quantity that is read: ten times the longest one in use, and short enough to parse at once."""
LARGEST_EXPONENT: Final = 30
"""Exa is 18. Beyond, the API server caps the value, so it cannot be meant."""

_GRAMMAR: Final = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:(?P<suffix>[numkMGTPE]|[KMGTPE]i)|[eE](?P<exponent>[+-]?[0-9]{1,4}))?"
)
_SUFFIXES: Final = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    **{letter: Fraction(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{f"{letter}i": Fraction(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}


@lru_cache(maxsize=4096)
def parse(text: str | None) -> Fraction | None:
    """`text` as an exact number, or None where it is no quantity. Bytes of memory, cores of CPU."""
    found = _GRAMMAR.fullmatch(text) if text is not None and len(text) <= LONGEST else None
    if found is None:
        return None
    exponent = int(found["exponent"] or 0)
    if abs(exponent) > LARGEST_EXPONENT:
        return None
    return Fraction(found["number"]) * _SUFFIXES.get(found["suffix"], Fraction(1)) * Fraction(10) ** exponent


def spelled(amount: Fraction, what: str) -> str:
    """`amount` of `what` for people: CPU in thousandths of a core, memory and disk in Mi, anything else as it is.

    Rounded up: what is said to be needed is enough.
    """
    if what == "cpu":
        return f"{_up(amount * 1000)}m"
    if what in ("memory", "ephemeral-storage"):
        return f"{_up(amount / 1024**2)}Mi"
    return str(_up(amount))


MOST: Final = 1_000_000
"""What a count is read as at most: more pods than any cluster has, and nothing to compute on."""


def count(number: float | None, default: int) -> int:
    """A count of pods or nodes. What is no finite number counts as the most, since no smaller one is certain."""
    return default if number is None else int(max(0, min(MOST, number)))


def _up(amount: Fraction) -> int:
    return -(-amount.numerator // amount.denominator)
