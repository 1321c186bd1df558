"""The server's side of HTTP/2 over plain text (RFC 9113), for gRPC: what a proxy says to the application beside it.

Not a whole server: answers are small, so flow control never holds them back, and nothing is ever pushed.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO, Final, NamedTuple

from operations.laboratory.inside.hpack import Decoder, encoded

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _CONTINUATION = 0, 1, 3, 4, 6, 9
_END_STREAM, _ACKNOWLEDGED, _END_HEADERS, _PADDED, _WITH_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
_GRPC: Final = "application/grpc"
_EMPTY_MESSAGE: Final = b"\0\0\0\0\0"
"""Of gRPC: not compressed, no bytes."""


class Asked(NamedTuple):
    """One request, of whatever version of HTTP."""

    method: str
    path: str
    """As it came: nothing decoded, nothing merged."""
    headers: dict[str, str]
    """By name in lower case."""


class Answer(NamedTuple):
    """What an application answers."""

    status: int
    headers: dict[str, str]
    chunks: Iterator[bytes]
    """May take its time between two."""
    grpc_status: int


class Connection:
    """One connection of a proxy to its application."""

    def __init__(self, connected: socket.socket, answering: Callable[[Asked], Answer]) -> None:
        self._socket = connected
        self._answering = answering
        self._writing = threading.Lock()
        self._decoder = Decoder()
        self._open: dict[int, Asked] = {}

    def serve(self) -> None:
        """Answers until the other side closes."""
        with self._socket, self._socket.makefile("rb") as incoming, suppress(OSError):
            if incoming.read(len(PREFACE)) == PREFACE:
                self._send(_SETTINGS, 0, 0, b"")
                while self._frame(incoming):
                    pass

    def _frame(self, incoming: BinaryIO) -> bool:
        head = incoming.read(9)
        if len(head) < 9:
            return False
        size, kind, flags, stream = int.from_bytes(head[:3], "big"), head[3], head[4], struct.unpack(">I", head[5:])[0]
        content = incoming.read(size)
        if kind == _SETTINGS and not flags & _ACKNOWLEDGED:
            self._send(_SETTINGS, _ACKNOWLEDGED, 0, b"")
        elif kind == _PING and not flags & _ACKNOWLEDGED:
            self._send(_PING, _ACKNOWLEDGED, 0, content)
        elif kind == _HEADERS:
            self._begin(stream, self._whole(_bare(content, flags), flags, incoming))
        elif kind == _RESET:
            self._open.pop(stream, None)
        if kind in (_DATA, _HEADERS) and flags & _END_STREAM and stream in self._open:
            threading.Thread(target=self._answer, args=(stream, self._open.pop(stream)), daemon=True).start()
        return True

    @staticmethod
    def _whole(block: bytes, flags: int, incoming: BinaryIO) -> bytes:
        """`block` with those that continue it, which nothing may come between."""
        while not flags & _END_HEADERS:
            head = incoming.read(9)
            if len(head) < 9 or head[3] != _CONTINUATION:
                raise OSError("a header block ends in the middle")
            flags = head[4]
            block += incoming.read(int.from_bytes(head[:3], "big"))
        return block

    def _begin(self, stream: int, block: bytes) -> None:
        fields = self._decoder.fields(block)
        if stream not in self._open:  # what comes again are trailers
            headers = {name: value for name, value in fields if not name.startswith(":")}
            named = dict(fields)
            self._open[stream] = Asked(named.get(":method", ""), named.get(":path", ""), headers)

    def _answer(self, stream: int, asked: Asked) -> None:
        answer = self._answering(asked)
        calls = asked.headers.get("content-type", "").startswith(_GRPC)
        headers = {":status": str(answer.status), **({"content-type": _GRPC} if calls else {}), **answer.headers}
        with suppress(OSError):
            if asked.method == "HEAD" or answer.grpc_status:
                # Without a message there is one block of headers, in which a proxy can see gRPC's status and try again.
                status = {"grpc-status": str(answer.grpc_status)} if answer.grpc_status else {}
                self._send(_HEADERS, _END_HEADERS | _END_STREAM, stream, encoded({**headers, **status}.items()))
                return
            self._send(_HEADERS, _END_HEADERS, stream, encoded(headers.items()))
            for chunk in answer.chunks:
                self._send(_DATA, 0, stream, _EMPTY_MESSAGE if calls else chunk)
            if calls:
                self._send(_HEADERS, _END_HEADERS | _END_STREAM, stream, encoded([("grpc-status", "0")]))
            else:
                self._send(_DATA, _END_STREAM, stream, b"")

    def _send(self, kind: int, flags: int, stream: int, content: bytes) -> None:
        with self._writing:
            head = len(content).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream)
            self._socket.sendall(head + content)


def _bare(content: bytes, flags: int) -> bytes:
    """The header block of a HEADERS frame."""
    start, end = 0, len(content)
    if flags & _PADDED:
        start, end = 1, end - content[0]
    return content[start + (5 if flags & _WITH_PRIORITY else 0) : end]
