"""How the catalogue says that new versions replace old ones: the expectation, from the files and not from the objects.

One type per strategy with only its own fields. A service that is rolling, a job or a singleton has none: no Rollout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final, Literal

from blueprint import names
from blueprint.catalogue import Service
from blueprint.catalogue.delivering import Analysis, Header
from blueprint.quantities import seconds
from policies.core.facts import Facts
from policies.mesh.edges import SEEN_REQUESTS

DELAY_SECONDS: Final = 60.0
"""The longest that anybody waits here for the pods of an old version to end; what is longer is read from the
controller's own deadline."""

_PARTS: Final = re.compile(r"\d+(?:ms|s|m|h)")
_DURATION: Final = re.compile(rf"(?:{_PARTS.pattern})+")
"""As Go writes durations (1h0m0s), without fractions."""


@dataclass(frozen=True, kw_only=True)
class CanaryDeclared:
    """A growing share of the requests."""

    strategy: Literal["canary"] = "canary"
    service: str
    namespace: str
    steps: tuple[int | float, ...]
    """In order: a weight in per cent (int), or a pause in seconds (float)."""
    routes: Mapping[str, int]
    """VirtualService whose weights it moves → the port it is for; none without a mesh, or without a port whose
    requests the mesh can tell apart."""
    header: tuple[str, str] | None
    """Requests with it (name, value) reach the new version from the first step."""
    measurements: tuple[str, ...]
    """What takes a version back that measures badly."""

    @property
    def weights(self) -> tuple[int, ...]:
        """What the new version gets in a promotion, from before to after; what is no change counts once."""
        return _distinct((0, *(each for each in self.steps if isinstance(each, int)), 0))

    @property
    def weights_taken_back(self) -> tuple[int, ...]:
        """The same where it is taken back at its first pause."""
        first = takewhile(lambda each: isinstance(each, int), self.steps)
        return _distinct((0, *(int(each) for each in first), 0))

    @property
    def pauses_seconds(self) -> tuple[float, ...]:
        return tuple(each for each in self.steps if isinstance(each, float))

    @property
    def weights_at_pauses(self) -> tuple[int, ...]:
        """What the new version gets at each pause."""
        given, weight = list[int](), 0
        for each in self.steps:
            if isinstance(each, int):
                weight = each
            else:
                given.append(weight)
        return tuple(given)

    @property
    def services(self) -> tuple[str, str]:
        """The Services of the old version and of the new one."""
        return names.stable(self.service), names.canary(self.service)

    @property
    def options(self) -> Mapping[str, Any]:
        """What the sandbox must know to move it (`inside.canary.moments`)."""
        return {"measurements": self.measurements, "pauses": bool(self.pauses_seconds)}


@dataclass(frozen=True, kw_only=True)
class BlueGreenDeclared:
    """All requests at once."""

    strategy: Literal["blueGreen"] = "blueGreen"
    service: str
    namespace: str
    active: str
    """The Service whose version takes the requests."""
    preview: str
    promotes_itself: bool
    delay_seconds: int
    """How long the old version's pods stay after the promotion."""

    @property
    def options(self) -> Mapping[str, Any]:
        """What the sandbox must know to move it (`inside.blue_green.moments`)."""
        waits = self.delay_seconds if self.delay_seconds <= DELAY_SECONDS else None
        return {"active": self.active, "preview": self.preview, "delay_seconds": waits}


Declared = CanaryDeclared | BlueGreenDeclared


def declared(facts: Facts, only: Sequence[str]) -> tuple[Declared, ...]:
    """Every Rollout there ought to be, by service; with `only`, of the services with these names."""
    return tuple(
        found
        for name, service in sorted(facts.service.items())
        if not only or name in only
        for found in _declared(service, facts)
    )


def _declared(service: Service, facts: Facts) -> Iterator[Declared]:
    spec = service.spec
    if spec.schedule is not None or spec.singleton is not None:
        return
    namespace = names.namespace(service.name, None)  # a tenant's copies are not proven
    ports = tuple(spec.service.ports.values()) if spec.service else ()
    seen = [port.port for port in ports if port.app_protocol in SEEN_REQUESTS] if facts.mesh != "none" else []
    if spec.rollout.strategy == "canary":
        canary = spec.rollout.canary
        yield CanaryDeclared(
            service=service.name,
            namespace=namespace,
            steps=tuple(seconds(step.pause) if step.pause else step.set_weight or 0 for step in canary.steps),
            routes={names.weights(service.name, port): port for port in sorted(seen)},
            header=(canary.header.name, canary.header.value) if isinstance(canary.header, Header) and seen else None,
            measurements=canary.analysis.templates if isinstance(canary.analysis, Analysis) and seen else (),
        )
    elif spec.rollout.strategy == "blueGreen":
        led = facts.mesh != "none" and len(seen) == len(ports)
        yield BlueGreenDeclared(
            service=service.name,
            namespace=namespace,
            # docs/decisions/0008-which-service-of-a-blue-green-rollout-is-active.md
            active=names.active(service.name) if led else service.name,
            preview=names.preview(service.name),
            promotes_itself=spec.rollout.blue_green.auto_promotion_enabled,
            delay_seconds=spec.rollout.blue_green.scale_down_delay_seconds,
        )


def pause_seconds(step: Mapping[str, Any]) -> float | None:
    """How long this step of a Rollout pauses; None: until somebody promotes it. 0: nobody can read for how long."""
    duration = step.get("pause", {}).get("duration")
    if duration is None:
        return None
    words = str(duration)
    if words.isdigit():
        return float(words)
    return sum(map(seconds, _PARTS.findall(words))) if _DURATION.fullmatch(words) else 0.0


def _distinct(weights: Sequence[int]) -> tuple[int, ...]:
    return tuple(each for number, each in enumerate(weights) if not number or each != weights[number - 1])
