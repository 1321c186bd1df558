"""The engine's events, one JSON object per line, reduced to what a person and an exit code need.

The shapes are apitype.EngineEvent of the Pulumi SDK; anything unknown is ignored, so that a newer engine may send
more. Values of resources are never kept: they may hold secrets.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from operations.exits import Exit

_COLOUR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")
_UNTOUCHED = "nothing was touched"
"""How `__main__.py` begins the message about a mistake in a file."""
_NOT_IN_PLACE = frozenset({"delete", "delete-replaced", "discard", "read", "refresh", "remove-pending-replace"})
_CHART = "kubernetes:helm.sh/v4:Chart"
"""In the address of what a chart brings: no manifest of ours, so not part of the total."""
_UNCHANGED = frozenset({"same", "read", "refresh"})


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A resource the cluster or a cloud refused."""

    urn: str
    what: str
    """Kind and name of it, such as `Deployment/order-service`."""
    why: str


@dataclass(kw_only=True)
class Tally:
    """What the events so far say."""

    changes: Mapping[str, int] = field(default_factory=dict)
    """From the engine's own summary: operation -> count, objects and components alike."""
    finished: bool = False
    """The engine has ended by itself, so the state of what it did is written."""
    refused: bool = False
    """A mandatory policy refused something."""
    _failed: list[str] = field(default_factory=list)
    _messages: dict[str, list[str]] = field(default_factory=dict)
    _in_place: set[str] = field(default_factory=set)
    operations: Counter[str] = field(default_factory=Counter)
    """Operations that were carried out on objects, by name."""

    def hear(self, line: str) -> None:
        """Takes one line of the event log."""
        if '"severity":"debug"' in line:
            return
        try:
            event = json.loads(line)
        except ValueError:
            return
        for name, listener in _LISTENERS.items() if isinstance(event, dict) else ():
            if isinstance(said := event.get(name), dict):
                listener(self, said)

    @property
    def done(self) -> int:
        """Manifests that are as they should be, each once: what is replaced or refreshed too is heard of twice.
        Components, providers and what charts bring are not counted."""
        return len(self._in_place)

    @property
    def removed(self) -> int:
        """Objects that were removed for good."""
        return self.operations["delete"]

    @property
    def refreshed(self) -> int:
        """Objects that were compared with the cluster."""
        return self.operations["refresh"]

    @property
    def changed(self) -> int:
        """Objects that were made, changed or removed."""
        return sum(count for name, count in self.operations.items() if name not in _UNCHANGED)

    @property
    def failures(self) -> Sequence[Failure]:
        """The resources that failed, each with the reason given."""
        failed = [*self._failed, *(urn for urn in self._messages if "$kubernetes:" in urn or "::kubernetes:" in urn)]
        return tuple(
            Failure(
                urn=urn, what=_shown(urn), why=" ".join(" ".join(self._messages.get(urn, ["no reason given"])).split())
            )
            for urn in dict.fromkeys(failed)
        )

    @property
    def complaints(self) -> Sequence[str]:
        """Messages about the program as a whole."""
        failed = set(self._failed)
        return tuple(
            text
            for urn, texts in self._messages.items()
            if urn not in failed and "kubernetes:" not in urn
            for text in texts
            if text != "update failed"
        )

    @property
    def code(self) -> Exit:
        """The exit code of a run that did not succeed."""
        if self.refused:
            return Exit.POLICY
        if any(_UNTOUCHED in complaint for complaint in self.complaints):
            return Exit.USAGE
        return Exit.RESOURCE if self.failures else Exit.ERROR

    def _outputs(self, said: Mapping[str, Any]) -> None:
        metadata = said.get("metadata", {})
        if str(metadata.get("type", "")).startswith("kubernetes:"):
            operation, urn = str(metadata.get("op", "")), str(metadata.get("urn", ""))
            self.operations[operation] += 1
            if operation not in _NOT_IN_PLACE and _CHART not in urn:
                self._in_place.add(urn)

    def _op_failed(self, said: Mapping[str, Any]) -> None:
        self._failed.append(str(said.get("metadata", {}).get("urn", "")))

    def _diagnostic(self, said: Mapping[str, Any]) -> None:
        if said.get("severity") == "error" and not said.get("ephemeral"):
            text = _COLOUR.sub("", str(said.get("message", ""))).strip()
            texts = self._messages.setdefault(str(said.get("urn", "")), [])
            if text and text not in texts:
                texts.append(text)

    def _policy(self, said: Mapping[str, Any]) -> None:
        if said.get("enforcementLevel") == "mandatory":
            self.refused = True
            text = " ".join(_COLOUR.sub("", str(said.get("message", ""))).split())
            self._messages.setdefault("", []).append(f"{said.get('policyName', 'policy')}: {text}")

    def _summary(self, said: Mapping[str, Any]) -> None:
        self.changes = dict(sorted(said.get("resourceChanges", {}).items()))
        self.finished = True

    def _cancel(self, _: Mapping[str, Any]) -> None:
        self.finished = True


_LISTENERS = {
    "resOutputsEvent": Tally._outputs,
    "resOpFailedEvent": Tally._op_failed,
    "diagnosticEvent": Tally._diagnostic,
    "policyEvent": Tally._policy,
    "summaryEvent": Tally._summary,
    "cancelEvent": Tally._cancel,
}


def _line(texts: Sequence[str]) -> str:
    return " ".join(" ".join(texts).split())


def _shown(urn: str) -> str:
    """Kind and name of a resource's address."""
    parts = urn.split("::")
    if len(parts) < 4:
        return urn or "the stack"
    kind, name = parts[2].rpartition("$")[2].rpartition(":")[2], "::".join(parts[3:])
    return name if name.startswith(f"{kind}/") else f"{kind} {name}"
