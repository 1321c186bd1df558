"""The applications of the laboratory: whoever answers behind the proxies, and remembers how often it was asked.

One process holds the sockets of all hosts. HTTP/1.1, HTTP/2 and plain bytes are told apart by how they begin. How an
application behaves is in the request: it may fail, wait, or go on answering. Its answer says which pod it is, and the
path as it arrived.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from operations.laboratory.inside.http2 import PREFACE, Answer, Asked, Connection
from operations.laboratory.inside.links import Link

BEHAVIOUR: Final = "x-laboratory"
"""The header with a JSON object: `id` (counted by it), and of `status`, `grpc`, `wait_seconds`, `stream_seconds` what
is not as usual; with `at`, at that pod alone."""
BY: Final = "x-laboratory-by"
"""The header of every answer of an application: its pod."""
PORT: Final = "x-laboratory-port"
"""The port it was asked on."""
SEEN: Final = "x-laboratory-seen"
"""The path as the application saw it."""
_TLS: Final = b"\x16"
"""How a handshake begins (RFC 8446, ContentType). Nobody finishes it here: that it arrives is what is asked."""
_EVERY_SECONDS: Final = 0.25
"""Between two pieces of a stream."""


class Applications:
    """Everybody who answers."""

    def __init__(self) -> None:
        self._tries: defaultdict[str, list[str]] = defaultdict(list)
        self._counting = threading.Lock()

    def tries(self, number: str) -> list[str]:
        """The pods that were asked the request with this `id`, in order."""
        with self._counting:
            return list(self._tries[number])

    def listen(self, link: Link, pod: str, ports: Iterable[int]) -> None:
        """The host at `link` answers on TCP `ports` as `pod`."""
        for port in ports:
            with link.entered():
                listening = socket.socket()
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listening.bind(("0.0.0.0", port))  # noqa: S104  (of a network namespace nobody else reaches)
                listening.listen(128)
            threading.Thread(target=self._accept, args=(listening, pod, port), daemon=True).start()

    def _accept(self, listening: socket.socket, pod: str, port: int) -> None:
        while True:
            connected, _ = listening.accept()
            threading.Thread(target=self._serve, args=(connected, pod, port), daemon=True).start()

    def _serve(self, connected: socket.socket, pod: str, port: int) -> None:
        with connected, suppress(OSError):
            begins = connected.recv(4, socket.MSG_PEEK)
            if begins.startswith((b"?", _TLS)):
                connected.recv(1 << 16)  # what is left unread turns the end into a reset
                connected.sendall(b"?")
            elif PREFACE.startswith(begins[:4]):
                Connection(connected, lambda asked: self._answer(pod, port, asked)).serve()
            else:
                _handler(lambda asked: self._answer(pod, port, asked))(connected, ("", 0), None)  # type: ignore[arg-type]

    def _answer(self, pod: str, port: int, asked: Asked) -> Answer:
        behaviour: dict[str, Any] = json.loads(asked.headers.get(BEHAVIOUR, "{}"))
        if "id" in behaviour:
            with self._counting:
                self._tries[behaviour["id"]].append(pod)
        if behaviour.get("at", pod) != pod:
            behaviour = {}
        time.sleep(behaviour.get("wait_seconds", 0.0))
        return Answer(
            status=behaviour.get("status", 200),
            headers={BY: pod, PORT: str(port), SEEN: asked.path},
            chunks=_chunks(behaviour.get("stream_seconds", 0.0)),
            grpc_status=behaviour.get("grpc", 0),
        )


def _chunks(seconds: float) -> Iterator[bytes]:
    ends = time.monotonic() + seconds
    yield b"."
    while time.monotonic() < ends:
        time.sleep(_EVERY_SECONDS)
        yield b"."


def _handler(answering: Any) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self.rfile.read(int(self.headers.get("content-length") or 0))
            # The request line itself: `path` has been tidied up.
            path = self.requestline.split(" ")[1]
            answer = answering(Asked(self.command, path, {key.lower(): value for key, value in self.headers.items()}))
            self.send_response(answer.status)
            status = {"grpc-status": str(answer.grpc_status)} if answer.grpc_status else {}
            for name, value in {**answer.headers, **status}.items():
                self.send_header(name, value)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for chunk in answer.chunks if self.command != "HEAD" else ():
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                self.wfile.flush()
            if self.command != "HEAD":
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the standard library's name)
            del format, args

    return Handler
