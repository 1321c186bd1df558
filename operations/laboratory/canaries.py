"""The scene of canaries: a second version beside the first, routed as Argo Rollouts would have written it.

Its controller is not here (the part `delivery` runs it): what it writes into VirtualServices and DestinationRules is
written by its rules, from the Rollout's own words. One route by header goes before the others of each VirtualService;
it has no port in its match, and leads to the port of the first route that is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from blueprint.catalogue.delivering import Header
from operations.laboratory.copies import Copied, Manifest
from operations.laboratory.inside.recorded import HASH
from operations.laboratory.members import NEWER, Member, Members
from operations.laboratory.questions import Answer, Answered, Question, said
from operations.laboratory.scenes import Scene, endpoints_of, first_asks
from operations.laboratory.wire import Wire
from policies.core.facts import Facts

HEADER: Final = "canaries by header"
WEIGHT: Final = "canaries by weight"
WEIGHT_PERCENT: Final = 50
TIMES: Final = 64
_LEAST: Final = 16
"""Of 64 requests at 50 % the share is 32 with a deviation of 4: fewer than 16 for either is once in 15,000. A request
that is tried again comes to a pod twice, so there may be more than 64."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ByHeader(Answered):
    """The header leads to the second version, on the port that was asked."""

    second: Member

    def wrong(self, answer: Answer) -> str:
        if answer["by"] and answer["by"] != self.second.name:
            return f"has the header of the canary, and is answered by {answer['by']}"
        if not answer["by"]:
            return f"has the header of the canary, and is refused ({said(answer)})"
        if answer["at"] != self.target_port:
            return f"has the header of the canary, and arrives on port {answer['at']}"
        return ""


@dataclass(frozen=True, kw_only=True, eq=False)
class ByWeight(Question):
    """Both versions get their share."""

    second: Member

    def wrong(self, answer: Answer) -> str:
        found, total = answer["tries"].count(self.second.name), len(answer["tries"])
        if total >= self.times and _LEAST <= found <= total - _LEAST:
            return ""
        return f"is answered by the canary {found} times of {total}, at a weight of {WEIGHT_PERCENT} %"


class Canaries:
    """Every canary of the members at once."""

    def __init__(self, members: Members, facts: Facts, copied: Copied, wire: Wire) -> None:
        self._members, self._facts, self._copied, self._wire = members, facts, copied, wire

    def scenes(self) -> Iterator[Scene]:
        """One scene; none where no service is a canary whose weights the mesh sets."""
        rollouts = dict(self._rollouts())
        if rollouts:
            written = {name: list(self._written(rollout)) for name, rollout in rollouts.items()}
            yield Scene(
                created=[
                    each for name in rollouts for each in endpoints_of(self._members.seconds[name], name, self._copied)
                ],
                replaced=[each for several in written.values() for each in several],
                questions=[question for name in rollouts for question in self._questions(name, written[name])],
            )

    def _rollouts(self) -> Iterator[tuple[str, Manifest]]:
        for rollout in routed(self._copied):
            if (name := rollout["metadata"]["name"]) in self._members.seconds:
                yield name, rollout

    def _written(self, rollout: Manifest) -> Iterator[Manifest]:
        """The objects as the controller leaves them: the header's route, the weights, the versions' labels."""
        routing, namespace = _routing(rollout), rollout["metadata"]["namespace"]
        first = self._members.services[rollout["metadata"]["name"]]
        assert first.pod is not None, "a service's member is a pod"  # noqa: S101
        older = first.pod["metadata"]["labels"][HASH]
        rule = routing["destinationRule"]
        stable, canary = rule["stableSubsetName"], rule["canarySubsetName"]
        for each in self._copied.of("DestinationRule"):
            if (each["metadata"]["namespace"], each["metadata"]["name"]) == (namespace, rule["name"]):
                yield _labelled(each, {stable: older, canary: NEWER})
        named = routing.get("virtualServices") or [routing["virtualService"]]
        routes = {each["name"]: each.get("routes") for each in named}
        for each in self._copied.of("VirtualService"):
            if each["metadata"]["namespace"] == namespace and each["metadata"]["name"] in routes:
                header = self._facts.service[first.name].spec.rollout.canary.header
                match = {header.name: {"exact": header.value}} if isinstance(header, Header) else None
                yield _routed(each, routes[each["metadata"]["name"]], match, stable, canary)

    def _questions(self, name: str, written: Sequence[Manifest]) -> Iterator[Question]:
        target, second = self._members.services[name], self._members.seconds[name]
        header = self._facts.service[name].spec.rollout.canary.header
        for fields in first_asks(target, self._members, self._wire):
            if isinstance(header, Header):
                headers = {**fields["headers"], header.name: header.value}
                suspects = tuple(_astray(written, fields["port"]))
                yield ByHeader(about=HEADER, second=second, suspects=suspects, **{**fields, "headers": headers})
            number = f"weight/{fields['source'].name}/{name}/{fields['port']}"
            yield ByWeight(about=WEIGHT, second=second, times=TIMES, behaviour={"id": number}, **fields)


def routed(copied: Copied) -> list[Manifest]:
    """The Rollouts of services whose weights the mesh sets."""
    return [
        each
        for each in copied.of("Rollout")
        if each["metadata"]["name"] == each["metadata"]["namespace"] and _routing(each)
    ]


def _astray(written: Sequence[Manifest], port: int) -> Iterator[str]:
    """The VirtualServices that have a route for `port`, and whose route by header leads to another one."""
    for each in written:
        routes = each["spec"].get("http") or [{}]
        leads = [end["destination"]["port"]["number"] for end in routes[0].get("route", ()) if len(routes) > 1]
        ports = {match["port"] for route in routes[1:] for match in route.get("match", ()) if "port" in match}
        if port in ports and leads and leads != [port]:
            where = f"{each['metadata']['namespace']}/{each['metadata']['name']}"
            yield f"VirtualService {where} leads the header to port {leads[0]}, whatever port is asked"


def _routing(rollout: Manifest) -> Mapping[str, Any]:
    """How Istio routes between its versions; empty where it does not."""
    strategy = rollout["spec"].get("strategy", {}).get("canary") or {}
    routing: Mapping[str, Any] = (strategy.get("trafficRouting") or {}).get("istio") or {}
    return routing if routing.get("destinationRule") else {}


def _labelled(rule: Manifest, hashes: Mapping[str, str]) -> Manifest:
    subsets = [
        {**each, "labels": {**each.get("labels", {}), HASH: hashes[each["name"]]}} if each["name"] in hashes else each
        for each in rule["spec"]["subsets"]
    ]
    return {**rule, "spec": {**rule["spec"], "subsets": subsets}}


def _routed(
    service: Manifest, routes: list[str] | None, header: Mapping[str, Any] | None, stable: str, canary: str
) -> Manifest:
    http = [
        _weighted(each, stable, canary) if not routes or each.get("name") in routes else each for each in _http(service)
    ]
    if header:
        first = next(end["destination"] for each in http for end in each["route"] if "port" in end["destination"])
        destination = {"host": first["host"], "subset": canary, "port": first["port"]}
        http = [{"name": "by-header", "match": [{"headers": header}], "route": [{"destination": destination}]}, *http]
    return {**service, "spec": {**service["spec"], "http": http}}


def _http(service: Manifest) -> list[Mapping[str, Any]]:
    """The routes without one by header that a rollout under way has written."""
    return [
        each
        for each in service["spec"]["http"]
        if not any("headers" in match for match in each.get("match", ())) and "route" in each
    ]


def _weighted(route: Mapping[str, Any], stable: str, canary: str) -> Mapping[str, Any]:
    weights = {stable: 100 - WEIGHT_PERCENT, canary: WEIGHT_PERCENT}
    ends = [
        {**end, "weight": weights[end["destination"]["subset"]]} if end["destination"].get("subset") in weights else end
        for end in route["route"]
    ]
    return {**route, "route": ends}
