"""What somebody is told about the platform itself, whatever Prometheus asks.

A service's own alerts follow from its objectives and come with observability. These are of what no owner declares. An
alert is a row here, and so is a series that is recorded under a name of its own; how they are spelled, and who
evaluates them, is `manifests.alerts`'.
"""

from dataclasses import dataclass
from typing import Final, Literal

from blueprint import drill_alerts, names


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


OF_THE_PLATFORM: Final = (
    Alert(
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
    ),
    Alert(
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
    ),
)
"""By name."""

RECORDED: Final = (
    Recording(name="restore_drill_last_success_timestamp_seconds", expression=drill_alerts.LAST_SUCCESS),
)
"""By name."""
