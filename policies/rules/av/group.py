"""What the rules about availability share: the group, the workloads they look at, and how many pods these have."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from policies.core.rule import Group
from policies.core.world import World
from policies.objects import Object
from policies.objects.readable import readable
from policies.objects.values import View

AV: Final = Group("AV", "Availability", secures=False)

DEPLOYMENT: Final = "Deployment.apps"
STATEFUL_SET: Final = "StatefulSet.apps"
DAEMON_SET: Final = "DaemonSet.apps"
ROLLOUT: Final = "Rollout.argoproj.io"
REPLICATED: Final = (DEPLOYMENT, STATEFUL_SET, ROLLOUT)
"""Workloads of several pods that are meant to be alike."""
LONG_RUNNING: Final = (*REPLICATED, DAEMON_SET)
"""Workloads whose pods stay."""
AUTOSCALER: Final = "HorizontalPodAutoscaler.autoscaling"
SCALED_OBJECT: Final = "ScaledObject.keda.sh"
PAUSED: Final = "autoscaling.keda.sh/paused-replicas"
"""Annotation of a ScaledObject: how many pods there are until it is removed."""
BUDGET: Final = "PodDisruptionBudget.policy"

DELIVERY: Final = "manifests/delivery.py"
WORKLOADS: Final = "manifests/workloads.py"
SCALING: Final = "services/{service}.yaml: spec.scaling.minReplicas"
"""Where an owner says how many."""


@dataclass(frozen=True)
class Scaler:
    """What scales a workload: an autoscaler, or KEDA's way to one."""

    object: Object
    least: View
    most: View

    @property
    def minimum(self) -> float:
        """Pods at least: 1 where nothing is said (Kubernetes), none (KEDA)."""
        if self.least.path == self.object.annotations[PAUSED].path:
            return int(self.least.word[:6]) if self.least.word.isdecimal() else 0
        least = self.least.number
        return (1 if self.object.sort == AUTOSCALER else 0) if least is None else least


Target = tuple[str, str, str]
"""Namespace, kind, name."""


def target_of(scaler: Object) -> Target:
    """What `scaler` scales; KEDA takes a Deployment where no kind is named."""
    target = scaler.spec["scaleTargetRef"]
    return scaler.namespace, target["kind"].word or "Deployment", target["name"].word


def scaler_of(thing: Object) -> Scaler:
    """`thing` as a scaler. The least is what KEDA keeps while idle, or what an annotation pauses it at."""
    if thing.sort == AUTOSCALER:
        return Scaler(thing, thing.spec["minReplicas"], thing.spec["maxReplicas"])
    given = (thing.annotations[PAUSED], thing.spec["idleReplicaCount"], thing.spec["minReplicaCount"])
    return Scaler(thing, next((each for each in given if each.is_set), given[-1]), thing.spec["maxReplicaCount"])


def scalers(thing: Object, world: World) -> list[Scaler]:
    """What scales the workload `thing`."""
    return world.once(_scalers).get((thing.namespace, thing.kind, thing.name), [])


def _scalers(world: World) -> Mapping[Target, list[Scaler]]:
    found: dict[Target, list[Scaler]] = {}
    for thing in world.of(AUTOSCALER, SCALED_OBJECT):
        target = readable(partial(target_of, thing), ("", "", ""))
        found.setdefault(target, []).append(scaler_of(thing))
    return found


def least_pods(thing: Object, world: World) -> float:
    """How many pods the workload `thing` has at least: its scaler's, its own, or the one Kubernetes makes.

    A Deployment whose template a Rollout takes has none itself, and the Rollout's.
    """
    rollout = world.once(_rollouts).get((thing.namespace, thing.kind, thing.name))
    if rollout and thing.sort != ROLLOUT:
        return least_pods(rollout, world)
    scaling = scalers(thing, world)
    if scaling:
        return scaling[0].minimum
    replicas = thing.spec["replicas"].number
    return 1 if replicas is None else replicas


def _rollouts(world: World) -> Mapping[Target, Object]:
    """What Rollouts take their template from → the Rollout."""
    return {readable(partial(_template_of, rollout), ("", "", "")): rollout for rollout in world.of(ROLLOUT)}


def _template_of(rollout: Object) -> Target:
    reference = rollout.spec["workloadRef"]
    return rollout.namespace, reference["kind"].word, reference["name"].word


_PERCENT: Final = re.compile(r"([0-9]{1,4})%")


def share(view: View, whole: float | None, *, up: bool) -> float | None:
    """A number or a share of `whole` (`25%`), as Kubernetes rounds it; None where it is neither."""
    if not isinstance(view.value, str):
        return view.number
    percent = _PERCENT.fullmatch(view.word)
    if percent is None or whole is None:
        return None
    exact = int(percent[1]) * min(whole, 1e9) / 100  # no workload has more pods, and a float no more digits
    return math.ceil(exact) if up else math.floor(exact)


def percentage(view: View) -> int | None:
    """25 for `25%`; None for anything else."""
    percent = _PERCENT.fullmatch(view.word) if isinstance(view.value, str) else None
    return int(percent[1]) if percent else None


def shown(number: float) -> str:
    """`number` as messages show it: digits, unless there are too many to read."""
    return f"{number:g}" if abs(number) < 1e6 else "beyond a million"
