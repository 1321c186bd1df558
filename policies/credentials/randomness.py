"""Which words of a text look drawn at random and not written. What looks so may be a key, or an id."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from math import log2
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final

_WORD: Final = re.compile(r"[A-Za-z0-9+_-][A-Za-z0-9+/_-]{19,}={0,2}")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_HEX: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_LINKS: Final = ("d/", "d-solo/")
"""How a link to a dashboard of Grafana begins, before its id."""
_DIGESTS: Final = ("sha1:", "sha256:", "sha384:", "sha512:", "md5:", "sha256-", "sha384-", "sha512-")


def words(text: str) -> Iterator[str]:
    """The runs of `text` long enough to be a key, without those that say they are a digest."""
    for match in _WORD.finditer(text):
        before = text[max(0, match.start() - 8) : match.start()].casefold()
        if before.endswith("/") and match[0].startswith(_LINKS):
            continue
        is_host = before.endswith("://") and text[match.end() : match.end() + 1] != "@"
        if not is_host and not before.endswith(_DIGESTS) and not match[0].startswith(_DIGESTS):
            yield from (part for part in _parts(match[0]) if len(part) >= 20 and not _UUID.fullmatch(part))


def _parts(word: str) -> Iterator[str]:
    # A path is not one word; a key in base64 has a slash too, but no short lower-case steps between them.
    pieces = word.split("/")
    yield from pieces if sum(1 for piece in pieces if piece.islower() or not piece) > len(pieces) // 2 else (word,)


_CLASSES: Final = {
    **dict.fromkeys(ascii_lowercase, "a"),
    **dict.fromkeys(ascii_uppercase, "A"),
    **dict.fromkeys(digits, "0"),
}


def is_random(word: str) -> bool:
    """Whether `word`, of 20 characters or more, looks drawn and not written.

    Drawn text has 3.5 bits and more per character and hops between lower case, upper case and digits at every second
    character (drawn from base64, 20 characters: 0.62 of the neighbours, below 0.4 once in fifty); words hop at their
    seams only. What has 4.5 bits (detect-secrets' limit) may hop less. Without capitals a name of dashed words with
    numbers in it looks the same, so there 24 characters must follow each other without a dash.
    """
    kinds = frozenset(kinds_of(word))
    if "0" not in kinds or len(kinds) < 2:
        return False
    if len(kinds) == 2:
        word = max(re.split(r"[-_/+=]", word), key=len)
    bits = -sum(count / len(word) * log2(count / len(word)) for count in Counter(word).values()) if word else 0.0
    if _HEX.fullmatch(word):
        return len(word) >= 32 and bits >= 3.0
    changes = hops(word)
    if len(kinds) == 2:
        return len(word) >= 24 and bits >= 3.5 and changes >= 0.3
    return bits >= 3.5 and changes >= (0.25 if bits >= 4.5 else 0.4)


def kinds_of(word: str) -> list[str]:
    """Of each letter and digit of `word`: whether it is a small letter, a capital or a digit."""
    return [kind for letter in word if (kind := _CLASSES.get(letter))]


def hops(word: str) -> float:
    """The share of neighbours in `word` of which one is a small letter, a capital or a digit, and the other is not."""
    kinds = kinds_of(word)
    changes = sum(1 for one, next_ in pairwise(kinds) if one != next_)
    return changes / max(1, len(kinds) - 1)
