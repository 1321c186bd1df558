"""How many: enough pods to lose one, an autoscaler that scales something, and how many at once may go."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from blueprint.catalogue import Environment
from policies.core.facts import Facts
from policies.core.rule import HIGH, MEDIUM, Violation, sorts
from policies.core.world import World
from policies.objects import Object
from policies.objects.pods import Container, pods
from policies.objects.readable import readable
from policies.objects.selectors import selects, texts
from policies.objects.values import View
from policies.rules.av.group import (
    AUTOSCALER,
    AV,
    BUDGET,
    DEPLOYMENT,
    REPLICATED,
    SCALED_OBJECT,
    SCALING,
    WORKLOADS,
    least_pods,
    percentage,
    scaler_of,
    scalers,
    share,
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
    cure="Raise minReplicas to 2 in staging and 3 in prod, and leave spec.replicas to the autoscaler;"
    " where two pods must never run at once, say singleton with its reason",
    where=SCALING,
    sources=("EKS best practices: reliability", "KubeLinter minimum-replicas", "kube-score"),
)
def replicas(thing: Object, world: World) -> Iterator[Violation]:
    written, scaling = thing.spec["replicas"], scalers(thing, world)
    if scaling and written.is_set:
        yield Violation(written, f"is set, and {scaling[0].object.title} changes it back and forth")
    least = least_pods(thing, world)
    wanted = 1 if _alone(thing) else LEAST.get(world.facts.environment, 1)
    if least < wanted:
        at, on = (scaling[0].least, scaling[0].object) if scaling else (written, thing)
        yield Violation(at, f"is {shown(least)}, below {wanted}", on=on)


def _alone(thing: Object) -> bool:
    """Whether no two pods of `thing` may run at once: Kubernetes ends the old one before it starts the new one, which
    nobody asks for whose pods could run side by side."""
    return thing.sort == DEPLOYMENT and thing.spec["strategy"]["type"].text == "Recreate"


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
    why="An autoscaler with no target, no range to scale in or no request to measure by silently scales nothing.",
    cure="Name a workload that exists, set maxReplicas above minReplicas, and set requests",
    where="services/{service}.yaml: spec.scaling",
    sources=("Gatekeeper horizontalpodautoscaler", "Kubescape hpa-has-target"),
)
def hpa(thing: Object, world: World) -> Iterator[Violation]:
    scaler, cap = scaler_of(thing), world.facts.limits.cloud.replicas
    namespace, kind, name = target_of(thing)
    least, most = scaler.minimum, scaler.most.number
    if world.facts.environment == "prod" and least < 2:
        yield Violation(scaler.least, f"is {shown(least)}, below 2")
    if most is None:
        yield Violation(scaler.most, "is not set")
    elif most <= least:
        yield Violation(scaler.most, f"is {shown(most)}, and at least {shown(least)} run, so nothing ever scales")
    elif most > cap:
        yield Violation(scaler.most, f"is {shown(most)}, above {cap}")
    target = next((found for sort in APIS.get(kind, ()) if (found := world.named(sort, namespace, name))), None)
    at = thing.spec["scaleTargetRef"]
    if target is None:
        if kind in APIS and world.declares(namespace):
            yield Violation(at, f"names {kind} {namespace}/{name}, and there is none")
        return
    if len(scalers(target, world)) > 1:
        yield Violation(at, f"names {target.title}, which another scaler scales too")
    containers = [container for pod in pods(target) for container in pod.containers if _counts(container)]
    for metric, resource, only in _measured(thing):
        theirs = [one for one in containers if only in ("", one.name)]
        if only and not theirs:
            yield Violation(metric, f"measures the container {only}, and {target.title} has none")
        for one in theirs:
            if not one.view.at("resources", "requests", resource).is_set:
                yield Violation(metric, f"measures {resource} of {one.name or 'a container'}, which requests none")


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


@AV.stack(
    "av-pdb",
    "A/M/M",
    HIGH,
    sorts(*REPLICATED),
    why="Without a budget an upgrade of the nodes takes all pods at once; with two it never ends.",
    cure="Give the workload exactly one PodDisruptionBudget that lets at least one pod go",
    where=WORKLOADS,
    sources=("kube-score", "Polaris missingPodDisruptionBudget", "Polaris pdbMinAvailableGreaterThanHPAMinReplicas"),
)
def pdb(thing: Object, world: World) -> Iterator[Violation]:
    """A missing budget is a finding where the run declares the workload's namespace."""
    least = least_pods(thing, world)
    if least < 2:
        return
    for workload in world.workloads_in(thing.namespace):
        if workload.object is not thing:
            continue
        budgets = [
            each
            for each in _asked(world.once(_budgets), thing.namespace, workload.labels)
            if each.spec["selector"].is_set and selects(each.spec["selector"], workload.labels)
        ]
        if not budgets and world.declares(thing.namespace):
            yield Violation("metadata.name", "has several pods and no PodDisruptionBudget")
        if len(budgets) > 1:
            called = sorted(each.name for each in budgets)
            several = " and ".join(called) if len(called) <= NAMED else f"{', '.join(called[:NAMED])} and others"
            yield Violation("metadata.name", f"is under {several}: with two budgets no pod can be evicted at all")
        for budget in budgets:
            kept = share(budget.spec["minAvailable"], least, up=True)
            if kept is not None and kept >= least:
                at = budget.spec["minAvailable"]
                yield Violation(at, f"keeps {shown(kept)} of {shown(least)} pods, so none may go", on=budget)
            gone = share(budget.spec["maxUnavailable"], least, up=True)
            if gone is not None and gone >= least:
                at = budget.spec["maxUnavailable"]
                yield Violation(at, f"lets {shown(gone)} of {shown(least)} pods go, so none need stay", on=budget)


NAMED: Final = 3
"""Budgets a finding lists by name."""

_Asked = tuple[str, tuple[str, str] | None]
"""A namespace, and a label every pod selected there bears; None where no such label is known."""


def _budgets(world: World) -> Mapping[_Asked, list[Object]]:
    """The budgets by a label they ask for: of thousands in a namespace a workload is held against its own."""
    found: dict[_Asked, list[Object]] = {}
    for budget in world.of(BUDGET):
        found.setdefault((budget.namespace, readable(partial(_label, budget), None)), []).append(budget)
    return found


def _label(budget: Object) -> tuple[str, str] | None:
    asked = texts(budget.spec["selector"]["matchLabels"])
    return min(asked.items(), default=None)


def _asked(known: Mapping[_Asked, list[Object]], namespace: str, labels: Mapping[str, str]) -> Iterator[Object]:
    """Budgets that may select what bears `labels`."""
    for label in (None, *labels.items()):
        yield from known.get((namespace, label), ())


FIELDS: Final = ("minAvailable", "maxUnavailable")


@AV.resource(
    "av-pdb-sane",
    "M/M/M",
    HIGH,
    sorts(BUDGET),
    why="A budget that lets no pod go blocks every upgrade of the nodes; one that lets every pod go protects nothing.",
    cure="Set maxUnavailable to 1 and unhealthyPodEvictionPolicy to AlwaysAllow",
    where=WORKLOADS,
    sources=("Pulumi compliance-policies disallowZeroVoluntaryDisruption", "KubeLinter pdb-max-unavailable"),
)
def pdb_sane(thing: Object, _: Facts) -> Iterator[Violation]:
    given = [thing.spec[field] for field in FIELDS if thing.spec[field].is_set]
    if len(given) != len(FIELDS) - 1:
        both = " and ".join(FIELDS)
        yield Violation(thing.spec, f"has {'both' if given else 'none'} of {both}")
    for at in given:
        fault = _fault(at)
        if fault:
            yield Violation(at, f"is {at.quantity or 'empty'}, {fault}")
    policy = thing.spec["unhealthyPodEvictionPolicy"]
    if policy.word != "AlwaysAllow":
        found = policy.word or "not set"
        yield Violation(policy, f"is {found}: pods that never get ready keep their node from being drained")


def _fault(at: View) -> str:
    percent = percentage(at)
    if isinstance(at.value, str) and percent is None:
        return "which is neither a number nor a share"
    amount = at.number if percent is None else percent
    if not amount or amount < 0:
        return "which is nothing"
    return "which is everything" if percent is not None and percent >= 100 else ""
