"""The name server of a sandbox: it knows the names it is given, and says at once that there are no others.

A proxy waits for a name server that does not answer, and is not ready for a minute.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from operations.laboratory.inside.links import NODE_ADDRESS

_PORT: Final = 53
_HEAD: Final = struct.Struct(">HHHHHH")  # RFC 1035, 4.1.1
_A: Final = 1
_KNOWN, _UNKNOWN = 0x8580, 0x8583  # an answer of authority, and one that there is no such name
_SAME_NAME: Final = b"\xc0\x0c"  # a pointer to the question (RFC 1035, 4.1.4)
_LIVES_SECONDS: Final = 60


def serve(names: Mapping[str, str], folder: Path) -> None:
    """Answers for `names` (name → IPv4 address), and makes this the name server of every program in the sandbox, which
    has mounts of its own."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind((NODE_ADDRESS, _PORT))
    threading.Thread(target=_answer, args=(listening, dict(names)), daemon=True).start()
    settings = folder / "resolv.conf"
    settings.write_text(f"nameserver {NODE_ADDRESS}\n", encoding="ascii")
    subprocess.run(["mount", "--bind", str(settings), "/etc/resolv.conf"], check=True, capture_output=True)


def _answer(listening: socket.socket, names: Mapping[str, str]) -> None:
    while True:
        asked, sender = listening.recvfrom(512)
        listening.sendto(answer(asked, names), sender)


def answer(asked: bytes, names: Mapping[str, str]) -> bytes:
    """The answer to one question of DNS."""
    number = _HEAD.unpack_from(asked)[0]
    name, end = _name(asked)
    question = asked[_HEAD.size : end + 4]
    kind = struct.unpack_from(">H", asked, end)[0]
    address = names.get(name)
    if address is None or kind != _A:
        return _HEAD.pack(number, _UNKNOWN if address is None else _KNOWN, 1, 0, 0, 0) + question
    record = struct.pack(">HHIH", _A, 1, _LIVES_SECONDS, 4) + socket.inet_aton(address)
    return _HEAD.pack(number, _KNOWN, 1, 1, 0, 0) + question + _SAME_NAME + record


def _name(asked: bytes) -> tuple[str, int]:
    """The name that is asked for, and where it ends."""
    labels, at = [], _HEAD.size
    while length := asked[at]:
        labels.append(asked[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    return ".".join(labels).lower(), at + 1
