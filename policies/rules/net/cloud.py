"""What the cloud must do for policies to hold: a network plug-in that enforces them, ranges that do not collide."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.core.rule import CRITICAL, HIGH, STACK, Violation, sorts
from policies.core.world import World
from policies.kubernetes.helm import CHARTS, chart_name
from policies.network.addresses import NOBODY, Space, cidr_at, space
from policies.objects import Object
from policies.objects.json_text import parsed
from policies.objects.values import UndeterminedError, View
from policies.rules.net.group import NET

CLUSTER: Final = "components/cluster.py"
NETWORK: Final = "the module that makes the network"

_ADDON: Final = "aws:eks/addon:Addon"
_EKS: Final = "aws:eks/cluster:Cluster"
_GKE: Final = "gcp:container/cluster:Cluster"
_ENFORCING: Final = frozenset({"calico", "cilium", "tigera-operator"})
"""Charts of plug-ins that enforce NetworkPolicies."""


@NET.stack(
    "eks-netpol-enforced",
    "M/M/M",
    CRITICAL,
    sorts(_ADDON, _EKS, _GKE),
    why="The clouds' plug-ins enforce NetworkPolicies only where it is switched on; without it every pod is open.",
    cure="Set the vpc-cni add-on's configurationValues.enableNetworkPolicy to the text true, or GKE's datapathProvider "
    "to ADVANCED_DATAPATH",
    where=CLUSTER,
    sources=("EKS best practices: network", "CIS-EKS 4.3.1", "CIS-GKE 5.6.7"),
)
def netpol_enforced(thing: Object, world: World) -> Iterator[Violation]:
    yield from _ENFORCERS[thing.type](thing, world)


def _addon(addon: Object, world: World) -> Iterator[Violation]:
    if addon.root["addonName"].text != "vpc-cni" or _has_other(world):
        return
    values = parsed(addon.root["configurationValues"])
    switch = values["enableNetworkPolicy"]
    if switch.value is True:  # the add-on's schema has text here, and refuses anything else
        yield Violation(switch, "is true, where the add-on takes the text")
    elif switch.text != "true":
        yield Violation(switch, f"is {switch.word}" if switch.is_set else "is not set, and the default is off")


def _eks(cluster: Object, world: World) -> Iterator[Violation]:
    """One the stack makes brings its add-on: EKS installs vpc-cni by itself, with policies off."""
    addons = (each for each in world.of(_ADDON) if each.root["addonName"].text == "vpc-cni")
    if not _has_other(world) and not any(_may_be(each.root["clusterName"], cluster.root["name"]) for each in addons):
        yield Violation("name", "has no vpc-cni add-on that enforces NetworkPolicies")


def _may_be(one: View, other: View) -> bool:
    """Whether two names may be the same; what is not known yet may be anything."""
    known = one.is_known and other.is_known and one.is_set and other.is_set
    return not known or one.text == other.text


def _has_other(world: World) -> bool:
    """Whether the run installs another plug-in that enforces: Cilium's chart can switch enforcement off."""
    known = (each for each in world.of(*CHARTS) if each.root["chart"].is_known)
    plugins = [each.root["values"] for each in known if chart_name(each) in _ENFORCING]
    return any(values["policyEnforcementMode"].text != "never" for values in plugins)


def _gke(cluster: Object, _: World) -> Iterator[Violation]:
    if cluster.root["enableAutopilot"].flag:
        return  # Autopilot has no other data path
    if cluster.root["datapathProvider"].text == "ADVANCED_DATAPATH":
        return
    switch, addon = cluster.root.at("networkPolicy", "enabled"), cluster.root.at("addonsConfig", "networkPolicyConfig")
    if not switch.flag:
        yield Violation("datapathProvider", "is not ADVANCED_DATAPATH, and networkPolicy.enabled is not true")
    elif addon["disabled"].flag:
        yield Violation(addon["disabled"], "is true, so nothing enforces networkPolicy")


_ENFORCERS: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    _ADDON: _addon,
    _EKS: _eks,
    _GKE: _gke,
}

_VPC: Final = "aws:ec2/vpc:Vpc"
_SUBNET: Final = "aws:ec2/subnet:Subnet"
_SUBNETWORK: Final = "gcp:compute/subnetwork:Subnetwork"

POD_NODE: Final = 256
"""Addresses GKE sets aside for the pods of one node (a /24, at its default of 110 pods)."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """One range of addresses that a resource takes."""

    object: Object
    at: View
    use: str
    """node, pod or service: what one range is used for; network: what holds the nodes' ranges."""
    network: str
    """Of which network it is part, as far as that is known; "" may be any."""
    held: Space


@NET.stack(
    "net-cidr-overlap",
    "M/M/M",
    HIGH,
    STACK,
    why="Where two ranges share an address, packets to one of the two get lost; where one is full, no pod starts.",
    cure="Give each its own range, large enough for the most pods, nodes and Services",
    where=NETWORK,
    sources=("EKS best practices: network",),
)
def cidr_overlap(_: None, world: World) -> Iterator[Violation]:
    written = list(_ranges(world))
    ranges = [each for each in written if each.at.is_known]
    for one, other in itertools.combinations(ranges, 2):
        apart = one.network and other.network and one.network != other.network
        inside = {one.use, other.use} in ({"network", "node"}, {"network"})
        if not apart and not inside and one.held & other.held:
            yield Violation(other.at, f"overlaps with the {one.use} range of {one.object.title}", on=other.object)
    yield from _large_enough(ranges, world)
    for each in written:
        if not each.at.is_known:
            raise UndeterminedError(each.at.path)


def _ranges(world: World) -> Iterator[Range]:
    for vpc in world.of(_VPC):
        yield from _range(vpc, vpc.root["cidrBlock"], "network", "")
    for subnet in world.of(_SUBNET):
        network = _network(subnet.root["vpcId"])
        yield from _range(subnet, subnet.root["cidrBlock"], "node", network)
    for subnetwork in world.of(_SUBNETWORK):
        network = _network(subnetwork.root["network"])
        yield from _range(subnetwork, subnetwork.root["ipCidrRange"], "node", network)
        for each in subnetwork.root["secondaryIpRanges"]:
            use = "service" if any(word in each["rangeName"].word for word in ("service", "svc")) else "pod"
            yield from _range(subnetwork, each["ipCidrRange"], use, network)
    for cluster in world.of(_EKS):
        yield from _range(cluster, cluster.root.at("kubernetesNetworkConfig", "serviceIpv4Cidr"), "service", "")
    for cluster in world.of(_GKE):
        policy = cluster.root["ipAllocationPolicy"]
        yield from _range(cluster, policy["clusterIpv4CidrBlock"], "pod", "")
        yield from _range(cluster, policy["servicesIpv4CidrBlock"], "service", "")


def _network(written: View) -> str:
    return written.word if written.is_known else ""


def _range(thing: Object, at: View, use: str, network: str) -> Iterator[Range]:
    if not at.is_known:
        yield Range(object=thing, at=at, use=use, network=network, held=NOBODY)
    elif at.word and not at.word.startswith("/"):  # what the cloud picks by itself (not set, `/16`) it picks free
        yield Range(object=thing, at=at, use=use, network=network, held=space([cidr_at(at)]))


def _large_enough(ranges: list[Range], world: World) -> Iterator[Violation]:
    cloud = world.facts.limits.cloud
    # On EKS pods have addresses of the subnets; five of each subnet are the cloud's own (VPC user guide).
    subnets = [each for each in ranges if each.object.type == _SUBNET]
    total = sum(each.held.size - 5 for each in subnets)
    needed = cloud.replicas + cloud.nodes
    if subnets and world.of(_EKS) and total < needed:
        yield Violation(
            subnets[0].at,
            f"and the other subnets hold {total} addresses for {needed} pods and nodes",
            on=subnets[0].object,
        )
    for each in ranges:
        if each.use == "pod" and each.held.size < cloud.nodes * POD_NODE:
            yield Violation(
                each.at, f"holds {each.held.size} addresses for {cloud.nodes} nodes of {POD_NODE}", on=each.object
            )
    addresses = len(world.of("Service"))
    for each in ranges:
        if each.use == "service" and each.held.size < max(addresses, POD_NODE):
            yield Violation(each.at, f"holds {each.held.size} addresses for {addresses} Services", on=each.object)
