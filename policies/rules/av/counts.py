"""How many: enough pods to lose one, and an autoscaler that scales something."""

from collections.abc import Iterator, Mapping
from typing import Final

from blueprint.catalogue import Environment
from policies.core.rule import HIGH, MEDIUM, Breach, sorts
from policies.core.world import World
from policies.objects import Object
from policies.objects.pods import Container, pods
from policies.objects.values import View
from policies.rules.av.standard import (
    AUTOSCALER,
    AV,
    REPLICATED,
    SCALED_OBJECT,
    SCALING,
    least_pods,
    scaler_of,
    scalers,
    shown,
    target_of,
)

LEAST: Final[Mapping[Environment, int]] = {"staging": 2, "prod": 3}
"""Pods a workload keeps: one may be lost in staging; in prod one may be lost while another is replaced."""


@AV.stack(
    "av-replicas",
    "–/A/M",
    HIGH,
    sorts(*REPLICATED),
    why="A workload with too few pods is down whenever a node is drained, a pod is killed or a version is replaced.",
    cure="Raise minReplicas to 2 in staging and 3 in prod, and leave spec.replicas to the autoscaler",
    where=SCALING,
    sources=("EKS best practices: reliability", "KubeLinter minimum-replicas", "kube-score"),
)
def replicas(thing: Object, world: World) -> Iterator[Breach]:
    written, scaling = thing.spec["replicas"], scalers(thing, world)
    if scaling and written.is_set:
        yield Breach(written, f"is set, and {scaling[0].object.title} changes it back and forth")
    least = least_pods(thing, world)
    wanted = LEAST.get(world.facts.environment, 1)
    if least < wanted:
        at, on = (scaling[0].least, scaling[0].object) if scaling else (written, thing)
        yield Breach(at, f"is {shown(least)}, below {wanted}", on=on)


APIS: Final[Mapping[str, tuple[str, ...]]] = {
    "Deployment": ("Deployment.apps",),
    "StatefulSet": ("StatefulSet.apps",),
    "ReplicaSet": ("ReplicaSet.apps",),
    "ReplicationController": ("ReplicationController",),
    "Rollout": ("Rollout.argoproj.io",),
}
"""What a scaler may name, as sorts. Any other kind is an operator's, and its word is taken."""


@AV.stack(
    "av-hpa",
    "A/M/M",
    MEDIUM,
    sorts(AUTOSCALER, SCALED_OBJECT),
    why="An autoscaler without a target, without room or without a request to measure by silently scales nothing.",
    cure="Name a workload that exists, give it room between minReplicas and maxReplicas, and set requests",
    where="services/{service}.yaml: spec.scaling",
    sources=("Gatekeeper horizontalpodautoscaler", "Kubescape hpa-has-target"),
)
def hpa(thing: Object, world: World) -> Iterator[Breach]:
    scaler, cap = scaler_of(thing), world.facts.limits.cloud.replicas
    namespace, kind, name = target_of(thing)
    least, most = scaler.minimum, scaler.most.number
    if world.facts.environment == "prod" and least < 2:
        yield Breach(scaler.least, f"is {shown(least)}, below 2")
    if most is None:
        yield Breach(scaler.most, "is not set")
    elif most <= least:
        yield Breach(scaler.most, f"is {shown(most)}, and at least {shown(least)} run, so nothing ever scales")
    elif most > cap:
        yield Breach(scaler.most, f"is {shown(most)}, above {cap}")
    target = next((found for sort in APIS.get(kind, ()) if (found := world.named(sort, namespace, name))), None)
    at = thing.spec["scaleTargetRef"]
    if target is None:
        if kind in APIS and world.declares(namespace):
            yield Breach(at, f"names {kind} {namespace}/{name}, and there is none")
        return
    if len(scalers(target, world)) > 1:
        yield Breach(at, f"names {target.title}, which another scaler scales too")
    containers = [container for pod in pods(target) for container in pod.containers if _counts(container)]
    for metric, resource, only in _measured(thing):
        theirs = [one for one in containers if only in ("", one.name)]
        if only and not theirs:
            yield Breach(metric, f"measures the container {only}, and {target.title} has none")
        for one in theirs:
            if not one.view.at("resources", "requests", resource).is_set:
                yield Breach(metric, f"measures {resource} of {one.name or 'a container'}, which requests none")


def _counts(container: Container) -> bool:
    return container.role == "container" or container.is_sidecar


def _measured(thing: Object) -> Iterator[tuple[View, str, str]]:
    """Each metric that is a share of a request: where, of what, and of which container alone."""
    for metric in thing.spec["metrics"]:
        for field in ("resource", "containerResource"):
            target = metric.at(field, "target")
            if metric[field].is_set and (target["type"].word == "Utilization" or target["averageUtilization"].is_set):
                yield metric, metric[field]["name"].word, metric[field]["container"].word
    for trigger in thing.spec["triggers"]:
        by = trigger["metricType"] if trigger["metricType"].is_set else trigger.at("metadata", "type")
        if trigger["type"].word in ("cpu", "memory") and by.word in ("", "Utilization"):
            yield trigger, trigger["type"].word, trigger.at("metadata", "containerName").word
    share = thing.spec["targetCPUUtilizationPercentage"]  # of autoscaling/v1
    if share.is_set:
        yield share, "cpu", ""
