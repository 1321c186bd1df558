"""Connections tried, and those who answer: TCP by the handshake, UDP by an echo. One process, one loop.

Three answers: it connects; it is refused (an ICMP message, a reset); nothing comes. Where nothing comes it is asked
again and waited for longer, because a busy machine loses packets too, and only then counts as not reached.
"""

from __future__ import annotations

import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final, NamedTuple

from operations.laboratory.inside.links import Link

AT_ONCE: Final = 256
"""Attempts that wait at one time; far below the 1024 files a process may have open by default."""
PATIENCE_SECONDS: Final = (0.5, 3.0)
"""For the first attempt and the second. A handshake between two namespaces takes 0.1 ms; TCP repeats its first packet
after one second (RFC 6298)."""
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: close by a reset, which leaves no port behind in TIME_WAIT


class Ask(NamedTuple):
    """One connection to try."""

    source: int
    """Index of a link."""
    target: int
    protocol: str
    """TCP or UDP."""
    port: int


class Exchange:
    """The sockets of all hosts."""

    def __init__(self, links: Sequence[Link]) -> None:
        self._links = links
        self._selector = selectors.DefaultSelector()

    def answer(self, ports: Mapping[int, Iterable[tuple[str, int]]]) -> None:
        """The host of each index accepts connections, and echoes datagrams, on these (protocol, port)."""
        for host, served in ports.items():
            with self._links[host].entered():
                for protocol, port in served:
                    opened = socket.socket(socket.AF_INET, _TYPES[protocol])
                    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    opened.setblocking(False)
                    opened.bind(("0.0.0.0", port))  # noqa: S104  (of a network namespace nobody else reaches)
                    if protocol == "TCP":
                        opened.listen(AT_ONCE)
                    self._selector.register(opened, selectors.EVENT_READ, _ANSWERS[protocol])

    def reached(self, asks: Iterable[Ask], counted: Callable[[], None]) -> set[Ask]:
        """Those of `asks` that connect; `counted` is called once for each that has its answer."""
        found, silent = self._round(asks, PATIENCE_SECONDS[0], counted)
        again, _ = self._round(silent, PATIENCE_SECONDS[1], lambda: None)
        return found | again

    def _round(
        self, asks: Iterable[Ask], patience_seconds: float, counted: Callable[[], None]
    ) -> tuple[set[Ask], list[Ask]]:
        """Those that connect, and those nothing came back for."""
        left = iter(asks)
        waiting: dict[_Attempt, float] = {}
        found: set[Ask] = set()
        silent: list[Ask] = []
        while True:
            for ask in islice(left, AT_ONCE - len(waiting)):
                with self._links[ask.source].entered():
                    attempt = _Attempt(ask, self._links[ask.target].address)
                waiting[attempt] = time.monotonic() + patience_seconds
                self._selector.register(attempt.socket, attempt.event, attempt)
            if not waiting:
                return found, silent
            for key, _ in self._selector.select(timeout=min(waiting.values()) - time.monotonic()):
                if not isinstance(key.data, _Attempt):
                    key.data(key.fileobj)
                else:
                    counted()
                    if self._end(key.data, waiting).connects():
                        found.add(key.data.ask)
            now = time.monotonic()
            for attempt in [each for each, deadline in waiting.items() if deadline <= now]:
                self._end(attempt, waiting).close()
                silent.append(attempt.ask)
                counted()

    def _end(self, attempt: _Attempt, waiting: dict[_Attempt, float]) -> _Attempt:
        del waiting[attempt]
        self._selector.unregister(attempt.socket)
        return attempt


class _Attempt:
    """One connection that waits for its answer."""

    def __init__(self, ask: Ask, address: str) -> None:
        self.ask = ask
        self.socket = socket.socket(socket.AF_INET, _TYPES[ask.protocol])
        self.socket.setblocking(False)
        self.event = selectors.EVENT_WRITE if ask.protocol == "TCP" else selectors.EVENT_READ
        self.socket.connect_ex((address, ask.port))
        if ask.protocol == "UDP":
            with suppress(OSError):  # an answer of its own, which `connects` reads
                self.socket.send(b"?")

    def connects(self) -> bool:
        """What the answer was; the attempt is over."""
        try:
            if self.ask.protocol == "UDP":
                return self.socket.recv(1) == b"?"
            self.socket.getpeername()  # fails while there is no connection, whatever the reason
            return True
        except OSError:
            return False
        finally:
            self.close()

    def close(self) -> None:
        if self.ask.protocol == "TCP":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.socket.close()


def _accept(listening: socket.socket) -> None:
    try:
        listening.accept()[0].close()
    except OSError:  # the other side has given up meanwhile
        return


def _echo(listening: socket.socket) -> None:
    try:
        datagram, sender = listening.recvfrom(1)
        listening.sendto(datagram, sender)
    except OSError:  # a refusal of an earlier echo
        return


_TYPES: Final = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}
_ANSWERS: Final[Mapping[str, Callable[[socket.socket], None]]] = {"TCP": _accept, "UDP": _echo}
