"""Header blocks of HTTP/2 (RFC 7541), as far as an application needs them to see method, path and a header of ours.

Not a whole HPACK: of the static table only the rows with a value that is asked for, and of Huffman's code only what
printable ASCII needs. The code is canonical, so its lengths say everything (RFC 7541, appendix B).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

_STATIC: Final = {
    2: (":method", "GET"),
    3: (":method", "POST"),
    4: (":path", "/"),
    5: (":path", "/index.html"),
    31: ("content-type", ""),
}
"""Index → field; the other rows of the static table are read, and nobody asks for them."""
_STATIC_ROWS: Final = 61
_TABLE_BYTES: Final = 4096
"""Of the dynamic table, by default (RFC 7540, SETTINGS_HEADER_TABLE_SIZE)."""
_ENTRY_BYTES: Final = 32
"""What an entry counts beside its text (RFC 7541, 4.1)."""

_BY_LENGTH: Final = {
    5: "012aceiost",
    6: " %-./3456789=A_bdfghlmnpru",
    7: ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz",
    8: "&*,;XZ",
    10: '!"()?',
    11: "'+|",
    12: "#>",
    13: "\0$@[]~",
    14: "^}",
    15: "<`{",
    19: "\\",
}
"""Bits of a code → what has one of that length, in the order of their numbers."""


def _codes() -> Iterator[tuple[tuple[int, int], str]]:
    code, before = 0, 0
    for length, characters in _BY_LENGTH.items():
        code <<= length - before
        before = length
        for character in characters:
            yield (length, code), character
            code += 1


_CODES: Final = dict(_codes())
"""Length and code → character."""


class Decoder:
    """The fields of the header blocks of one connection, in the order they come."""

    def __init__(self) -> None:
        self._dynamic: list[tuple[str, str]] = []
        self._limit_bytes = _TABLE_BYTES

    def fields(self, block: bytes) -> list[tuple[str, str]]:
        """The fields of one block. Raises IndexError or KeyError where it is not one."""
        found: list[tuple[str, str]] = []
        at = 0
        while at < len(block):
            first = block[at]
            if first & 0x80:
                index, at = _integer(block, at, 7)
                found.append(self._entry(index))
            elif first & 0xE0 == 0x20:
                self._limit_bytes, at = _integer(block, at, 5)
                self._evict()
            else:
                kept = bool(first & 0x40)
                index, at = _integer(block, at, 6 if kept else 4)
                name, at = (self._entry(index)[0], at) if index else _string(block, at)
                value, at = _string(block, at)
                found.append((name, value))
                if kept:
                    self._dynamic.insert(0, (name, value))
                    self._evict()
        return found

    def _entry(self, index: int) -> tuple[str, str]:
        if index <= _STATIC_ROWS:
            return _STATIC.get(index, ("", ""))
        return self._dynamic[index - _STATIC_ROWS - 1]

    def _evict(self) -> None:
        # Names of the static table that are not known here count too short: the table keeps more than it must, and
        # what it keeps too long is at the end, where nobody points.
        while sum(len(name) + len(value) + _ENTRY_BYTES for name, value in self._dynamic) > self._limit_bytes:
            self._dynamic.pop()


def encoded(fields: Iterable[tuple[str, str]]) -> bytes:
    """A block of `fields`, each as it is: nothing indexed, nothing compressed."""
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in fields)


def _text(text: str) -> bytes:
    raw = text.encode("latin-1")
    return _length(len(raw)) + raw


def _length(number: int) -> bytes:
    if number < 0x7F:
        return bytes([number])
    number -= 0x7F
    made = bytearray([0x7F])
    while number >= 0x80:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    """The integer whose first byte has `bits` of it, and where it ends."""
    most = (1 << bits) - 1
    value = block[at] & most
    at += 1
    if value < most:
        return value, at
    shift = 0
    while True:
        byte = block[at]
        at += 1
        value += (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def _string(block: bytes, at: int) -> tuple[str, int]:
    compressed = bool(block[at] & 0x80)
    length, at = _integer(block, at, 7)
    raw = block[at : at + length]
    return (_expanded(raw) if compressed else raw.decode("latin-1")), at + length


def _expanded(raw: bytes) -> str:
    """`raw` without Huffman's code; what is no printable ASCII ends it."""
    found: list[str] = []
    code, length = 0, 0
    for byte in raw:
        for bit in range(7, -1, -1):
            code, length = code << 1 | byte >> bit & 1, length + 1
            character = _CODES.get((length, code))
            if character is not None:
                found.append(character)
                code, length = 0, 0
    return "".join(found)
