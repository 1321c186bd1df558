"""Where a canary did not do what the catalogue declares, moment by moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from operations.laboratory.deliveries import CanaryDeclared, pause_seconds
from operations.laboratory.delivery_seen import Fault, Seen, State

CANARY: Final = "canary"
"""The subset of the new version, in routes and DestinationRules."""


def _starts(seen: Seen) -> Iterator[Fault]:
    if not seen.moment["reached"]:
        yield seen.stays("Healthy")
        return
    for service in seen.declared.services:
        yield from seen.leads(service, seen.state["stable"], "the only")
    for route in seen.declared.routes:
        if route not in seen.state["routes"]:
            yield seen.thing("VirtualService", route), "does not exist, so nothing splits the requests of its port"


def _promoted(seen: Seen) -> Iterator[Fault]:
    declared: CanaryDeclared = seen.declared
    if not seen.moment["reached"]:
        yield seen.stays(f"Healthy with the new version, after {len(seen.moment['pauses'])} pauses")
        return
    yield from _weights(seen, declared.weights)
    yield from _pauses(seen)
    yield from _weights_at_pauses(seen)
    for pause in seen.moment["pauses"]:
        yield from _header_at_pause(seen, pause)
    yield from _header_gone(seen)
    for service in declared.services:
        yield from seen.leads(service, seen.state["new"], "the new")
    for name in declared.measurements:
        yield from _measured_well(seen, name)


def _taken_back(seen: Seen) -> Iterator[Fault]:
    declared: CanaryDeclared = seen.declared
    if not seen.moment["reached"]:
        yield seen.stays("aborted")
        return
    yield from _weights(seen, declared.weights_taken_back)
    yield from _header_gone(seen)
    yield from seen.leads(declared.services[0], seen.before["state"]["stable"], "the old")


def _failed(seen: Seen) -> Iterator[Fault]:
    name = seen.moment["measurement"]
    if not seen.moment["reached"]:
        yield seen.stays(f"aborted by a bad {name}")
        return
    yield from _taken_back(seen)
    runs = [run for run in seen.state["analyses"] if run["version"] == seen.state["new"]]
    if not any(run["phase"] == "Failed" and run["measured"].get(name, {}).get("failed") for run in runs):
        yield seen.itself, f"was aborted, and no AnalysisRun of the new version has failed by {name}"


def _weights(seen: Seen, wanted: Sequence[int]) -> Iterator[Fault]:
    for route in seen.declared.routes:
        states = seen.moment["routes"].get(route, [])
        had = [each for each in map(_weight, states) if each is not None]
        given = [each for number, each in enumerate(had) if not number or each != had[number - 1]]
        if given != list(wanted):
            thing = seen.thing("VirtualService", route)
            yield thing, f"gave the new version {_percent(given)}; declared is {_percent(wanted)}"


def _weights_at_pauses(seen: Seen) -> Iterator[Fault]:
    """How many pauses there are is another question (`_pauses`)."""
    wanted = seen.declared.weights_at_pauses
    for number, (pause, weight) in enumerate(zip(seen.moment["pauses"], wanted, strict=False), 1):
        for route in seen.declared.routes:
            given = _weight(pause["routes"].get(route, []))
            if given != weight:
                thing = seen.thing("VirtualService", route)
                yield thing, f"gives the new version {given or 0} % at pause {number}; declared is {weight} %"


def _weight(routes: Sequence[Mapping[str, Any]]) -> int | None:
    """Per cent of the requests without the header that reach the new version."""
    ends = [end for route in routes if not _by_header(route) for end in route.get("route", ())]
    return next((end.get("weight", 0) for end in ends if end["destination"].get("subset") == CANARY), None)


def _by_header(route: Mapping[str, Any]) -> bool:
    return any("headers" in match for match in route.get("match", ()))


def _percent(weights: Sequence[int]) -> str:
    return f"{', '.join(map(str, weights)) or 'nothing'} %"


def _pauses(seen: Seen) -> Iterator[Fault]:
    steps = seen.rollout["spec"]["strategy"]["canary"].get("steps", ())
    had = [_at(steps, pause) for pause in seen.moment["pauses"]]
    if had != list(seen.declared.pauses_seconds):
        wanted = ", ".join(f"{each:g} s" for each in seen.declared.pauses_seconds)
        given = ", ".join("until somebody promotes it" if each is None else f"{each:g} s" for each in had)
        yield seen.itself, f"pauses {given or 'never'}; declared is {wanted or 'never'}"


def _at(steps: Sequence[Mapping[str, Any]], pause: State) -> float | None:
    """How long the step pauses at which it was seen; behind the last one nothing says so."""
    return next(map(pause_seconds, steps[pause["step"] :]), None)


def _header_at_pause(seen: Seen, pause: State) -> Iterator[Fault]:
    declared: CanaryDeclared = seen.declared
    for route, port in sorted(declared.routes.items()):
        found = pause["routes"].get(route, [])
        if declared.header is None:
            if any(map(_by_header, found)):
                yield seen.thing("VirtualService", route), "has a route by header; declared is none"
            continue
        name, value = declared.header
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


def _header_gone(seen: Seen) -> Iterator[Fault]:
    for route in seen.declared.routes:
        if any(map(_by_header, seen.state["routes"].get(route, []))):
            yield seen.thing("VirtualService", route), "still has the route by header"


def _measured_well(seen: Seen, name: str) -> Iterator[Fault]:
    version = seen.state["new"]
    runs = [run for run in seen.state["analyses"] if run["version"] == version]
    if not any(run["measured"].get(name, {}).get("successful") for run in runs):
        yield seen.itself, f"went on, and no AnalysisRun of the new version measured {name} well"
    asked = [each for each in seen.all["asked"] if each["template"] == name]
    if not any(version in each["arguments"].values() for each in asked):
        yield seen.thing("AnalysisTemplate", name), f"never asks for the pods of the new version ({version})"


CHECKS: Final[Mapping[str, Callable[[Seen], Iterator[Fault]]]] = {
    "abort": _taken_back,
    "failure": _failed,
    "promotion": _promoted,
    "start": _starts,
}
"""Moment → what is wrong with it. Total over `inside.canary.moments`."""
