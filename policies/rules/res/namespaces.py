"""The ceiling of a namespace, and whether what it must hold fits below it."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Final

from policies.cloud.capacity import NODE_GROUPS, capacity
from policies.core.limits import Namespaces
from policies.core.rule import HIGH, LOW, MEDIUM, Violation, sorts
from policies.core.world import World
from policies.kubernetes.demand import KINDS, ZERO, Demand, Key, demand
from policies.kubernetes.quantities import parse, spelled
from policies.objects import Object
from policies.objects.values import View
from policies.rules.res.group import RES

NAMESPACES: Final = sorts("Namespace")
BOUNDS: Final = sorts("ResourceQuota", *sorted(NODE_GROUPS))

BOUNDED: Final = (
    *(f"{side}.{what}" for side in ("requests", "limits") for what in ("cpu", "memory", "ephemeral-storage")),
    "pods",
    "persistentvolumeclaims",
)
"""What a quota must bound."""
CLAIMS: Final = ("persistentvolumeclaims", "count/persistentvolumeclaims")
"""Claims, by number: where there may be any, a quota must bound their disks too."""
FORBIDDEN: Final = ("services.loadbalancers", "services.nodeports")
"""What no service may have: the one way in is the gateway."""
ALSO: Final[Mapping[str, str]] = {
    "requests.cpu": "cpu",
    "requests.memory": "memory",
    "pods": "count/pods",
    "persistentvolumeclaims": "count/persistentvolumeclaims",
}
"""Other names of the same bound."""

QUOTA: Final = "manifests/isolation.py spells it from blueprint/isolation.py: Quota"


@RES.stack(
    "res-namespace-quota",
    "A/M/M",
    MEDIUM,
    NAMESPACES,
    why="Without a ceiling one service's autoscaler, or one leaked token, takes the whole cluster.",
    cure="Give the namespace a ResourceQuota of requests, limits, pods, claims and their disks, no larger than any"
    " namespace may be, with no load balancer or node port",
    where=QUOTA,
    sources=("EKS best practices: quotas", "Kyverno add-ns-quota"),
)
def namespace_quota(namespace: Object, world: World) -> Iterator[Violation]:
    if namespace.name not in world.service_namespaces and namespace.name not in world.data_namespaces:
        return
    quotas = [quota for quota in world.within(namespace.name, "ResourceQuota") if not _is_scoped(quota)]
    if not quotas:
        # Stores that nobody makes yet have a namespace, and nothing in it to bound.
        if namespace.name in world.service_namespaces:
            yield Violation("metadata.name", "has no ResourceQuota")
        return
    bounds = {key: place for quota in quotas for key, place in quota.spec["hard"].entries() if place.is_set}
    first = quotas[0]
    for key in (*BOUNDED, *FORBIDDEN):
        if key not in bounds and ALSO.get(key) not in bounds:
            yield Violation(first.spec.at("hard", key), "is not set", on=first)
    if "requests.storage" not in bounds and any(_lets_in(bounds[key]) for key in CLAIMS if key in bounds):
        yield Violation(
            first.spec.at("hard", "requests.storage"), "is not set, and its claims may be of any size", on=first
        )
    for key in FORBIDDEN:
        said = [(quota, quota.spec.at("hard", key)) for quota in quotas]
        allowed = [(quota, place) for quota, place in said if place.is_set]
        if allowed and all(parse(place.quantity) != 0 for _, place in allowed):
            yield Violation(allowed[0][1], "is not 0", on=allowed[0][0])
    yield from _too_wide(quotas, world.facts.limits.namespaces)


def _lets_in(bound: View) -> bool:
    return parse(bound.quantity) != 0


def _too_wide(quotas: Iterable[Object], most: Namespaces) -> Iterator[Violation]:
    """Quotas above the ceiling of any namespace: they bound nothing."""
    ceilings = {
        "cpu": most.cpu,
        "memory": most.memory,
        "ephemeral-storage": most.ephemeral_storage,
        "pods": str(most.pods),
        "persistentvolumeclaims": str(most.claims),
        "storage": most.disk,
    }
    for quota in quotas:
        for key, place in quota.spec["hard"].entries():
            ceiling = ceilings.get(key.rpartition(".")[2].removeprefix("count/"))
            bound = parse(place.quantity)
            if ceiling and bound is not None and bound > (parse(ceiling) or 0):
                yield Violation(place, f"is {place.quantity}, above the {ceiling} of any namespace", on=quota)


def _is_scoped(quota: Object) -> bool:
    """Whether it bounds only some of the pods."""
    return not quota.spec["scopes"].is_empty or not quota.spec["scopeSelector"].is_empty


@RES.stack(
    "res-namespace-limitrange",
    "A/M/M",
    LOW,
    NAMESPACES,
    why="A container without requests and limits is refused by the quota, or, without a quota, is unbounded.",
    cure="Give the namespace a LimitRange of containers with default, defaultRequest and a max no larger than allowed",
    where="manifests/isolation.py",
    sources=("Kyverno add-ns-quota",),
)
def namespace_limit_range(namespace: Object, world: World) -> Iterator[Violation]:
    if namespace.name not in world.service_namespaces:
        return
    ranges = world.within(namespace.name, "LimitRange")
    limits = [(thing, limit) for thing in ranges for limit in thing.spec["limits"] if limit["type"].word == "Container"]
    if not limits:
        yield Violation("metadata.name", "has no LimitRange of containers")
        return
    thing, first = limits[0]
    for field in ("default", "defaultRequest", "max"):
        for what in KINDS:
            if not any(limit.at(field, what).is_set for _, limit in limits):
                yield Violation(first.at(field, what), "is not set", on=thing)
    largest = world.facts.limits.containers
    ceilings = {"cpu": largest.cpu, "memory": largest.memory, "ephemeral-storage": largest.ephemeral_storage}
    for about, limit in limits:
        for what, ceiling in ceilings.items():
            bound = parse(limit.at("max", what).quantity)
            if bound is not None and bound > (parse(ceiling) or 0):
                found = f"is {limit.at('max', what).quantity}, above the {ceiling} of any container"
                yield Violation(limit.at("max", what), found, on=about)


@RES.stack(
    "res-quota-fits",
    "M/M/M",
    HIGH,
    BOUNDS,
    why="Pods that do not fit are never made: the update waits for ten minutes and fails, at the busiest hour.",
    cure="Raise the quota, or lower scaling.maxReplicas or the containers' resources",
    where="services/{service}.yaml: spec.scaling; blueprint/isolation.py: Quota",
    sources=("fault F13",),
)
def quota_fits(thing: Object, world: World) -> Iterator[Violation]:
    if thing.sort in NODE_GROUPS:
        yield from _nodes_hold(thing, world)
    elif not _is_scoped(thing):
        needed = demand(world, thing.namespace)
        for key, place in thing.spec["hard"].entries():
            yield from _fits(key, place, needed)


def _fits(key: str, place: View, needed: Demand) -> Iterator[Violation]:
    counted = _COUNTED.get(key)
    if counted is None and key not in ("pods", "count/pods"):
        return
    amount, what = (needed.amounts[counted], counted[1]) if counted else (Fraction(needed.pods), "pods")
    most = parse(place.quantity)
    if most is None:
        yield Violation(place, "is no quantity")
    elif amount > most:
        yield Violation(place, f"is {place.quantity}, and the workloads may come to {spelled(amount, what)}")


_COUNTED: Final[Mapping[str, Key]] = {
    **{f"{side}.{what}": (side, what) for side in ("requests", "limits") for what in KINDS},
    **{what: ("requests", what) for what in KINDS},
}
"""Key of a quota to what it bounds."""


def _nodes_hold(thing: Object, world: World) -> Iterator[Violation]:
    """All namespaces together on all nodes together; said once, at the first node group."""
    groups = world.of(*sorted(NODE_GROUPS))
    if thing is not groups[0]:
        return
    most_of = capacity(groups)
    if most_of is None:
        return
    namespaces = sorted({workload.namespace for workload in world.workloads})
    needed = [demand(world, namespace).amounts for namespace in namespaces]
    for what, most in most_of.items():
        total = sum((amounts["requests", what] for amounts in needed), ZERO)
        if total > most:
            yield Violation(
                NODE_GROUPS[thing.sort],
                f"gives {spelled(most, what)} of {what} with all other groups, and the workloads may request"
                f" {spelled(total, what)}",
            )
