"""Every state that routes, Services and Rollouts have had, in order: what lasts for a moment only is seen, too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from operations.laboratory.inside.client import Client, Manifest, Resource
from operations.laboratory.inside.failing import FailedError

ROLLOUT: Final = Resource("argoproj.io/v1alpha1", "Rollout")
SERVICE: Final = Resource("v1", "Service")
VIRTUAL_SERVICE: Final = Resource("networking.istio.io/v1", "VirtualService")
HASH: Final = "rollouts-pod-template-hash"
"""The label by which Argo Rollouts tells versions apart."""
QUIET_SECONDS: Final = 1.0
"""Nothing more is to be expected when nothing has been written for so long: the controller answers an event within
50 ms here."""
REST_SECONDS: Final = 10.0
"""How long to wait for that. After an abort it does not come: the controller moves the canary's Service to and fro
until the aborted pods end (https://github.com/argoproj/argo-rollouts/issues/3078)."""
HEARD_SECONDS: Final = 30.0
"""How much longer to wait until what was written by then is heard, which takes milliseconds."""
_POLL_SECONDS: Final = 0.1

Key = tuple[str, str]
"""Kind and name, within one namespace."""


KEPT: Final[Mapping[Resource, Callable[[Manifest], Any]]] = {
    ROLLOUT: lambda seen: seen.get("status", {}).get("phase", ""),
    SERVICE: lambda seen: seen["spec"].get("selector", {}).get(HASH, ""),
    VIRTUAL_SERVICE: lambda seen: seen["spec"].get("http", []),
}
"""What is listened to, and what of it is recorded."""


class Recorder:
    """What was written, as the API server tells it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, dict[Key, list[Any]]] = {}
        self._versions: dict[str, dict[Key, int]] = {}
        self._written: dict[str, float] = {}
        self._ended: list[str] = []

    def begin(self, client: Client) -> None:
        """Listens from now on."""
        for kind, kept in KEPT.items():
            client.watch(kind, partial(self._hear, kept), self._end)

    def alive(self) -> None:
        """Does nothing while everything is heard.

        Raises:
            FailedError: some of it is not, so that nobody knows every state.
        """
        with self._lock:
            if self._ended:
                raise FailedError(f"the laboratory has missed states: {'; '.join(self._ended)}")

    def mark(self, namespace: str) -> Mapping[Key, int]:
        """A place in the record of `namespace`."""
        with self._lock:
            return {key: len(states) for key, states in self._states.get(namespace, {}).items()}

    def since(self, namespace: str, mark: Mapping[Key, int], kind: Resource) -> Mapping[str, Sequence[Any]]:
        """Name → the state at `mark` and every later one, each once where it was written again as it was."""
        with self._lock:
            return {
                name: states[max(mark.get((sort, name), 0) - 1, 0) :]
                for (sort, name), states in sorted(self._states.get(namespace, {}).items())
                if sort == kind.name
            }

    def rest(self, namespace: str, client: Client) -> None:
        """Returns when all that was written is heard and nothing more comes; after `REST_SECONDS` also if more comes.

        Raises:
            FailedError: what was written is not heard.
        """
        started, there = time.monotonic(), dict[Key, int]()
        while (waited := time.monotonic() - started) <= REST_SECONDS + HEARD_SECONDS:
            self.alive()
            if waited <= REST_SECONDS:
                there = _written(namespace, client)
            with self._lock:
                known = self._versions.get(namespace, {})
                heard = all(known.get(key, 0) >= version for key, version in there.items())
                quiet = time.monotonic() - self._written.get(namespace, 0.0) >= QUIET_SECONDS
            if heard and (quiet or waited > REST_SECONDS):
                return
            time.sleep(_POLL_SECONDS)
        raise FailedError(f"the laboratory does not hear of what is written in {namespace}")

    def _end(self, why: str) -> None:
        with self._lock:
            self._ended.append(why)

    def _hear(self, kept: Callable[[Manifest], Any], seen: Manifest) -> None:
        metadata, key, state = seen["metadata"], (seen["kind"], seen["metadata"]["name"]), kept(seen)
        with self._lock:
            states = self._states.setdefault(metadata["namespace"], {}).setdefault(key, [])
            if not states or states[-1] != state:
                states.append(state)
            self._versions.setdefault(metadata["namespace"], {})[key] = int(metadata["resourceVersion"])
            self._written[metadata["namespace"]] = time.monotonic()


def _written(namespace: str, client: Client) -> dict[Key, int]:
    """Kind and name → the number of its newest state; the API server counts upwards."""
    return {
        (kind.name, each["metadata"]["name"]): int(each["metadata"]["resourceVersion"])
        for kind in KEPT
        for each in client.listed(kind, namespace)
    }
