"""What somebody is told about the platform itself, whatever Prometheus asks.

A service's own alerts follow from its objectives and come with observability. These are of what no owner declares. An
alert is a row here; how it is spelled, and who evaluates it, is `manifests.alerts`'.
"""

from dataclasses import dataclass
from typing import Final, Literal

from blueprint import names


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert."""

    name: str
    """As Prometheus and whoever is told call it."""
    about: str
    """The object it is about."""
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
)
"""By name."""
