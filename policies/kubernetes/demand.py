"""What the workloads of a namespace may come to at their busiest: pods, and what these ask.

Counted as the quota controller counts: containers together, or the largest init container where that is more, and
sidecars beside both. During an update the old pods are still there.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from policies.core.world import Workload, World
from policies.kubernetes.asks import PROXY, SHARED, SIDES, Side, of_mesh
from policies.kubernetes.quantities import count, parse
from policies.objects import Object
from policies.objects.pods import Container, Pod
from policies.objects.values import ABSENT, MalformedError, UndeterminedError, View

KINDS: Final = (*SHARED, "ephemeral-storage")
ZERO: Final = Fraction(0)

Key = tuple[Side, str]
KEYS: Final[tuple[Key, ...]] = tuple((side, what) for side in SIDES for what in KINDS)

ISTIO_DEFAULTS: Final[Mapping[Key, str]] = {
    ("requests", "cpu"): "100m",
    ("requests", "memory"): "128Mi",
    ("limits", "cpu"): "2000m",
    ("limits", "memory"): "1024Mi",
}
"""A proxy's bounds where none are set: istio/istio, manifests/charts/istio-control/istio-discovery/values.yaml."""

SURGE: Final = "25%"
"""Kubernetes' and Argo Rollouts' default of maxSurge."""
SCALED_OBJECT_MOST: Final = 100
"""KEDA's default of maxReplicaCount."""


@dataclass(frozen=True, kw_only=True)
class Demand:
    """The most a namespace may need."""

    pods: int
    amounts: Mapping[Key, Fraction]


def demand(world: World, namespace: str) -> Demand:
    """The most the workloads of `namespace` may need together. Raises UndeterminedError or MalformedError.

    Summed once: a namespace may have as many quotas as workloads.
    """
    known = world.once(_known)
    if namespace not in known:
        try:
            known[namespace] = _summed(world, namespace)
        except (UndeterminedError, MalformedError) as error:
            known[namespace] = error
    found = known[namespace]
    if isinstance(found, Exception):
        raise found
    return found


def _known(_: World) -> dict[str, Demand | Exception]:
    return {}


def _summed(world: World, namespace: str) -> Demand:
    pods, amounts = 0, dict.fromkeys(KEYS, ZERO)
    for workload in world.workloads_in(namespace):
        peak = _peak(world, workload)
        pods += peak
        for key in KEYS:
            amounts[key] += peak * _of_pod(world, workload, key)
    return Demand(pods=pods, amounts=amounts)


def _peak(world: World, workload: Workload) -> int:
    """Pods of `workload` at the busiest moment of an update."""
    return _PEAKS[workload.object.sort](workload.object.spec, _most(world, workload.object), world)


def _most(world: World, thing: Object) -> int:
    """Pods of `thing` when nothing is being updated: its replicas, or what its autoscaler may make of them."""
    written = thing.spec["replicas"].number
    scaled = [
        count(most.number, default)
        for scaler, most, default in world.once(_scalers).get(thing.namespace, ())
        if (scaler["kind"].text or "Deployment", scaler["name"].word) == (thing.kind, thing.name)
    ]
    return max([count(written, 0 if scaled else 1), *scaled])


def _scalers(world: World) -> Mapping[str, list[tuple[View, View, int]]]:
    """By namespace: what is scaled, the field of the most pods, and its default."""
    found: dict[str, list[tuple[View, View, int]]] = defaultdict(list)
    for thing in world.of("HorizontalPodAutoscaler.autoscaling"):
        found[thing.namespace].append((thing.spec["scaleTargetRef"], thing.spec["maxReplicas"], 1))
    for thing in world.of("ScaledObject.keda.sh"):
        found[thing.namespace].append((thing.spec["scaleTargetRef"], thing.spec["maxReplicaCount"], SCALED_OBJECT_MOST))
    return found


def _surged(surge: View, most: int) -> int:
    """`most` and the pods an update may start beside them; a share is rounded up."""
    written = surge.quantity or SURGE
    share = parse(written.removesuffix("%"))
    if share is None:
        return 2 * most  # The API server refuses it, and what it was meant to say is unknown.
    extra = share * most / 100 if written.endswith("%") else share
    return most + max(-(-extra.numerator // extra.denominator), 0)


def _deployment(spec: View, most: int, _: World) -> int:
    strategy = spec["strategy"]
    return most if strategy["type"].text == "Recreate" else _surged(strategy.at("rollingUpdate", "maxSurge"), most)


def _rollout(spec: View, most: int, _: World) -> int:
    canary = spec.at("strategy", "canary")
    if spec.at("strategy", "blueGreen").is_set:
        return 2 * most
    if canary["trafficRouting"].is_set and not canary["dynamicStableScale"].flag:
        return 2 * most  # The old version keeps all of its pods until the new one has all of the requests.
    return _surged(canary["maxSurge"], most)


def _steady(_: View, most: int, __: World) -> int:
    return most


def _single(_: View, __: int, ___: World) -> int:
    return 1


def _per_node(_: View, __: int, world: World) -> int:
    return world.facts.limits.cloud.nodes


def _job(spec: View, _: int, __: World) -> int:
    return count(spec["parallelism"].number, 1)


def _cron_job(spec: View, _: int, __: World) -> int:
    # Runs that may overlap are bounded by nothing; two is the least of it.
    runs = 1 if spec["concurrencyPolicy"].text in ("Forbid", "Replace") else 2
    return runs * count(spec.at("jobTemplate", "spec", "parallelism").number, 1)


_PEAKS: Final[Mapping[str, Callable[[View, int, World], int]]] = {
    "CronJob.batch": _cron_job,
    "DaemonSet.apps": _per_node,
    "Deployment.apps": _deployment,
    "Job.batch": _job,
    "Pod": _single,
    "ReplicaSet.apps": _steady,
    "ReplicationController": _steady,
    "Rollout.argoproj.io": _rollout,
    "StatefulSet.apps": _steady,
}
"""Every sort of `policies.core.world.WORKLOADS` to its pods at the busiest moment; a test says that none is missing."""


def _of_pod(world: World, workload: Workload, key: Key) -> Fraction:
    """What one pod asks."""
    defaults = world.once(_limit_ranges).get(workload.namespace, [])
    proxy = _proxy(world, workload, key)
    beside = ZERO if proxy is None else proxy or _default(defaults, key)
    return _of_containers(workload.pod, key, defaults) + beside


def _of_containers(pod: Pod, key: Key, defaults: list[View]) -> Fraction:
    side, what = key
    whole = parse(pod.spec.at("resources", side, what).quantity)
    running, largest, sidecars = ZERO, ZERO, ZERO
    for container in pod.containers:
        amount = _of_container(container, key, defaults)
        if container.is_sidecar:
            sidecars += amount
        elif container.role == "init":
            largest = max(largest, sidecars + amount)
        elif container.role == "container":
            running += amount
    overhead = parse(pod.spec.at("overhead", what).quantity) or ZERO
    return (whole if whole is not None else max(running + sidecars, largest)) + overhead


def _of_container(container: Container, key: Key, defaults: list[View]) -> Fraction:
    side, what = key
    resources = container.view["resources"]
    own = [resources.at(side, what).quantity]
    if side == "requests":
        own.append(resources.at("limits", what).quantity)  # a limit alone is the request too
    written = [amount for amount in map(parse, own) if amount is not None]
    return written[0] if written else _default(defaults, key)


def _default(defaults: Iterable[View], key: Key) -> Fraction:
    """What the namespace's LimitRanges give a container that says nothing."""
    side, what = key
    fields = ("defaultRequest", "default") if side == "requests" else ("default",)
    given = [parse(limit.at(field, what).quantity) for limit in defaults for field in fields]
    return next((amount for amount in given if amount is not None), ZERO)


def _limit_ranges(world: World) -> Mapping[str, list[View]]:
    """By namespace: what LimitRanges say about containers."""
    found: dict[str, list[View]] = defaultdict(list)
    for thing in world.of("LimitRange"):
        found[thing.namespace] += [limit for limit in thing.spec["limits"] if limit["type"].word == "Container"]
    return found


def _proxy(world: World, workload: Workload, key: Key) -> Fraction | None:
    """What the mesh's proxy in the pod asks; None: there is no proxy."""
    if not _is_meshed(world, workload):
        return None
    annotations = workload.pod.annotations
    if any(annotations[name].is_set for name in PROXY.values()):
        return (parse(annotations[PROXY[key]].quantity) if key in PROXY else None) or ZERO
    side, what = key
    written = world.once(_of_mesh).at(side, what).quantity
    return parse(written) or parse(ISTIO_DEFAULTS.get(key)) or ZERO


def _of_mesh(world: World) -> View:
    return next((ask.at for thing in world.objects for ask in of_mesh(thing)), ABSENT)


def _is_meshed(world: World, workload: Workload) -> bool:
    if world.facts.mesh == "none":
        return False
    asked = {workload.pod.labels[INJECT].text, workload.pod.annotations[INJECT].text} - {None}
    if asked:
        return "false" not in asked
    declared = world.namespaces.get(workload.namespace)
    return declared is not None and (
        declared.labels["istio-injection"].text == "enabled" or declared.labels["istio.io/rev"].is_set
    )


INJECT: Final = "sidecar.istio.io/inject"
"""Label, and formerly annotation, by which a pod takes or refuses the proxy."""
