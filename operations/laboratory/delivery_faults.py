"""Where a Rollout did not do what the catalogue declares: each a sentence with the object at fault.

A table per strategy, a row per moment. A moment that never came is one sentence; those after it have not been tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from operations.laboratory import blue_green_faults, canary_faults
from operations.laboratory.deliveries import BlueGreenDeclared, CanaryDeclared, Declared
from operations.laboratory.delivery_seen import Fault, Moment, Seen


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that did not happen as declared, or that happened and is not declared."""

    service: str
    moment: str
    thing: str
    """The object at fault: `VirtualService order-service/order-service-8003-weights`."""
    what: str

    def __str__(self) -> str:
        return f"{self.service}, {self.moment}: {self.thing} {self.what}"

    def record(self) -> Mapping[str, str]:
        """For `--json`."""
        return {"service": self.service, "moment": self.moment, "object": self.thing, "what": self.what}


def differences(declared: Declared, seen: Mapping[str, Any], rollout: Mapping[str, Any]) -> Iterator[Difference]:
    """What `seen` (of `inside.delivery`) has that `declared` has not, or lacks; `rollout` is the stack's object."""
    checks = _CHECKS[type(declared)]
    before: Moment = {}
    for moment in seen["moments"]:
        name = moment["moment"]
        for thing, what in checks[name](Seen(declared, moment, before, seen, rollout)):
            yield Difference(service=declared.service, moment=name, thing=thing, what=what)
        before = moment


_CHECKS: Final[Mapping[type, Mapping[str, Callable[[Seen], Iterator[Fault]]]]] = {
    BlueGreenDeclared: blue_green_faults.CHECKS,
    CanaryDeclared: canary_faults.CHECKS,
}
"""Strategy → moment → what is wrong with it. Total over `deliveries.Declared`."""
