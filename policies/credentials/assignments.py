"""Names and values in a text, however its format writes them: on one line, on two, as an element, as a pair of members.

No parser of any format: `password: x` is a name and a value in all of them. Every question is answered in time linear
in the text.
"""

import re
from collections.abc import Iterator
from typing import Final

from policies.credentials.names import lists_secrets, names_a_secret

_PIECES: Final = re.compile(r"[\s,;&?{}\[\]]+")
_ELEMENT: Final = re.compile(r"<([A-Za-z][A-Za-z0-9_.:-]{0,80})(?:\s[^<>]{0,200})?>([^<>]{1,2000})</")
_SIGNS: Final = frozenset({":", "=", ":=", "=>"})
_QUOTES: Final = "\"'"

BLOCKS: Final = frozenset({"", "|", "|-", "|+", ">", ">-", ">+"})
"""What stands where a value is written on the lines below (YAML)."""

DIRECTIVES: Final = frozenset({"masterauth", "passphrase", "passwd", "password", "requirepass"})
"""First words of a line of two that are a name and its value without a sign between them (Redis, netrc)."""


def assignments(text: str) -> Iterator[tuple[str, str]]:
    """Every name in `text` with the value it is given. A placeholder has been taken out before."""
    yield from ((found[1], found[2]) for found in _ELEMENT.finditer(text))
    below, depth, member, listed = "", 0, "", ""
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare.startswith(("#", "//")):
            continue
        indent = len(line) - len(line.lstrip())
        pieces = [piece for piece in _PIECES.split(line) if piece]
        found = [_assignment(piece, pieces[index + 1 : index + 3]) for index, piece in enumerate(pieces)]
        given = [(name, value) for name, value in found if value]
        yield from given
        if below and len(pieces) == 1 and not given and (indent > depth or bare[0] in _QUOTES) and not _opens(bare):
            yield below, bare.strip(" ,;}]")
        if listed and bare.startswith("- ") and len(pieces) == 2 and not given:
            yield listed, pieces[1].strip(_QUOTES)
        elif not bare.startswith("-"):
            listed = _listed(bare)
        if len(pieces) == 2 and pieces[0] in DIRECTIVES and not given:
            yield pieces[0], pieces[1]
        named, member = member, ""
        for name, value in given:
            if name.casefold() in ("key", "name") and names_a_secret(value):
                named = member = value
            elif name.casefold() == "value" and named:
                yield named, value.rstrip("/>").strip(_QUOTES)
        below, depth = "" if _opens(bare) and not bare.endswith(":") else _unfinished(pieces), indent


def _listed(line: str) -> str:
    """The name of the list of secrets that begins below `line` (YAML)."""
    name = line[:-1].strip(_QUOTES) if line.endswith(":") else ""
    return name if name and lists_secrets(name) else ""


def _opens(line: str) -> bool:
    """Whether `line` is no value but the beginning of something that has names of its own, or of a list."""
    return line.startswith("-") or line.endswith((":", "=", "{", "["))


def _unfinished(pieces: list[str]) -> str:
    """The name at the end of a line whose value stands on the next."""
    while pieces and pieces[-1] in BLOCKS:
        pieces = pieces[:-1]
    last = pieces[-1] if pieces else ""
    return last[:-1].strip(_QUOTES) if last.endswith(":") else ""


def _assignment(piece: str, after: list[str]) -> tuple[str, str]:
    # Name and value, which may stand in the pieces after it.
    follows = after[0] if after and (after[0] in _SIGNS or not after[0].endswith(":")) else ""
    cut = min((at for sign in "=:" if (at := piece.find(sign)) > 0), default=0)
    name, value = piece.strip("\"'-"), ""
    if cut and not piece.startswith("://", cut):
        name, value = piece[:cut].strip("\"'-"), piece[cut + 1 :].strip("\"'=:") or follows
    elif follows in _SIGNS:
        value = after[1] if len(after) > 1 else ""
    elif piece.startswith("--") and not follows.startswith("-"):
        value = follows
    return name, value
