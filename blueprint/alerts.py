"""What somebody is told about the platform itself, whatever Prometheus asks.

A service's own alerts follow from its objectives and come with observability. These are of what no owner declares. An
alert is a row here, and so is a series that is recorded under a name of its own; how they are spelled, and who
evaluates them, is `manifests.alerts`'.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from blueprint import copy_alerts, drill_alerts, names, object_copies
from blueprint.context import Context


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One series under a name of its own."""

    name: str
    expression: str
    """PromQL."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert."""

    name: str
    """As Prometheus and whoever is told call it."""
    about: str
    """The object it is about; `{{ $labels.<name> }}` is a label of the answer."""
    expression: str
    """PromQL: it fires where this has an answer."""
    minutes: int
    """How long it must have one."""
    severity: Literal["critical", "warning"]
    """`critical` wakes somebody; `warning` waits for the morning."""
    summary: str
    """What is so now, in a sentence."""
    runbook: str
    """Where the project says what to do."""


def _no_pod(deployment: str, namespace: str) -> str:
    """No pod of `deployment` is ready, or kube-state-metrics does not say that one is."""
    asked = f'kube_deployment_status_replicas_ready{{namespace="{namespace}",deployment="{deployment}"}}'
    return f"(sum({asked}) or vector(0)) < 1"


def _kong_redis_away(_: Context) -> Alert:
    return Alert(
        name="KongRedisAway",
        about=names.KONG_REDIS,
        expression=_no_pod(names.KONG_REDIS, names.KONG),
        # An update ends the pod and starts another within a minute, a node that dies is given up after five: then
        # Kubernetes has not mended it by itself.
        minutes=6,
        # The edge works, and tokens, groups and the mesh's limits hold.
        severity="warning",
        summary="The gateway counts no request: rate limits with policy redis let everything pass",
        runbook="docs/runbooks/kong-redis.md",
    )


def _objects_not_copied(context: Context) -> Alert | None:
    """Where the cluster's objects are copied: no copy succeeded for two periods.

    Velero says when one last did (v1.18.1, pkg/metrics); one that succeeded in part does not count. Before the first it
    says nothing, as it does while it is away: then what counts is since when it is installed, and if that is not said
    either, it is too long.
    """
    if not context.objects_copied:
        return None
    last = f'max(velero_backup_last_successful_timestamp{{schedule="{names.OBJECT_COPIES}"}})'
    installed = f'max(kube_deployment_created{{namespace="{names.VELERO}",deployment="{names.VELERO}"}})'
    return Alert(
        name="ObjectsNotCopied",
        about=names.VELERO,
        expression=f"time() - ({last} or {installed} or vector(0)) > {object_copies.late_seconds(context)}",
        # It counts anew, from what is in the bucket, within minutes after its pod has moved to another node.
        minutes=60,
        # Whatever runs goes on, and what the catalogue declares can be made again without a copy.
        severity="warning",
        summary="The cluster's objects were not copied for two periods of backups.schedule",
        runbook="docs/runbooks/restore-the-clusters-objects.md",
    )


def _restore_drill_overdue(context: Context) -> Alert | None:
    """Where copies are restored from time to time: none was for two periods."""
    if not context.stores_copied:
        return None
    return Alert(
        name="RestoreDrillOverdue",
        about="{{ $labels.service }}",
        expression=drill_alerts.OVERDUE,
        # A drill may begin an hour late, and take longer than the one before.
        minutes=120,
        # Nothing is lost as long as the live store stands.
        severity="warning",
        summary=(
            "For two periods no copy of {{ $labels.service }} {{ $labels.resource }} was restored, so nobody knows"
            " whether one can be"
        ),
        runbook="docs/runbooks/restore-drill.md",
    )


def _store_not_copied(context: Context) -> Alert | None:
    """Where stores are copied by a run beside them: none succeeded for two periods of its schedule."""
    if not context.stores_copied:
        return None
    return Alert(
        name="StoreNotCopied",
        about="{{ $labels.service }}",
        expression=copy_alerts.OVERDUE,
        # A run may begin an hour late, and after a longer period the next one has the time it takes.
        minutes=120,
        # Nothing is lost as long as the store stands.
        severity="warning",
        summary=(
            "For two periods of its schedule {{ $labels.service }} {{ $labels.resource }} was not copied, so as much"
            " would be lost with its disks"
        ),
        runbook="docs/runbooks/store-not-copied.md",
    )


OF_THE_PLATFORM: Final[tuple[Callable[[Context], Alert | None], ...]] = (
    _kong_redis_away,
    _objects_not_copied,
    _restore_drill_overdue,
    _store_not_copied,
)
"""By name. None: a stack like this has nothing of the kind."""


def decide(context: Context) -> tuple[Alert, ...]:
    """The alerts of a stack."""
    return tuple(filter(None, (row(context) for row in OF_THE_PLATFORM)))


def recordings(context: Context) -> tuple[Recording, ...]:
    """What a stack records, by name."""
    if not context.stores_copied:
        return ()
    return (
        Recording(name="restore_drill_last_success_timestamp_seconds", expression=drill_alerts.LAST_SUCCESS),
        Recording(name="store_copy_last_success_timestamp_seconds", expression=copy_alerts.LAST_SUCCESS),
    )
