"""Texts made of references and of what is no secret: connection strings whose passwords come from somewhere else.

The name of such a text is a secret's, and rightly so; what is written is none. Only the forms that clients read are
taken: pairs of a name and a value behind an address or by themselves (.NET, JDBC, libpq, Azure, Redis), and an address
with user and password before its host (URLs, Go's drivers). Whatever has another form keeps the verdict of its name.
"""

import re
from typing import Final

from policies.credentials.names import names_a_secret

MARK: Final = "\x00"
"""Stands for one reference."""

_SEPARATORS: Final = (re.compile(r"[;?&]"), re.compile(r","), re.compile(r"\s+"))
"""What stands between pairs, the surest first: a client that reads the first reads a comma as part of a value."""
_ADDRESS: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.:-]{0,40}//)?[A-Za-z0-9\x00._,:/\[\]()-]{1,2048}")
_SIGNS: Final = frozenset(f"{MARK}.:/")
"""One of them is in an address; a word without any may be anything."""
_LOGIN: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.:-]{0,40}//)?[A-Za-z0-9\x00._-]{0,253}:\x00@")
_PAIR: Final = re.compile(r"\s*[A-Za-z][A-Za-z0-9 ._-]{0,80}?\s*=\s*")


def refers_to_its_secrets(text: str, reference: re.Pattern[str]) -> bool:
    """Whether `text` is such a form, holds a secret, and every secret part of it is one `reference` and no more."""
    marked = reference.sub(MARK, text) if MARK not in text else ""
    login = _LOGIN.match(marked)
    pieces = _pieces(marked[login.end() :] if login else marked)
    if login or "=" not in pieces[0]:
        if not _ADDRESS.fullmatch(pieces[0]) or not (login or _SIGNS & set(pieces[0])):
            return False
        pieces = pieces[1:]
    referred = login is not None
    for piece in pieces:
        pair = _PAIR.match(piece)
        if pair is None:
            return False
        if names_a_secret(pair[0].strip(" =\t")):
            if piece[pair.end() :].strip("\"' \t") != MARK:
                return False
            referred = True
    return referred


def _pieces(marked: str) -> list[str]:
    separator = next((each for each in _SEPARATORS if each.search(marked)), _SEPARATORS[0])
    first, *others = separator.split(marked.strip())
    return [first, *(each for each in others if each.strip())]
