"""Requests asked from hosts, and what came back: an application's answer, a proxy's, or none."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from operations.laboratory.inside.applications import BEHAVIOUR, BY, PORT, SEEN
from operations.laboratory.inside.links import Link

PATIENCE_SECONDS: Final = 10.0
"""How long an answer may take where nothing else is said; one through two proxies takes 3 ms."""
AT_ONCE: Final = 16
"""Requests that wait at one time: what is asked alone takes turns on the processors, what waits does not."""
_UNAVAILABLE: Final = 503
_AGAIN_SECONDS: Final = 1.0
"""A proxy that has just started may not know everybody yet: what it calls unavailable is asked once more."""


def ask_all(
    links: Sequence[Link], questions: Sequence[Mapping[str, Any]], answered: Callable[[], None]
) -> list[Mapping[str, Any]]:
    """The answer to each of `questions`, in their order; `answered` is called after each."""

    def asked(question: Mapping[str, Any]) -> Mapping[str, Any]:
        found = ask(links[question["source"]], question)
        if found["status"] == _UNAVAILABLE and not found["by"] and not question.get("behaviour"):
            time.sleep(_AGAIN_SECONDS)
            found = ask(links[question["source"]], question)
        for _ in range(question.get("times", 1) - 1):
            found = ask(links[question["source"]], question)
        answered()
        return found

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(asked, questions))


def ask(link: Link, question: Mapping[str, Any]) -> Mapping[str, Any]:
    """Asks `question` (`address`, `port`, and for HTTP `host`, `method`, `path`, `headers`, `behaviour`) from `link`.

    The answer has `by`, the pod whose application answered, or nothing; `at`, the port it was asked on; `seen`, the
    path it saw; `status`, `grpc`, `words` and `error` of whoever answered instead; and `seconds`.
    """
    started = time.monotonic()
    found: dict[str, Any] = {"by": "", "at": 0, "seen": "", "status": 0, "grpc": "", "words": "", "error": ""}
    patience = question.get("patience_seconds", PATIENCE_SECONDS)
    try:
        with link.entered():
            connected = socket.socket()
        with connected:
            connected.settimeout(patience)
            connected.connect((question["address"], question["port"]))
            found |= (
                _http(connected, question, started + patience)
                if question.get("method")
                else _bytes(connected, question)
            )
    except TimeoutError:
        found["error"] = "nothing came"
    except (OSError, http.client.HTTPException) as error:
        found["error"] = _words(error)
    return {**found, "seconds": round(time.monotonic() - started, 3)}


def _bytes(connected: socket.socket, question: Mapping[str, Any]) -> Mapping[str, Any]:
    name = question.get("server_name")
    connected.sendall(_client_hello(name) if name else b"?")
    return {"by": "somebody"} if connected.recv(1) == b"?" else {"error": "the connection was closed"}


def _client_hello(name: str) -> bytes:
    """How TLS begins: with whom one wants to speak, in the clear."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    speaking = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname=name)
    with suppress(ssl.SSLWantReadError):
        speaking.do_handshake()
    return outgoing.read()


def _http(connected: socket.socket, question: Mapping[str, Any], deadline: float) -> Mapping[str, Any]:
    connection = http.client.HTTPConnection(question["address"], question["port"])
    connection.sock = connected
    connection.putrequest(question["method"], question["path"], skip_host=True, skip_accept_encoding=True)
    body = b"\0\0\0\0\0" if question["headers"].get("content-type") == "application/grpc" else b""
    headers = {"host": question["host"], "content-length": str(len(body)), **question["headers"]}
    if question.get("behaviour"):
        headers[BEHAVIOUR] = json.dumps(question["behaviour"])
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    read = bytearray()
    ended = ""
    try:
        while piece := answer.read1(4096):
            read += piece
            if time.monotonic() > deadline:
                raise TimeoutError
    except TimeoutError:
        raise
    except (OSError, http.client.HTTPException) as error:
        ended = _words(error)
    return {
        "by": answer.getheader(BY, ""),
        "at": int(answer.getheader(PORT, "0")),
        "seen": answer.getheader(SEEN, ""),
        "status": answer.status,
        "grpc": answer.getheader("grpc-status", ""),
        "words": (answer.getheader("grpc-message") or read[:120].decode("utf-8", "replace")).strip(),
        "error": ended,
    }


def _words(error: Exception) -> str:
    match error:
        case ConnectionResetError() | http.client.RemoteDisconnected():
            return "the connection was closed"
        case ConnectionRefusedError():
            return "the connection was refused"
        case http.client.IncompleteRead():
            return "the answer ended in the middle"
        case _:
            return str(error) or type(error).__name__
