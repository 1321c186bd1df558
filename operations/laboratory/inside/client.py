"""A small client of the sandbox's API server: what a person would do with kubectl, and a watch that misses nothing.

Each request has a connection of its own, so that threads may share a client.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from operations.laboratory.inside.failing import FailedError

Manifest = Mapping[str, Any]

ANSWER_SECONDS: Final = 30.0
SERVED_SECONDS: Final = 30.0
"""How long a kind may take to be served after its definition was created: 0.2 s measured."""
_WATCH_SECONDS: Final = 7200
_POLL_SECONDS: Final = 0.1


class Resource(NamedTuple):
    """Which objects are meant."""

    api_version: str
    name: str


class Client:
    """One API server, asked as its administrator."""

    def __init__(self, kubeconfig: Path) -> None:
        """`kubeconfig` is one that the embedded control plane has written: JSON, with a token."""
        given = json.loads(kubeconfig.read_text(encoding="utf-8"))
        cluster, (user,) = given["clusters"][0]["cluster"], given["users"]
        address = urllib.parse.urlsplit(cluster["server"])
        self._host, self._port = str(address.hostname), address.port
        self._authority = base64.b64decode(cluster["certificate-authority-data"]).decode("ascii")
        self._token = user["user"]["token"]
        self._paths: dict[Resource, tuple[str, bool]] = {}

    def create(self, objects: Iterable[Manifest]) -> None:
        """Creates `objects` in the given order; what is there already stays as it is.

        Raises:
            FailedError: the API server refuses one; the text holds its words.
        """
        for made in objects:
            metadata = made["metadata"]
            kind = Resource(made["apiVersion"], made["kind"])
            status, words = self._ask("POST", self._collection(kind, metadata.get("namespace", "")), made)
            if status >= http.HTTPStatus.BAD_REQUEST and _reason(words) != "AlreadyExists":
                name = f"{metadata.get('namespace', '')}/{metadata['name']}".removeprefix("/")
                raise FailedError(f"the laboratory's API server refuses {made['kind']} {name}: {words.decode()[:500]}")

    def get(self, kind: Resource, namespace: str, name: str) -> Manifest | None:
        """One object; None where there is none."""
        status, words = self._ask("GET", f"{self._collection(kind, namespace)}/{name}")
        return self._found(status, words, kind) if status != http.HTTPStatus.NOT_FOUND else None

    def listed(self, kind: Resource, namespace: str = "") -> Sequence[Manifest]:
        """Every object of `kind`, in one namespace or (empty) in all."""
        items: Sequence[Manifest] = self._found(*self._ask("GET", self._collection(kind, namespace)), kind)["items"]
        return items

    def patch(self, kind: Resource, namespace: str, name: str, change: Manifest, *, subresource: str = "") -> None:
        """Merges `change` into one object (RFC 7386), or into its `subresource`."""
        path = f"{self._collection(kind, namespace)}/{name}{f'/{subresource}' if subresource else ''}"
        self._found(*self._ask("PATCH", path, change), kind)

    def watch(self, kind: Resource, seen: Callable[[Manifest], None], ended: Callable[[str], None]) -> None:
        """Calls `seen`, in a thread of its own, with every object of `kind` there is and with each later state of it.

        The API server sends every state, also those that last for a moment only. When it sends no more, `ended` is
        called, with the reason in words: what comes afterwards is missed.
        """
        path = f"{self._collection(kind, '')}?watch=1&timeoutSeconds={_WATCH_SECONDS}"
        connection = self._connection(timeout_seconds=_WATCH_SECONDS)
        connection.request("GET", path, headers=self._headers("application/json"))
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise FailedError(
                f"the laboratory's API server does not let {kind.name} be watched: {answer.read()[:500]!r}"
            )

        def listen() -> None:
            why = "the API server has closed the connection"
            try:
                for line in answer:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        why = event["object"].get("message", "the API server does not say why")
                        break
                    if event["type"] in ("ADDED", "MODIFIED"):
                        seen(event["object"])
            except (OSError, ValueError, http.client.HTTPException) as error:
                why = str(error)
            finally:
                ended(f"{kind.name}s are watched no longer: {why}")
                connection.close()

        threading.Thread(target=listen, daemon=True).start()

    def _collection(self, kind: Resource, namespace: str) -> str:
        if kind not in self._paths:
            self._paths[kind] = self._looked_up(kind)
        plural, namespaced = self._paths[kind]
        return f"{_root(kind)}{f'/namespaces/{namespace}' if namespaced and namespace else ''}/{plural}"

    def _looked_up(self, kind: Resource) -> tuple[str, bool]:
        """How `kind` is called in paths, and whether it is in namespaces. A new one takes a moment to be served."""
        deadline = time.monotonic() + SERVED_SECONDS
        while time.monotonic() < deadline:
            status, words = self._ask("GET", _root(kind))
            for each in json.loads(words)["resources"] if status == http.HTTPStatus.OK else ():
                if each["kind"] == kind.name and "/" not in each["name"]:
                    return each["name"], each["namespaced"]
            time.sleep(_POLL_SECONDS)
        raise FailedError(f"the laboratory's API server does not serve {kind.name} of {kind.api_version}")

    def _found(self, status: int, words: bytes, kind: Resource) -> Manifest:
        if status >= http.HTTPStatus.BAD_REQUEST:
            raise FailedError(
                f"the laboratory's API server refuses what is asked of {kind.name}: {words.decode()[:500]}"
            )
        found: Manifest = json.loads(words)
        return found

    def _ask(self, method: str, path: str, body: Manifest | None = None) -> tuple[int, bytes]:
        """Status and words of the answer; asked again while the API server says that it will do it in a moment."""
        deadline = time.monotonic() + SERVED_SECONDS
        while True:
            status, words = self._asked(method, path, body)
            if not _in_a_moment(status, words) or time.monotonic() > deadline:
                return status, words
            time.sleep(_POLL_SECONDS)

    def _asked(self, method: str, path: str, body: Manifest | None) -> tuple[int, bytes]:
        connection = self._connection(timeout_seconds=ANSWER_SECONDS)
        try:
            form = "application/merge-patch+json" if method == "PATCH" else "application/json"
            connection.request(method, path, None if body is None else json.dumps(body), self._headers(form))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise FailedError(f"the laboratory's API server does not answer: {error}") from error
        finally:
            connection.close()

    def _connection(self, *, timeout_seconds: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout_seconds, context=self._context)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self._authority)

    def _headers(self, form: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "Content-Type": form}


def _in_a_moment(status: int, words: bytes) -> bool:
    """Whether the same request may succeed: the API server is busy, or somebody wrote at once (a quota's count)."""
    return status == http.HTTPStatus.TOO_MANY_REQUESTS or _reason(words) == "Conflict"


def _reason(words: bytes) -> str:
    """Why the API server refuses, in one word of its own; empty where it does not say."""
    try:
        said = json.loads(words)
    except ValueError:
        return ""
    return str(said.get("reason", "")) if isinstance(said, dict) and said.get("kind") == "Status" else ""


def _root(kind: Resource) -> str:
    return f"/apis/{kind.api_version}" if "/" in kind.api_version else f"/api/{kind.api_version}"
