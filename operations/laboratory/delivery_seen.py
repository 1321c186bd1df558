"""One moment of a Rollout, as it was seen in the sandbox, and the sentences that any strategy says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Moment = Mapping[str, Any]
State = Mapping[str, Any]
Fault = tuple[str, str]
"""The object and what is wrong with it."""


@dataclass(frozen=True)
class Seen:
    """One moment, and what it is compared with."""

    declared: Any
    moment: Moment
    before: Moment
    """The moment before it; empty before the first."""
    all: Mapping[str, Any]
    rollout: Mapping[str, Any]

    @property
    def state(self) -> State:
        state: State = self.moment["state"]
        return state

    def thing(self, kind: str, name: str) -> str:
        return f"{kind} {self.declared.namespace}/{name}"

    @property
    def itself(self) -> str:
        return self.thing("Rollout", self.declared.service)

    def stays(self, wanted: str) -> Fault:
        state = self.state
        where = f" at step {state['step']}" if state["step"] is not None and state["phase"] == "Paused" else ""
        words = [state["message"], *(each["refused"] for each in state["versions"].values())]
        why = "".join(f": {each}" for each in words if each)
        return self.itself, f"is {state['phase'] or 'not looked at by its controller'}{where}, not {wanted}{why}"

    def leads(self, service: str, version: str, which: str) -> Iterator[Fault]:
        """Whether `service` selects `version`."""
        if service not in self.state["services"]:
            yield self.thing("Service", service), f"does not exist, and ought to lead to {which} version"
        elif self.state["services"][service] != version:
            yield self.thing("Service", service), f"does not lead to {which} version ({version})"
