"""Requests that are sent somewhere else too, or on another way, than the route says."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from policies.core.rule import HIGH, Violation, sorts
from policies.core.world import World
from policies.mesh.scope import host_in
from policies.objects import Object
from policies.rules.mesh.destinations import traffic_policies
from policies.rules.mesh.group import DESTINATION_RULE, MESH, PLATFORM, VIRTUAL_SERVICE


@MESH.stack(
    "mesh-no-detours",
    "M/M/M",
    HIGH,
    sorts(VIRTUAL_SERVICE, DESTINATION_RULE),
    why="A mirror sends each request, with its token, to somebody no file declares; a tunnel hides where bytes go.",
    cure="Mirror to another version of the host the route is for, and name the host itself instead of a tunnel",
    where=PLATFORM,
    sources=("Istio: HTTPMirrorPolicy, TunnelSettings",),
)
def no_detours(thing: Object, world: World) -> Iterator[Violation]:
    yield from _DETOURS[thing.sort](thing, world)


def _mirrors(thing: Object, world: World) -> Iterator[Violation]:
    for rule in thing.spec["http"]:
        meant = {host_in(world, end["destination"]["host"].word, thing.namespace).name for end in rule["route"]}
        single = [rule["mirror"]] if rule["mirror"].is_set else []
        for end in (*single, *(each["destination"] for each in rule["mirrors"])):
            if host_in(world, end["host"].word, thing.namespace).name not in meant:
                yield Violation(end["host"], "gets a copy of each request, and the route is for another host")


def _tunnels(thing: Object, _: World) -> Iterator[Violation]:
    for policy in traffic_policies(thing.spec):
        if policy["tunnel"].is_set:
            yield Violation(policy["tunnel"], "leads through another host, which alone knows where it ends")


_DETOURS: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    VIRTUAL_SERVICE: _mirrors,
    DESTINATION_RULE: _tunnels,
}
