"""How a new version of each service replaces the old one, and how many pods that takes at the busiest moment.

Each way is a type of its own with only its own fields; `manifests.workloads` holds the total table from type to
object. The owner's word is `rollout.strategy`, except that a cronjob and a singleton have nothing to roll, and that
pods with disks of their own keep their numbers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from blueprint import names, sizes
from blueprint.apis import HTTP_PROTOCOLS
from blueprint.catalogue import Service, Spec, attaching
from blueprint.catalogue import delivering as words
from blueprint.catalogue.scheduling import Job
from blueprint.context import Context
from blueprint.quantities import seconds


@dataclass(frozen=True, kw_only=True)
class Rolling:
    """A Deployment: pod by pod."""

    surge_percent: int


@dataclass(frozen=True, kw_only=True)
class Recreate:
    """A Deployment of one pod: it ends before its next version starts."""

    reason: str
    """Why, in its owner's words."""


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """A StatefulSet: pod by pod, each under its number, by which it finds its disks again."""

    pods: str
    """The headless Service without which Kubernetes takes none."""


@dataclass(frozen=True, kw_only=True)
class Weight:
    """A step: this share of the requests, in per cent."""

    percent: int


@dataclass(frozen=True, kw_only=True)
class Pause:
    """A step: wait."""

    seconds: int


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What is measured in the background, and how often it may fail."""

    templates: tuple[str, ...]
    failure_limit: int


@dataclass(frozen=True, kw_only=True)
class Canary:
    """An Argo Rollout: a growing share of the requests."""

    stable: str
    """Service of the old version."""
    canary: str
    """Service of the new version."""
    steps: tuple[Weight | Pause, ...]
    header: tuple[str, str] | None
    """Requests with this header (name, value) always reach the new version. Only a mesh can do it."""
    weighted: bool
    """Whether the mesh splits the requests; else (no mesh, or no request it can tell apart) the share of the pods."""
    analysis: Analysis | None
    surge_percent: int
    awaited: bool
    """Whether an update of the stack waits until the rollout is through."""


@dataclass(frozen=True, kw_only=True)
class BlueGreen:
    """An Argo Rollout: all requests at once."""

    active: str
    """Service of the version that takes the requests."""
    preview: str
    """Service of the version that waits."""
    promotes_itself: bool
    scale_down_delay_seconds: int
    awaited: bool
    """Whether an update of the stack waits for the promotion: never for one that a person has to give."""


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """A CronJob."""

    schedule: str
    """Five cron fields, in `time_zone`."""
    time_zone: str
    """IANA's name."""
    concurrency_policy: str
    """Forbid or Replace: two runs never go on at once."""
    starting_deadline_seconds: int
    """How late a run may start."""
    active_deadline_seconds: int
    """How long a run may take, with its repeats."""


Delivery = Rolling | Recreate | Numbered | Canary | BlueGreen | Scheduled

IMPATIENT: Final = frozenset({"dev", "ephemeral"})
"""Environments where an update waits for its rollouts: whoever runs it wants to see the result."""
PATIENCE_SECONDS: Final = 300
"""The longest pauses anybody waits for: half of the ten minutes after which the Kubernetes provider gives up."""


def _rolling(service: Service, context: Context) -> Rolling:
    del service, context
    return Rolling(surge_percent=sizes.SURGE_PERCENT)


def _canary(service: Service, context: Context) -> Canary:
    text = service.spec.rollout.canary
    ports = service.spec.service.ports.values() if service.spec.service else ()
    weighted = context.meshed and any(port.app_protocol in HTTP_PROTOCOLS for port in ports)
    pauses = sum(seconds(step.pause) for step in text.steps if step.pause)
    return Canary(
        stable=names.stable(service.name),
        canary=names.canary(service.name),
        steps=tuple(
            Pause(seconds=max(1, round(seconds(step.pause)))) if step.pause else Weight(percent=step.set_weight or 0)
            for step in text.steps
        ),
        header=(text.header.name, text.header.value) if isinstance(text.header, words.Header) and weighted else None,
        weighted=weighted,
        analysis=Analysis(templates=text.analysis.templates, failure_limit=text.analysis.failure_limit)
        if isinstance(text.analysis, words.Analysis) and weighted
        else None,
        surge_percent=sizes.SURGE_PERCENT,
        awaited=context.environment in IMPATIENT and pauses <= PATIENCE_SECONDS,
    )


def _blue_green(service: Service, context: Context) -> BlueGreen:
    text = service.spec.rollout.blue_green
    ports = service.spec.service.ports.values() if service.spec.service else ()
    led = context.meshed and all(port.app_protocol in HTTP_PROTOCOLS for port in ports)
    return BlueGreen(
        # Without a mesh, or on a port whose requests it cannot tell apart, nothing leads from the service's own name to
        # the active version: the own name is it, or both versions would answer there
        # (docs/decisions/0008-which-service-of-a-blue-green-rollout-is-active.md).
        active=names.active(service.name) if led else service.name,
        preview=names.preview(service.name),
        promotes_itself=text.auto_promotion_enabled,
        scale_down_delay_seconds=text.scale_down_delay_seconds,
        awaited=context.environment in IMPATIENT and text.auto_promotion_enabled,
    )


MAKERS: Final[Mapping[str, Callable[[Service, Context], Any]]] = {
    "rolling": _rolling,
    "canary": _canary,
    "blueGreen": _blue_green,
}
"""The catalogue's strategy → decision. Total; a test says so."""


def decide(service: Service, context: Context) -> Delivery:
    """How `service` is delivered."""
    if service.spec.schedule is not None:
        return _scheduled(service.spec.schedule, service.spec.job)
    if service.spec.singleton is not None:
        return Recreate(reason=service.spec.singleton)
    if attaching.numbered(service.spec.resources):
        return Numbered(pods=names.numbered(service.name))
    made: Delivery = MAKERS[service.spec.rollout.strategy](service, context)
    return made


def _scheduled(schedule: str, job: Job) -> Scheduled:
    return Scheduled(
        schedule=schedule,
        time_zone=job.time_zone,
        concurrency_policy=job.concurrency_policy,
        starting_deadline_seconds=round(seconds(job.starting_deadline)),
        active_deadline_seconds=round(seconds(job.active_deadline)),
    )


_PEAKS: Final[Mapping[str, Callable[[int, bool], int]]] = {
    # A pod that is stopping still counts, so a surge counts twice: those that start and those that end.
    "rolling": lambda most, _: most + 2 * sizes.surge(most),
    # With weights the old version keeps all its pods until the last step.
    "canary": lambda most, meshed: 2 * most + sizes.surge(most) if meshed else most + 2 * sizes.surge(most),
    "blueGreen": lambda most, _: 2 * most + sizes.surge(most),
}


def peak_pods(spec: Spec, *, meshed: bool) -> int:
    """Pods of `spec` at the busiest moment of a delivery: what its namespace's quota must allow."""
    if spec.schedule is not None:
        return 2  # one that runs (its concurrency policy allows no second) and one that is being stopped
    if spec.singleton is not None:
        return 2  # one on a node that is lost, which stays until the node is back, and the one that replaces it
    if attaching.numbered(spec.resources):
        return spec.scaling.most  # one that is stopping has to be gone before its number starts again
    return _PEAKS[spec.rollout.strategy](spec.scaling.most, meshed)
