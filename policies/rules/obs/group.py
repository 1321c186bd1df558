"""What the rules about telemetry share: the group, the sorts they look at, and whether a run watches at all."""

from functools import partial
from typing import Final

from policies.core.rule import Group
from policies.core.world import World
from policies.objects import Object
from policies.objects.readable import readable

OBS: Final = Group("OBS", "Telemetry", secures=False)

SERVICE_MONITOR: Final = "ServiceMonitor.monitoring.coreos.com"
POD_MONITOR: Final = "PodMonitor.monitoring.coreos.com"
PROMETHEUS_RULE: Final = "PrometheusRule.monitoring.coreos.com"
PROMETHEUS: Final = "Prometheus.monitoring.coreos.com"
DASHBOARD: Final = "GrafanaDashboard.grafana.integreatly.org"
DASHBOARD_LABEL: Final = "grafana_dashboard"
"""On a ConfigMap: Grafana's sidecar loads it (kube-prometheus-stack, grafana.sidecar.dashboards.label)."""

LONG_RUNNING: Final = ("DaemonSet.apps", "Deployment.apps", "Rollout.argoproj.io", "StatefulSet.apps")
"""Workloads that run for long enough to be monitored."""


def is_dashboard(thing: Object) -> bool:
    """Whether `thing` is a dashboard, or may be one."""
    return thing.sort == DASHBOARD or (
        thing.sort == "ConfigMap" and readable(partial(_is_labelled, thing), otherwise=False)
    )


def _is_labelled(thing: Object) -> bool:
    return thing.labels[DASHBOARD_LABEL].is_set


def is_watched(world: World) -> bool:
    """Whether the run says how services are watched: it holds one monitor, alert or dashboard.

    Only then the absence of another says anything; in a run without, telemetry lives elsewhere or not yet.
    """
    return world.once(_is_watched)


def _is_watched(world: World) -> bool:
    return bool(world.of(SERVICE_MONITOR, POD_MONITOR, PROMETHEUS_RULE)) or any(
        is_dashboard(thing) for thing in world.of(DASHBOARD, "ConfigMap")
    )


def service_of(namespace: Object, world: World) -> str:
    """The service `namespace` is of, where this run makes it and watches; else ""."""
    return namespace.name if namespace.name in world.service_namespaces and is_watched(world) else ""
