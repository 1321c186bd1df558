"""Where a Rollout did not do what the catalogue declares: each a sentence with the object at fault.

A row per strategy and moment. A moment that never came is one sentence; those after it have not been tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from blueprint.quantities import seconds
from operations.laboratory.deliveries import BlueGreenDeclared, CanaryDeclared, Declared

CANARY: Final = "canary"
"""The subset of the new version, in routes and DestinationRules."""
DELAY_TOLERANCE_SECONDS: Final = 10.0
"""By which the end of an old version's pods may be off: the controller looks again after some seconds."""

Moment = Mapping[str, Any]
State = Mapping[str, Any]


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


Fault = tuple[str, str]
"""The object and what is wrong with it."""


def differences(declared: Declared, seen: Mapping[str, Any], rollout: Mapping[str, Any]) -> Iterator[Difference]:
    """What `seen` (of `inside.delivery`) has that `declared` has not, or lacks; `rollout` is the stack's object."""
    checks = _CHECKS[type(declared)]
    before: Moment = {}
    for moment in seen["moments"]:
        name = moment["moment"]
        for thing, what in checks[name](_Seen(declared, moment, before, seen, rollout)):
            yield Difference(service=declared.service, moment=name, thing=thing, what=what)
        before = moment


@dataclass(frozen=True)
class _Seen:
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


def _canary_starts(seen: _Seen) -> Iterator[Fault]:
    if not seen.moment["reached"]:
        yield seen.stays("Healthy")
        return
    for service in seen.declared.services:
        yield from seen.leads(service, seen.state["stable"], "the only")
    for route in seen.declared.routes:
        if route not in seen.state["routes"]:
            yield seen.thing("VirtualService", route), "does not exist, so nothing splits the requests of its port"


def _canary_promoted(seen: _Seen) -> Iterator[Fault]:
    declared: CanaryDeclared = seen.declared
    if not seen.moment["reached"]:
        yield seen.stays(f"Healthy with the new version, after {len(seen.moment['pauses'])} pauses")
        return
    yield from _weights(seen, declared.weights)
    yield from _pauses(seen)
    for pause in seen.moment["pauses"]:
        yield from _header_at_pause(seen, pause)
    yield from _header_gone(seen)
    for service in declared.services:
        yield from seen.leads(service, seen.state["new"], "the new")
    for name in declared.measurements:
        yield from _measured_well(seen, name)


def _canary_taken_back(seen: _Seen) -> Iterator[Fault]:
    declared: CanaryDeclared = seen.declared
    if not seen.moment["reached"]:
        yield seen.stays("aborted")
        return
    yield from _weights(seen, declared.weights_taken_back)
    yield from _header_gone(seen)
    yield from seen.leads(declared.services[0], seen.before["state"]["stable"], "the old")


def _canary_failed(seen: _Seen) -> Iterator[Fault]:
    yield from _canary_taken_back(seen)
    if seen.moment["reached"] and not any(
        run["phase"] == "Failed" and run["version"] == seen.state["new"] for run in seen.state["analyses"]
    ):
        yield seen.itself, "was aborted, and no AnalysisRun of the new version has failed"


def _weights(seen: _Seen, wanted: Sequence[int]) -> Iterator[Fault]:
    for route in seen.declared.routes:
        states = seen.moment["routes"].get(route, [])
        had = [each for each in map(_weight, states) if each is not None]
        given = [each for number, each in enumerate(had) if not number or each != had[number - 1]]
        if given != list(wanted):
            thing = seen.thing("VirtualService", route)
            yield thing, f"gave the new version {_percent(given)}; declared is {_percent(wanted)}"


def _weight(routes: Sequence[Mapping[str, Any]]) -> int | None:
    """Per cent of the requests without the header that reach the new version."""
    ends = [end for route in routes if not _by_header(route) for end in route.get("route", ())]
    return next((end.get("weight", 0) for end in ends if end["destination"].get("subset") == CANARY), None)


def _by_header(route: Mapping[str, Any]) -> bool:
    return any("headers" in match for match in route.get("match", ()))


def _percent(weights: Sequence[int]) -> str:
    return f"{', '.join(map(str, weights)) or 'nothing'} %"


def _pauses(seen: _Seen) -> Iterator[Fault]:
    steps = seen.rollout["spec"]["strategy"]["canary"].get("steps", ())
    had = [_pause_seconds(steps, pause["step"]) for pause in seen.moment["pauses"]]
    if had != list(seen.declared.pauses_seconds):
        wanted = ", ".join(f"{each:g} s" for each in seen.declared.pauses_seconds)
        given = ", ".join("until somebody promotes it" if each is None else f"{each:g} s" for each in had)
        yield seen.itself, f"pauses {given or 'never'}; declared is {wanted or 'never'}"


def _pause_seconds(steps: Sequence[Mapping[str, Any]], number: int) -> float | None:
    duration = steps[number].get("pause", {}).get("duration") if number < len(steps) else None
    return float(duration) if isinstance(duration, int) else seconds(duration) if duration else None


def _header_at_pause(seen: _Seen, pause: State) -> Iterator[Fault]:
    declared: CanaryDeclared = seen.declared
    for route, port in sorted(declared.routes.items()) if declared.header else ():
        name, value = declared.header or ("", "")
        found = pause["routes"].get(route, [])
        wanted = {"match": [{"headers": {name: {"exact": value}}}], "port": port, "subset": CANARY}
        first = found[0] if found else {}
        (end,) = first.get("route", [{}]) if len(first.get("route", ())) == 1 else ({},)
        destination = end.get("destination", {})
        given = {
            "match": first.get("match", []),
            "port": destination.get("port", {}).get("number"),
            "subset": destination.get("subset"),
        }
        if given != wanted:
            thing = seen.thing("VirtualService", route)
            yield thing, f"does not lead requests with {name}: {value} to the new version's port {port}: {given}"


def _header_gone(seen: _Seen) -> Iterator[Fault]:
    for route in seen.declared.routes:
        if any(map(_by_header, seen.state["routes"].get(route, []))):
            yield seen.thing("VirtualService", route), "still has the route by header"


def _measured_well(seen: _Seen, name: str) -> Iterator[Fault]:
    version = seen.state["new"]
    runs = [run for run in seen.state["analyses"] if run["version"] == version]
    if not any(run["measured"].get(name, {}).get("successful") for run in runs):
        yield seen.itself, f"went on, and no AnalysisRun of the new version measured {name} well"
    asked = [each for each in seen.all["asked"] if each["template"] == name]
    if not any(version in each["arguments"].values() for each in asked):
        yield seen.thing("AnalysisTemplate", name), f"never asks for the pods of the new version ({version})"


def _green_starts(seen: _Seen) -> Iterator[Fault]:
    if not seen.moment["reached"]:
        yield seen.stays("Healthy")
        return
    for service in (seen.declared.active, seen.declared.preview):
        yield from seen.leads(service, seen.state["stable"], "the only")


def _green_previewed(seen: _Seen) -> Iterator[Fault]:
    declared: BlueGreenDeclared = seen.declared
    if not seen.moment["reached"]:
        yield seen.stays("waiting with a new version behind the preview Service")
        return
    yield from seen.leads(declared.preview, seen.state["new"], "the new")
    if seen.moment["took_over"] and not declared.promotes_itself:
        said = _said(seen.rollout, "autoPromotionEnabled", "autoPromotionSeconds")
        active = seen.thing("Service", declared.active)
        yield seen.itself, f"({said}) let {active} take the new version by itself; declared is that a person promotes"
    elif declared.promotes_itself and not seen.moment["took_over"]:
        said = _said(seen.rollout, "autoPromotionEnabled")
        yield seen.itself, f"({said}) waits for a person; declared is that the new version takes over by itself"
    elif not declared.promotes_itself:
        versions = seen.moment["services"].get(declared.active, [])
        if list(versions) != [seen.moment["before"]]:
            yield seen.thing("Service", declared.active), f"did not keep the old version: it led to {versions}"


def _green_promoted(seen: _Seen) -> Iterator[Fault]:
    declared: BlueGreenDeclared = seen.declared
    if not seen.moment["reached"]:
        yield seen.stays("promoted")
        return
    for service in (declared.active, declared.preview):
        yield from seen.leads(service, seen.state["new"], "the new")
    old = seen.moment["versions"].get(seen.before["before"], {})
    stays = _until(old["until"]) - seen.moment["led_at"] if old.get("until") else None
    if stays is None or abs(stays - declared.delay_seconds) > DELAY_TOLERANCE_SECONDS:
        given = "at once" if stays is None else f"after {stays:.0f} s"
        yield seen.itself, f"ends the old version's pods {given}; declared is after {declared.delay_seconds} s"
    elif (alone := seen.moment.get("alone_seconds")) is not None and any(
        each["wanted"] for version, each in seen.state["versions"].items() if version != seen.state["new"]
    ):
        yield seen.itself, f"still has pods of the old version after {alone:.0f} s"


def _green_taken_back(seen: _Seen) -> Iterator[Fault]:
    declared: BlueGreenDeclared = seen.declared
    if not seen.moment["reached"]:
        yield seen.stays("aborted")
        return
    old = seen.before["state"]["new"]
    versions = seen.moment["services"].get(declared.active, [])
    if list(versions) != [old]:
        yield seen.thing("Service", declared.active), f"did not keep the old version: it led to {versions}"


def _said(rollout: Mapping[str, Any], *fields: str) -> str:
    strategy = rollout["spec"]["strategy"].get("blueGreen", {})
    return ", ".join(f"{field}: {str(strategy[field]).lower()}" for field in fields if field in strategy) or "no word"


def _until(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


_CHECKS: Final[Mapping[type, Mapping[str, Callable[[_Seen], Iterator[Fault]]]]] = {
    BlueGreenDeclared: {
        "abort": _green_taken_back,
        "preview": _green_previewed,
        "promotion": _green_promoted,
        "start": _green_starts,
    },
    CanaryDeclared: {
        "abort": _canary_taken_back,
        "failure": _canary_failed,
        "promotion": _canary_promoted,
        "start": _canary_starts,
    },
}
"""Strategy → moment → what is wrong with it. Total over `deliveries.Declared` and the moments of `inside`."""
