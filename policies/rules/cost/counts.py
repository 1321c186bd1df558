"""How many, summed over the whole stack, and how long an ephemeral one may stand."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from blueprint.quantities import seconds
from policies.cloud.capacity import zones
from policies.cloud.wants import places, spelled
from policies.core.rule import HIGH, MEDIUM, STACK, Violation
from policies.core.world import World
from policies.objects import Object
from policies.rules.cost.group import COST, LIMITS

ADDRESSES: Final = ("gcp:compute/address:Address", "gcp:compute/globalAddress:GlobalAddress")
SEVERAL: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "aws:rds/instance:Instance": ("multiAz", ("true",)),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("multiAzEnabled", ("true",)),
    "aws:mq/broker:Broker": ("deploymentMode", ("CLUSTER_MULTI_AZ", "ACTIVE_STANDBY_MULTI_AZ")),
    "aws:opensearch/domain:Domain": ("clusterConfig.zoneAwarenessEnabled", ("true",)),
    "gcp:sql/databaseInstance:DatabaseInstance": ("settings.availabilityType", ("REGIONAL",)),
    "gcp:redis/instance:Instance": ("tier", ("STANDARD_HA",)),
}
"""Where a store says it stands in several zones, which costs twice."""


@COST.stack(
    "cost-count-caps",
    "M/M/M",
    MEDIUM,
    STACK,
    why="Each of them is small; it is their number that makes a bill nobody expected.",
    cure="Make fewer, or raise the budget in a review",
    where=LIMITS,
)
def count_caps(_: None, world: World) -> Iterator[Violation]:
    budget = world.facts.limits.cloud
    yield from _over("load balancers", len(_balancers(world)), budget.load_balancers)
    yield from _over("NAT gateways", len(tuple(_gateways(world))), budget.nat_gateways)
    yield from _over("public addresses", len(tuple(_addresses(world))), budget.public_ips)
    if not budget.multi_zone:
        yield from _in_several_zones(world)
    yield from _over("pods at most", sum(_pods(world)), budget.replicas)
    yield from _over("nodes at most", sum(_nodes(world)), budget.nodes)


def _over(what: str, number: float, most: int) -> Iterator[Violation]:
    if number > most:
        yield Violation("", f"has {min(number, 10**6):g} {what}, over the {most} of policies/config")


def _balancers(world: World) -> list[Object]:
    """Services a controller of the cloud makes a load balancer for: the program makes none itself."""
    return [each for each in world.of("Service") if each.spec["type"].word == "LoadBalancer"]


def _gateways(world: World) -> Iterator[Object]:
    for each in world.of("aws:ec2/natGateway:NatGateway"):
        if each.root["connectivityType"].word != "private":
            yield each
    yield from world.of("gcp:compute/routerNat:RouterNat")


def _addresses(world: World) -> Iterator[Object]:
    yield from world.of("aws:ec2/eip:Eip")
    yield from (each for each in world.of(*ADDRESSES) if each.root["addressType"].word in ("", "EXTERNAL"))


def _in_several_zones(world: World) -> Iterator[Violation]:
    for sort, (path, words) in SEVERAL.items():
        for store in world.of(sort):
            for place in places(store.root, path):
                if spelled(place) in words:
                    yield Violation(place, f"is {spelled(place)}, which this environment does not pay for", on=store)
    for cluster in world.of("aws:rds/cluster:Cluster"):
        if cluster.root["dbClusterInstanceClass"].is_set:
            said = "makes instances in three zones, which this environment does not pay for"
            yield Violation(cluster.root["dbClusterInstanceClass"], said, on=cluster)


NUMBER: Final[Mapping[str, tuple[str, ...]]] = {
    "Job.batch": ("parallelism",),
    "CronJob.batch": ("jobTemplate", "spec", "parallelism"),
}
"""Where a workload says how many pods it has at once, if not in `replicas`."""


def _pods(world: World) -> Iterator[float]:
    """Pods of each workload at their most: its own number, or its autoscaler's."""
    scaled = dict(_autoscaled(world))
    for workload in world.workloads:
        thing = workload.object
        own = thing.spec.at(*NUMBER.get(thing.sort, ("replicas",))).number if thing.sort != "Pod" else 1
        yield max(1 if own is None else own, scaled.get((thing.namespace, thing.kind, thing.name), 0))


def _autoscaled(world: World) -> Iterable[tuple[tuple[str, str, str], float]]:
    for each in world.of("HorizontalPodAutoscaler.autoscaling", "ScaledObject.keda.sh"):
        target, most = each.spec["scaleTargetRef"], "maxReplicas" if each.kind != "ScaledObject" else "maxReplicaCount"
        number = each.spec[most].number
        # KEDA's own default (keda.sh, "Scaling Deployments"); an autoscaler of Kubernetes must say.
        yield (
            (each.namespace, target["kind"].word or "Deployment", target["name"].word),
            100 if number is None else number,
        )


def _nodes(world: World) -> Iterator[float]:
    for group in world.of("aws:eks/nodeGroup:NodeGroup"):
        yield group.root.at("scalingConfig", "maxSize").number or 0
    for pool in world.of("gcp:container/nodePool:NodePool"):
        scaling = pool.root["autoscaling"]
        begun = max(pool.root["nodeCount"].number or 0, pool.root["initialNodeCount"].number or 0)
        yield scaling["totalMaxNodeCount"].number or (scaling["maxNodeCount"].number or begun) * zones(pool.root)
    for cluster in world.of("gcp:container/cluster:Cluster"):
        if cluster.root["removeDefaultNodePool"].flag is not True:  # else its first nodes are gone at once
            yield (cluster.root["initialNodeCount"].number or 0) * zones(cluster.root)


TTL: Final = "ttl"
"""The tag of a stack that says how long it stands: `48h`."""
LONGEST: Final = 72 * 3600
"""Seconds: over a weekend, and not to the next (the brief's 72 hours)."""
SPAN: Final = re.compile(r"[1-9][0-9]{0,3}[mhd]")
KEEPING: Final = ("deletionProtection", "deletionProtectionEnabled")
"""Properties that refuse a deletion."""
KEPT_BY_DEFAULT: Final = frozenset(
    {
        "gcp:container/cluster:Cluster",
        "gcp:redis/instance:Instance",
        "gcp:sql/databaseInstance:DatabaseInstance",
    }
)
"""What has `deletionProtection` unless told otherwise (pulumi-gcp 10.2.0)."""


@COST.stack(
    "cost-ephemeral-ttl",
    "M/–/–",
    HIGH,
    STACK,
    why="A stack for one change that nobody can or will delete is paid for until somebody wonders what it is.",
    cure="Tag the stack with a ttl of at most 72h, and protect nothing in it",
    where="plat, which makes ephemeral stacks",
)
def ephemeral_ttl(_: None, world: World) -> Iterator[Violation]:
    if world.facts.environment != "ephemeral":
        return
    tags = world.facts.stack_tags
    if tags is not None:
        ttl = tags.get(TTL, "")
        if not SPAN.fullmatch(ttl) or seconds(ttl) > LONGEST:
            yield Violation("", "has no tag ttl of at most 72h")
    for thing in world.objects:
        if thing.options and thing.options.protect:
            yield Violation("", "is protected, so the stack cannot be destroyed", on=thing)
        if not thing.is_kubernetes:
            yield from _kept(thing)


def _kept(thing: Object) -> Iterator[Violation]:
    nested = thing.root["settings"] if thing.sort == "gcp:sql/databaseInstance:DatabaseInstance" else None
    for view in (thing.root, *((nested,) if nested else ())):
        for key in KEEPING:
            default = key == "deletionProtection" and view is thing.root and thing.sort in KEPT_BY_DEFAULT
            if view[key].value is True or (default and view[key].value is None):
                said = "is true" if view[key].is_set else "is not set, which is true"
                yield Violation(view[key], f"{said}, so the stack cannot be destroyed", on=thing)
    if thing.root["deletionPolicy"].value == "PREVENT":
        yield Violation(thing.root["deletionPolicy"], "is PREVENT, so the stack cannot be destroyed", on=thing)
