"""Which objects make pods, and whether their selectors match them."""

from collections.abc import Iterator, Mapping
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import HIGH, MEDIUM, PODS, Violation, sorts
from policies.objects import Object
from policies.objects.pods import Pod
from policies.objects.selectors import selects, texts
from policies.objects.values import View
from policies.rules.wl.group import PLATFORM, WL_PLUS

NAKED: Final = sorts("Pod", "ReplicaSet.apps", "ReplicaSet.extensions", "ReplicationController")
CONTROLLERS: Final = sorts(
    "DaemonSet.apps",
    "Deployment.apps",
    "Job.batch",
    "ReplicaSet.apps",
    "ReplicationController",
    "Rollout.argoproj.io",
    "StatefulSet.apps",
)

HOOK: Final = "helm.sh/hook"
TEST_HOOKS: Final = frozenset({"test", "test-failure", "test-success"})
"""Pods a chart brings to try itself out; nothing starts them but `helm test`."""

MAY_LACK_SELECTOR: Final = frozenset({"Job.batch", "ReplicationController"})
"""Controllers the API server gives a selector of their own template's labels."""


@WL_PLUS.resource(
    "wl-no-ephemeral-containers",
    "M/M/M",
    MEDIUM,
    PODS,
    why="An ephemeral container in the program never ends, has no limits and leaves no audit record.",
    cure="Remove ephemeralContainers, and debug with kubectl, which is audited",
    where=PLATFORM,
    sources=("Kyverno block-ephemeral-containers",),
)
def no_ephemeral_containers(pod: Pod, _: Facts) -> Iterator[Violation]:
    if not pod.spec["ephemeralContainers"].is_empty:
        yield Violation(pod.spec["ephemeralContainers"], "is declared")


@WL_PLUS.resource(
    "wl-no-naked-pods",
    "A/M/M",
    MEDIUM,
    NAKED,
    why="No controller replaces a bare pod when its node goes, or rolls out a change of a bare ReplicaSet.",
    cure="Use a Deployment, a StatefulSet or a Job",
    where="the program: components/, or the chart that brings it",
    sources=("Kyverno prevent-bare-pods", "Polaris nakedPod"),
)
def no_naked_pods(thing: Object, _: Facts) -> Iterator[Violation]:
    hooks = {hook.strip() for hook in thing.annotations[HOOK].word.split(",")}
    if not hooks <= TEST_HOOKS:
        yield Violation("kind", f"is {thing.kind}, which nothing replaces")


@WL_PLUS.resource(
    "wl-selector-matches-template",
    "M/M/M",
    HIGH,
    CONTROLLERS,
    why="A controller that does not find its own pods is refused, or starts new ones for ever.",
    cure="Give selector and template the same labels",
    where=PLATFORM,
    sources=("KubeLinter mismatching-selector",),
)
def selector_matches_template(thing: Object, _: Facts) -> Iterator[Violation]:
    selector, labels = thing.spec["selector"], texts(thing.spec.at("template", "metadata", "labels"))
    if not thing.spec["template"].is_set and thing.spec["workloadRef"].is_set:
        return  # The pods are the named Deployment's, and so is the rule.
    if selector.is_empty:
        if thing.sort not in MAY_LACK_SELECTOR:
            yield Violation(selector, "is not set")
    elif not _finds(thing, selector, labels):
        yield Violation(selector, "does not match the labels of the template")


def _finds(thing: Object, selector: View, labels: Mapping[str, str]) -> bool:
    if thing.sort == "ReplicationController":
        return texts(selector).items() <= labels.items()
    # With neither of the two it matches everything, which the API server refuses.
    asks = not (selector["matchLabels"].is_empty and selector["matchExpressions"].is_empty)
    return asks and selects(selector, labels)
