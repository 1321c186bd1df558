"""What pods run on: nodes in three zones, and never too few or too many away at once."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from policies.core.rule import HIGH, Violation, sorts
from policies.core.world import World
from policies.objects import Object
from policies.objects.readable import readable
from policies.objects.values import View
from policies.rules.av.group import AV, shown

NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
GKE_CLUSTER: Final = "gcp:container/cluster:Cluster"
NODE_POOL: Final = "gcp:container/nodePool:NodePool"
ZONES: Final = 3
"""Zones, so that of three copies of anything two stay."""
AT_ONCE_PERCENT: Final = 34
"""Share of the nodes that may be away for an upgrade: one zone of three."""
ZONAL: Final = re.compile(r".+-[a-z]")
"""A zone of Google's, europe-west1-b; a region has no letter at its end."""


@AV.stack(
    "av-nodes-multi-az",
    "–/M/M",
    HIGH,
    sorts(NODE_GROUP, GKE_CLUSTER, NODE_POOL),
    why="When the one zone all nodes are in goes down, everything goes down, however many pods there were.",
    cure="Put nodes into three zones, keep at least three, and let one zone's share be away at once",
    where="Pulumi.<stack>.yaml: platform:settings.cluster",
    sources=("EKS best practices: reliability",),
)
def nodes_multi_az(thing: Object, world: World) -> Iterator[Violation]:
    """Groups of one cluster count together: one per zone is as good as one over all zones."""
    yield from _KINDS[thing.sort](thing, world)


def _of_node_group(thing: Object, world: World) -> Iterator[Violation]:
    groups = [each for each in world.of(NODE_GROUP) if _cluster(each) == _cluster(thing)]
    subnets, scaling = thing.root["subnetIds"], thing.root["scalingConfig"]
    theirs = [subnet for group in groups for subnet in readable(partial(_subnets, group), _NONE)]
    zones = _zones(theirs, world)
    if _different(theirs) < ZONES:
        yield Violation(subnets, f"has fewer than {ZONES} subnets")
    elif zones is not None and len(zones) < ZONES:
        yield Violation(subnets, f"has subnets in {len(zones)} zones, fewer than {ZONES}")
    least = sum(readable(partial(_least, each), 0.0) for each in groups)
    if least < ZONES:
        yield Violation(scaling["minSize"], f"keeps {shown(least)} nodes of the cluster, fewer than {ZONES}")
    update = thing.root["updateConfig"]
    yield from _bounded(update["maxUnavailable"], update["maxUnavailablePercentage"], scaling["minSize"])


def _cluster(group: Object) -> str:
    # A name that is only known later is the one cluster such a program makes.
    name = group.root["clusterName"]
    return name.word if name.is_known else ""


def _least(group: Object) -> float:
    return group.root.at("scalingConfig", "minSize").number or 0


def _subnets(group: Object) -> tuple[View, ...]:
    return tuple(group.root["subnetIds"])


_NONE: Final[tuple[View, ...]] = ()


def _different(places: Sequence[View]) -> int:
    """How many different ones; each that is not known yet may be another."""
    known = {each.word for each in places if each.is_known}
    return len(known) + sum(1 for each in places if not each.is_known)


def _zones(subnets: Sequence[View], world: World) -> frozenset[str] | None:
    """Zones of the subnets, where the run makes them and their names are known now."""
    by_id = {readable(partial(_id, each), ""): each for each in world.of("aws:ec2/subnet:Subnet")}
    found = [by_id.get(each.value) for each in subnets if isinstance(each.value, str)]
    known = [each for each in found if each]
    if not known or len(known) != len(subnets):
        return None
    return frozenset(each.root["availabilityZone"].word for each in known)


def _id(subnet: Object) -> str:
    return subnet.root["id"].word


def _bounded(number: View, percent: View, least: View) -> Iterator[Violation]:
    """One node at once is what the cloud does by itself."""
    if (percent.number or 0) > AT_ONCE_PERCENT:
        yield Violation(percent, f"is {percent.quantity}, above {AT_ONCE_PERCENT}")
    if (number.number or 0) > max(1, (least.number or 0) * AT_ONCE_PERCENT // 100):
        yield Violation(number, f"is {number.quantity}, more than a zone's share of the nodes")


def _of_gke_cluster(thing: Object, _: World) -> Iterator[Violation]:
    """Its API is where its location says, however many zones the nodes have."""
    yield from _located(thing)
    location = thing.root["location"]
    if not thing.root["nodeLocations"].is_empty and (not location.is_set or ZONAL.fullmatch(location.word)):
        yield Violation(location, f"is {location.word or 'not set'}, no region")


def _located(thing: Object) -> Iterator[Violation]:
    location, others = thing.root["location"], thing.root["nodeLocations"]
    several = _different(tuple(others))
    if several and several < ZONES:
        yield Violation(others, f"has {several} zones, fewer than {ZONES}")
    elif not several and (not location.is_set or ZONAL.fullmatch(location.word)):
        yield Violation(location, f"is {location.word or 'not set'}, no region")


def _of_node_pool(thing: Object, _: World) -> Iterator[Violation]:
    yield from _located(thing)
    scaling, upgrade = thing.root["autoscaling"], thing.root["upgradeSettings"]
    # Counts are per zone, except the total ones.
    per_zone = scaling["minNodeCount"] if scaling.is_set else thing.root["nodeCount"]
    total = scaling["totalMinNodeCount"]
    if total.is_set:
        if (total.number or 0) < ZONES:
            yield Violation(total, f"is {total.quantity}, fewer than {ZONES}")
    elif not (per_zone.number or 0) >= 1:
        yield Violation(per_zone, f"is {per_zone.quantity or 'not set'}, so a zone may have none")
    if (upgrade["maxUnavailable"].number or 0) > 1:
        yield Violation(upgrade["maxUnavailable"], f"is {upgrade['maxUnavailable'].quantity}, above 1")


_KINDS: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    NODE_GROUP: _of_node_group,
    GKE_CLUSTER: _of_gke_cluster,
    NODE_POOL: _of_node_pool,
}
