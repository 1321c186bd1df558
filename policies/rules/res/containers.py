"""What a container asks, and how much it may take; the mesh's proxy as well."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import product
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.limits import Containers
from policies.core.rule import CONTAINERS, HIGH, LOW, MEDIUM, PODS, Violation
from policies.kubernetes.asks import ASKS, PROXIES, SHARED, SIDES, Ask, Side
from policies.kubernetes.quantities import parse, spelled
from policies.objects.pods import Container, Pod
from policies.objects.values import View
from policies.rules.res.group import RES, RESOURCES

POD_LEVEL: Final = 34
"""Minor version since which a pod's own `resources` bound all of its containers (beta, and on)."""


@RES.resource(
    "res-requests",
    "M/M/M",
    MEDIUM,
    CONTAINERS,
    why="What is not requested is not kept free: the pod lands on a full node and is the first to be evicted there.",
    cure="Set resources.requests.cpu and .memory",
    where=RESOURCES,
    sources=("CKV_K8S_10", "CKV_K8S_12", "Kyverno require-pod-requests-limits"),
)
def requests(container: Container, facts: Facts) -> Iterator[Violation]:
    yield from _missing(container, "requests", facts)


@RES.resource(
    "res-limits",
    "M/M/M",
    HIGH,
    CONTAINERS,
    why="A container without a limit takes all its node has, its neighbours' share too.",
    cure="Set resources.limits.cpu and .memory",
    where=RESOURCES,
    sources=("NSA C-0270", "NSA C-0271", "CKV_K8S_11", "CKV_K8S_13"),
)
def limits(container: Container, facts: Facts) -> Iterator[Violation]:
    yield from _missing(container, "limits", facts)


def _missing(container: Container, side: Side, facts: Facts) -> Iterator[Violation]:
    if container.role == "ephemeral":  # may have none; wl-no-ephemeral-containers is about them
        return
    for what in SHARED:
        own = container.view.at("resources", side, what)
        of_pod = facts.limits.minor >= POD_LEVEL and container.pod.spec.at("resources", side, what).is_set
        if not own.is_set and not of_pod:
            yield Violation(own, "is not set")


@RES.resource(
    "res-bounds",
    "A/M/M",
    HIGH,
    ASKS,
    why="A limit far above the request, or above any node, promises what is not there when it is needed.",
    cure="Lower the limit or raise the request, within policies/config/<environment>.json: containers",
    where=RESOURCES,
    sources=("Gatekeeper containerlimits", "Gatekeeper containerresourceratios"),
)
def bounds(ask: Ask, facts: Facts) -> Iterator[Violation]:
    asked = _amounts(ask.written("requests"))
    most = _amounts(ask.written("limits"))
    yield from _unreadable(asked, most)
    for what, (place, limit) in most.items():
        ceiling = _ceilings(facts.limits.containers).get(what)
        if limit is not None and ceiling is not None and limit > ceiling:
            yield Violation(place, f"is {place.quantity}, above the {spelled(ceiling, what)} one container may have")
    for what, (place, request) in {**_implied(ask, most), **asked}.items():
        limit = _limit(ask, what, most)
        if request is None or limit is None or min(request, limit) <= 0:
            continue
        ratio = _ratios(facts.limits.containers).get(what)
        if request > limit:
            yield Violation(place, f"is {place.quantity}, more than the limit")
        elif ratio and what in most and limit > ratio * request:
            yield Violation(most[what][0], f"is more than {ratio} times the request")


Amounts = Mapping[str, tuple[View, Fraction | None]]
"""Resource to where it is written and how much it is; None where that is no quantity."""


def _amounts(written: Mapping[str, View]) -> Amounts:
    return {what: (place, parse(place.quantity)) for what, place in written.items()}


def _unreadable(*sides: Amounts) -> Iterator[Violation]:
    for side in sides:
        for what, (place, amount) in side.items():
            if amount is None:
                yield Violation(place, "is no quantity")
            # 0 of these means "none" in a request and "no limit" in a limit; of a device it is an honest number.
            elif amount < 0 or (amount == 0 and what in (*SHARED, "ephemeral-storage")):
                yield Violation(place, f"is {place.quantity}, which bounds nothing")


def _limit(ask: Ask, what: str, own: Amounts) -> Fraction | None:
    """What bounds a request: its own limit, else that of the whole pod."""
    if what in own or ask.of != "container" or ask.pod is None:
        return own[what][1] if what in own else None
    return parse(ask.pod.spec.at("resources", "limits", what).quantity)


def _implied(ask: Ask, most: Amounts) -> Amounts:
    """Requests of a whole pod that gives only limits: the sum of its containers'."""
    if ask.of != "pod" or ask.pod is None:
        return {}
    implied: dict[str, tuple[View, Fraction | None]] = {}
    for what, (place, _) in most.items():
        written = [container.view.at("resources", "requests", what).quantity for container in ask.pod.containers]
        total = sum((parse(each) or Fraction(0) for each in written), Fraction(0))
        if what in SHARED and total:
            implied[what] = (place, total)
    return implied


def _ceilings(of: Containers) -> Mapping[str, Fraction | None]:
    return {"cpu": parse(of.cpu), "memory": parse(of.memory), "ephemeral-storage": parse(of.ephemeral_storage)}


def _ratios(of: Containers) -> Mapping[str, int]:
    return {"cpu": of.cpu_ratio, "memory": of.memory_ratio}


@RES.resource(
    "res-memory-guaranteed",
    "–/A/A",
    LOW,
    CONTAINERS,
    why="Memory above the request may be taken back by killing the process, and critical services are missed at once.",
    cure="Set the memory request to the limit",
    where=RESOURCES,
    sources=("Kyverno memory-requests-equal-limits",),
)
def memory_guaranteed(container: Container, facts: Facts) -> Iterator[Violation]:
    if container.role == "ephemeral" or not _is_critical(container.pod, facts):
        return
    resources = container.view["resources"]
    request, limit = resources.at("requests", "memory"), resources.at("limits", "memory")
    # Neither set is res-limits' to say; a limit alone is the request too.
    if request.is_set and parse(request.quantity) != parse(limit.quantity):
        yield Violation(request, "is not the limit")


def _is_critical(pod: Pod, facts: Facts) -> bool:
    service = facts.service.get(pod.object.namespace)
    tier = service.spec.tier if service else ""
    return tier == "critical" or pod.spec["priorityClassName"].word == names.priority("critical")


@RES.resource(
    "res-ephemeral-storage",
    "A/M/M",
    MEDIUM,
    PODS,
    why="A full disk evicts every pod of the node, not only the one that filled it.",
    cure="Set ephemeral-storage in requests and limits, and sizeLimit on every emptyDir",
    where="manifests/workloads.py spells it for every service; a chart's own value otherwise",
    sources=("kube-score container-ephemeral-storage-request-and-limit", "Gatekeeper ephemeralstoragelimit"),
)
def ephemeral_storage(pod: Pod, _: Facts) -> Iterator[Violation]:
    in_memory: dict[str, Fraction] = {}
    for volume in pod.spec["volumes"]:
        if set(volume.keys) - {"name", "emptyDir"}:
            continue
        size = volume.at("emptyDir", "sizeLimit")
        amount = parse(size.quantity)
        if amount is None or amount <= 0:
            yield Violation(size, "is no size" if size.is_set else "is not set")
        elif volume.at("emptyDir", "medium").word == "Memory":
            in_memory[volume["name"].word] = amount
    for container in pod.containers:
        if container.role != "ephemeral":
            yield from _storage(container, in_memory)


def _storage(container: Container, in_memory: Mapping[str, Fraction]) -> Iterator[Violation]:
    for side in ("requests", "limits"):
        own = container.view.at("resources", side, "ephemeral-storage")
        if not own.is_set:
            yield Violation(own, "is not set")
    limit = container.view.at("resources", "limits", "memory")
    mounted = {mount["name"].word for mount in container.view["volumeMounts"]}
    written = sum((size for name, size in in_memory.items() if name in mounted), Fraction(0))
    most = parse(limit.quantity)
    # Files in memory count towards the memory of the container that writes them.
    if most is not None and written and written >= most:
        yield Violation(limit, "leaves nothing beside the volumes in memory that are mounted")


@RES.resource(
    "res-mesh-proxy",
    "A/M/M",
    MEDIUM,
    PROXIES,
    why="One annotation set drops the mesh's own bounds, and a proxy without any takes the node from the service.",
    cure="Set all four: proxyCPU, proxyCPULimit, proxyMemory, proxyMemoryLimit; in istiod global.proxy.resources",
    where="blueprint/sizes.py: PROXY",
    sources=("NSA C-0270", "NSA C-0271"),
)
def mesh_proxy(ask: Ask, _: Facts) -> Iterator[Violation]:
    if ask.of == "proxy" and not any(map(ask.written, SIDES)):
        return  # The mesh's own bounds hold.
    for side, what in product(SIDES, SHARED):
        place = ask.place(side, what)
        if not place.is_set:
            yield Violation(place, "is not set")
