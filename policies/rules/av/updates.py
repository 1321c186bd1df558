"""How versions replace each other, and how a pod ends: without losing a request."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import MEDIUM, PODS, Violation, sorts
from policies.core.world import World
from policies.objects import Object
from policies.objects.pods import Container, Pod
from policies.objects.values import View
from policies.rules.av.group import (
    AV,
    DELIVERY,
    DEPLOYMENT,
    LONG_RUNNING,
    ROLLOUT,
    STATEFUL_SET,
    least_pods,
    percentage,
    shown,
)

HISTORY: Final = 2
"""Old versions kept at least: the one before, and the one before a version that was no better."""
PROGRESS: Final = 600
"""Seconds until an update that does not move is called failed, unless set (Kubernetes, Argo Rollouts)."""


@AV.stack(
    "av-rolling-update",
    "A/M/M",
    MEDIUM,
    sorts(DEPLOYMENT, STATEFUL_SET, ROLLOUT),
    why="An update that stops the old pods before the new ones are up, or keeps no way back, is an outage by plan.",
    cure="Update pod by pod with maxUnavailable 0 and minReadySeconds, and keep at least two old versions",
    where=DELIVERY,
    sources=("KubeLinter no-rolling-update-strategy",),
)
def rolling_update(thing: Object, world: World) -> Iterator[Violation]:
    yield from _STRATEGIES[thing.sort](thing, world)
    ready, history = thing.spec["minReadySeconds"], thing.spec["revisionHistoryLimit"]
    if world.facts.containers_run and not (ready.number or 0) > 0:
        yield Violation(ready, "is not set: a pod counts before its first request" if not ready.is_set else "is 0")
    if history.number is not None and history.number < HISTORY:
        yield Violation(history, f"is {shown(history.number)}, below {HISTORY}")
    progress = thing.spec["progressDeadlineSeconds"]
    if thing.sort != STATEFUL_SET and (progress.number or PROGRESS) <= (ready.number or 0):
        yield Violation(progress, f"is not above minReadySeconds, {shown(ready.number or 0)}")


def _of_deployment(thing: Object, world: World) -> Iterator[Violation]:
    strategy = thing.spec["strategy"]
    if strategy["type"].word not in ("", "RollingUpdate") and not _is_alone(thing):
        yield Violation(strategy["type"], f"is {strategy['type'].word}, which stops every pod first")
    yield from _unavailable(strategy["rollingUpdate"], thing, world)


def _of_stateful_set(thing: Object, world: World) -> Iterator[Violation]:
    strategy = thing.spec["updateStrategy"]
    if strategy["type"].word not in ("", "RollingUpdate"):
        yield Violation(strategy["type"], f"is {strategy['type'].word}, so a new version never starts by itself")
    yield from _unavailable(strategy["rollingUpdate"], thing, world)


def _of_rollout(thing: Object, world: World) -> Iterator[Violation]:
    yield from _unavailable(thing.spec.at("strategy", "canary"), thing, world)


_STRATEGIES: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    DEPLOYMENT: _of_deployment,
    STATEFUL_SET: _of_stateful_set,
    ROLLOUT: _of_rollout,
}


def _is_alone(thing: Object) -> bool:
    return thing.spec["replicas"].number in (0, 1)


def _unavailable(update: View, thing: Object, world: World) -> Iterator[Violation]:
    """A share below 100 % leaves pods. A number is compared with the fewest pods there may be."""
    missing, written = update["maxUnavailable"], thing.spec["replicas"]
    replicas = written.number if written.is_set else least_pods(thing, world)
    percent = percentage(missing)
    if isinstance(missing.value, str) and percent is None:
        yield Violation(missing, "is neither a number nor a share")
    elif percent is not None and percent >= 100:
        yield Violation(missing, f"is {percent}%, which is every pod")
    elif percent is None and missing.number and replicas and replicas > 1 and missing.number >= replicas:
        yield Violation(missing, f"is {shown(missing.number)} of {shown(replicas)} pods")
    surge = update["maxSurge"]
    nothing = [each.value in (0, "0", "0%") for each in (missing, surge) if each.is_set and each.is_known]
    if len(nothing) == 2 and all(nothing):
        yield Violation(surge, "is nothing beside maxUnavailable 0, so no update ever begins")


GRACE: Final = 30
"""Seconds a pod has to end where none are set (Kubernetes)."""
LONGEST: Final = 600
"""Seconds beyond which draining a node takes too long for an upgrade (the catalogue's own ceiling)."""
DRAIN: Final = 5
"""Seconds for requests under way once the pod gets no new ones (the mesh's own drain; Istio's default, 5)."""


@AV.resource(
    "av-graceful",
    "A/M/M",
    MEDIUM,
    PODS,
    why="A pod that stops at once is still being sent requests for some seconds, and each of them fails.",
    cure="Wait in a preStop hook, and give the pod longer to end than that and its requests take",
    where="services/{service}.yaml: spec.terminationGracePeriodSeconds",
    sources=("EKS best practices: reliability",),
)
def graceful(pod: Pod, _: Facts) -> Iterator[Violation]:
    """Jobs have no requests to lose; how long any pod may take to end is bounded all the same."""
    grace = pod.spec["terminationGracePeriodSeconds"]
    seconds = GRACE if grace.number is None else grace.number
    if not 0 < seconds <= LONGEST:
        yield Violation(grace, f"is {shown(seconds)}, not between 1 and {LONGEST}")
    if pod.object.sort not in LONG_RUNNING:
        return
    serving = [one for one in pod.containers if one.role == "container"]
    for container in serving:
        stop = container.view.at("lifecycle", "preStop")
        waits = stop.is_set and (not stop["sleep"].is_set or bool(stop.at("sleep", "seconds").number))
        handled = waits or container.view.at("lifecycle", "stopSignal").is_set
        if not handled and not container.view["ports"].is_empty:
            yield Violation(stop, "is not set: requests still arrive while the container stops")
        needed = _waits(container) + DRAIN
        if seconds > 0 and needed > seconds:
            yield Violation(
                grace, f"is {shown(seconds)}, below {shown(needed)}: the wait of preStop and {DRAIN} to drain"
            )
    proxy = pod.annotations["proxy.istio.io/config"]
    drains = _DRAIN.search(proxy.word)
    if drains and sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(drains[1])) > seconds:
        yield Violation(proxy, f"lets the proxy drain for longer than the {shown(seconds)} seconds the pod has")


_DRAIN: Final = re.compile(r"""terminationDrainDuration["']?\s*:\s*["']?((?:\d{1,6}[smh])+)""")
_PART: Final = re.compile(r"(\d+)([smh])")
_SLEEP: Final = re.compile(r"(?:^|[\s;&|/])sleep\s+(\d{1,6})([smhd]?)")
_UNITS: Final[Mapping[str, int]] = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def _waits(container: Container) -> float:
    stop = container.view.at("lifecycle", "preStop")
    slept = _SLEEP.findall(" ".join(stop.at("exec", "command").words))
    return stop.at("sleep", "seconds").number or sum(int(number) * _UNITS[unit] for number, unit in slept)
