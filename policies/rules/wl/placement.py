"""Scheduling: which node, runtime class and priority a pod may ask for."""

from collections.abc import Iterator
from typing import Final

from policies.core.charts import is_charts
from policies.core.facts import Facts
from policies.core.rule import HIGH, MEDIUM, POD_PARTS, PODS, Violation
from policies.objects.pods import Pod
from policies.objects.values import View
from policies.rules.wl.group import PLATFORM, WL_PLUS

SYSTEM_LABELS: Final = frozenset({"kubernetes.io/os", "beta.kubernetes.io/os"})
CONTROL_PLANE: Final = frozenset({"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"})
"""Label and taint of the nodes that run the cluster itself, now and before 1.24."""
HOSTNAME: Final = "kubernetes.io/hostname"
CHOOSING: Final = frozenset({"In", "Exists"})
"""Operators that ask for a label; the others avoid it."""


def _affinity(pod: Pod, field: str) -> Iterator[View]:
    """The expressions (`matchExpressions`, `matchFields`) by which the pod asks for nodes."""
    asked = pod.spec.at("affinity", "nodeAffinity")
    for term in asked.at("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"):
        yield from term[field]
    for preference in asked["preferredDuringSchedulingIgnoredDuringExecution"]:
        yield from preference.at("preference", field)


@WL_PLUS.resource(
    "wl-linux-only",
    "M/M/M",
    HIGH,
    PODS,
    why="A pod that calls itself Windows is exempt from three of the standards' controls, on whatever node it runs.",
    cure="Remove os and the selector of Windows nodes",
    where=PLATFORM,
    sources=("PSS 1.25",),
)
def linux_only(pod: Pod, _: Facts) -> Iterator[Violation]:
    name = pod.spec.at("os", "name")
    if name.is_set and name.word != "linux":
        yield Violation(name, f"is {name.word or 'empty'}")
    for label, value in pod.spec["nodeSelector"].entries():
        if label in SYSTEM_LABELS and value.word != "linux":
            yield Violation(value, f"is {value.word or 'empty'}")
    for asked in _affinity(pod, "matchExpressions"):
        if asked["key"].word in SYSTEM_LABELS and not _means_linux(asked):
            yield Violation(asked, "asks for nodes that are not Linux")


def _means_linux(asked: View) -> bool:
    values = set(asked["values"].words)
    match asked["operator"].word:
        case "In":
            return values == {"linux"}
        case "NotIn":
            return "linux" not in values
        case operator:
            return operator == "Exists"


@WL_PLUS.resource(
    "wl-runtime-class",
    "M/M/M",
    HIGH,
    POD_PARTS,
    why="Pod Security can be switched off for a runtime class, so naming one may be leaving the standard.",
    cure="Remove runtimeClassName, or list the class in policies/config/<environment>.json: workloads.runtimeClasses",
    where=PLATFORM,
    sources=("PSS exemptions",),
)
def runtime_class(pod: Pod, facts: Facts) -> Iterator[Violation]:
    named = pod.spec["runtimeClassName"]
    if named.is_set and named.word not in facts.limits.workloads.runtime_classes:
        yield Violation(named, f"is {named.word or 'empty'}, which is not on the list")


@WL_PLUS.resource(
    "wl-node-placement",
    "A/M/M",
    MEDIUM,
    PODS,
    why="A pod that names its node is not scheduled at all, and one on the control plane's nodes is next to its keys.",
    cure="Choose nodes by the label of their pool and tolerate that pool's taint alone",
    where=PLATFORM,
    sources=("Kyverno restrict-controlplane-scheduling",),
)
def node_placement(pod: Pod, _: Facts) -> Iterator[Violation]:
    if pod.spec["nodeName"].is_set:
        yield Violation(pod.spec["nodeName"], "is set")
    for toleration in pod.spec["tolerations"]:
        key = toleration["key"]
        if not key.word:
            yield Violation(toleration, "tolerates every taint")
        elif key.word in CONTROL_PLANE:
            yield Violation(key, "tolerates the control plane's taint")
    for label, value in pod.spec["nodeSelector"].entries():
        if label in CONTROL_PLANE:
            yield Violation(value, "asks for the control plane's nodes")
        elif label == HOSTNAME:
            yield Violation(value, "asks for one node")
    yield from _asks_by_affinity(pod)


def _asks_by_affinity(pod: Pod) -> Iterator[Violation]:
    for asked in _affinity(pod, "matchExpressions"):
        if asked["operator"].word in CHOOSING and asked["key"].word in CONTROL_PLANE:
            yield Violation(asked, "asks for the control plane's nodes")
        elif asked["operator"].word == "In" and asked["key"].word == HOSTNAME:
            yield Violation(asked, "asks for nodes by name")
    for asked in _affinity(pod, "matchFields"):
        if asked["operator"].word == "In":
            yield Violation(asked, "asks for nodes by name")


@WL_PLUS.resource(
    "wl-priority-class",
    "A/M/M",
    MEDIUM,
    PODS,
    why="Without a class a pod is the first to go when nodes are full; with the system's it makes the nodes' own go.",
    cure="Set priorityClassName to the class of the service's tier",
    where="services/{service}.yaml: spec.tier; a chart's own value otherwise",
    sources=("Kyverno allowed-pod-priorities", "Polaris priorityClassNotSet"),
)
def priority_class(pod: Pod, facts: Facts) -> Iterator[Violation]:
    named = pod.spec["priorityClassName"]
    if not named.word:
        yield Violation(named, "is not set")
    elif named.word.startswith("system-"):
        # The charts know which of their pods the nodes cannot do without; nobody else's pod is one.
        if not is_charts(pod.object, facts):
            yield Violation(named, f"is {named.word}, the cluster's own")
    elif named.word not in facts.limits.workloads.priority_classes:
        yield Violation(named, f"is {named.word}, which is not on the list")
