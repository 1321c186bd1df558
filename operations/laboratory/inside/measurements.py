"""A server that speaks Prometheus' query API and knows the answer to the analyses' own questions: good, or bad.

No Prometheus runs here, and nothing is counted. What is real is what Argo Rollouts asks, of whom it asks it, and what
it does about the answer.
"""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from operations.embedded.ports import LOOPBACK

_ARGUMENT: Final = re.compile(r"\{\{\s*args\.([\w-]+)\s*\}\}")
"""What Argo Rollouts replaces in a query."""


class Measurements:
    """The questions that may be asked, what was asked, and what is answered."""

    def __init__(self, known: Sequence[Mapping[str, Any]]) -> None:
        """`known`: `namespace`, `template`, `query`, `good` and `bad` of each."""
        self._known = [(_pattern(each["query"]), each) for each in known]
        self._lock = threading.Lock()
        self._bad: set[tuple[str, str]] = set()
        self._asked: dict[tuple[str, str, str], int] = {}

    def serve(self, ports: Sequence[int]) -> None:
        """Answers on `ports` of the loopback address, in threads of its own."""
        for port in sorted(set(ports)):
            server = ThreadingHTTPServer((LOOPBACK, port), _handler(self))
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def turn(self, namespace: str, template: str, *, bad: bool) -> None:
        """From now on the services of `namespace` measure well by `template`, or badly."""
        with self._lock:
            (self._bad.add if bad else self._bad.discard)((namespace, template))

    def asked(self, namespace: str) -> Sequence[Mapping[str, Any]]:
        """What was asked about `namespace`, and how often: `template`, `arguments`, `times`."""
        with self._lock:
            return [
                {"template": template, "arguments": json.loads(arguments), "times": times}
                for (place, template, arguments), times in sorted(self._asked.items())
                if place == namespace
            ]

    def answer(self, query: str) -> float | None:
        """What is measured; None: nobody knows this query."""
        for pattern, known in self._known:
            if found := pattern.fullmatch(query):
                with self._lock:
                    key = (known["namespace"], known["template"], json.dumps(found.groupdict(), sort_keys=True))
                    self._asked[key] = self._asked.get(key, 0) + 1
                    bad = (known["namespace"], known["template"]) in self._bad
                    return float(known["bad" if bad else "good"])
        return None


def _pattern(query: str) -> re.Pattern[str]:
    """`query` with anything for its arguments, the same for one that comes twice."""
    pieces = _ARGUMENT.split(query)
    written, seen = re.escape(pieces[0]), set[str]()
    for name, text in zip(pieces[1::2], pieces[2::2], strict=True):
        group = name.replace("-", "_")
        written += f"(?P={group})" if group in seen else f"(?P<{group}>[A-Za-z0-9-]+)"
        written += re.escape(text)
        seen.add(group)
    return re.compile(written)


def _handler(measurements: Measurements) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """GET and POST of /api/v1/query; the client tries the other where one is refused."""

        def do_GET(self) -> None:
            self._reply(urllib.parse.urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._reply(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
            del format, args

        def _reply(self, form: str) -> None:
            query = urllib.parse.parse_qs(form).get("query", [""])[0]
            known = urllib.parse.urlsplit(self.path).path == "/api/v1/query"
            value = measurements.answer(query) if known else None
            if value is None:
                body: dict[str, Any] = {
                    "status": "error",
                    "errorType": "bad_data",
                    "error": "the laboratory has no such measurement",
                }
            else:
                result = [{"metric": {}, "value": [time.time(), str(value)]}]
                body = {"status": "success", "data": {"resultType": "vector", "result": result}}
            words = json.dumps(body).encode()
            self.send_response(HTTPStatus.OK if value is not None else HTTPStatus.UNPROCESSABLE_ENTITY)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(words)))
            self.end_headers()
            self.wfile.write(words)

    return Handler
