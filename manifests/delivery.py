"""The workload object of a service, one spelling per way of delivery, and what measures a canary."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from blueprint import names
from blueprint.apis import HTTP_PROTOCOLS
from blueprint.delivery import BlueGreen, Canary, Delivery, Numbered, Pause, Recreate, Rolling, Scheduled
from blueprint.names import selector
from blueprint.workloads import Workload
from manifests.manifest import Manifest, given, manifest
from manifests.mesh import CANARY, STABLE, WEIGHTS_ROUTE
from manifests.scaling import autoscaler
from manifests.volumes import templates
from manifests.workloads import labels, template

ROLLOUTS: Final = "argoproj.io/v1alpha1"
PROMETHEUS: Final = f"http://{names.address('prometheus-operated', names.OBSERVABILITY)}:9090"
HEADER_ROUTE: Final = "canary-by-header"
"""The route that Argo Rollouts adds and removes by itself."""

RELOADS: Final = "secret.reloader.stakater.com/reload"
ROLLOUT_RELOADS: Final = "reloader.stakater.com/rollout-strategy"

PROGRESS_DEADLINE_SECONDS: Final = 600
"""How long a version may take without a new pod becoming ready (Kubernetes' default, 600)."""
HISTORY: Final = 5
"""Old versions kept for a rollback."""


def objects(workload: Workload, delivery: Delivery) -> Iterator[Manifest]:
    """The workload, its autoscaler, and what its delivery needs."""
    yield from SPELLINGS[type(delivery)](workload, delivery)


def _common(workload: Workload) -> Manifest:
    return {
        **given(replicas=workload.replicas),
        "minReadySeconds": workload.min_ready_seconds,
        "progressDeadlineSeconds": PROGRESS_DEADLINE_SECONDS,
        "revisionHistoryLimit": HISTORY,
        "selector": {"matchLabels": dict(selector(workload.service))},
    }


def _scaled(workload: Workload, made: Manifest) -> Iterator[Manifest]:
    yield made
    if workload.autoscaler:
        target = {"apiVersion": made["apiVersion"], "kind": made["kind"], "name": made["metadata"]["name"]}
        yield autoscaler(workload, workload.autoscaler, target)


def _rolling(workload: Workload, delivery: Rolling) -> Iterator[Manifest]:
    rolling = {"maxSurge": f"{delivery.surge_percent}%", "maxUnavailable": 0}
    yield from _scaled(workload, _deployment(workload, {"type": "RollingUpdate", "rollingUpdate": rolling}))


def _recreate(workload: Workload, delivery: Recreate) -> Iterator[Manifest]:
    reason = {f"{names.PREFIX}/singleton": delivery.reason}
    yield _deployment(workload, {"type": "Recreate"}, annotations=reason)


def _numbered(workload: Workload, delivery: Numbered) -> Iterator[Manifest]:
    """All pods at once where they start, for none waits for another; one by one where their version is replaced."""
    chosen = dict(selector(workload.service))
    ports = [
        {"name": port.name, "port": port.target, "targetPort": port.target, "appProtocol": port.protocol}
        for port in workload.ports
    ]
    yield manifest(
        "v1",
        "Service",
        delivery.pods,
        workload.namespace,
        labels=labels(workload),
        spec={"type": "ClusterIP", "clusterIP": "None", "selector": chosen, **given(ports=ports)},
    )
    spec = {
        **given(replicas=workload.replicas),
        "minReadySeconds": workload.min_ready_seconds,
        "revisionHistoryLimit": HISTORY,
        "selector": {"matchLabels": chosen},
        "serviceName": delivery.pods,
        "podManagementPolicy": "Parallel",
        "updateStrategy": {"type": "RollingUpdate"},
        # The claims are the program's: no controller deletes one with the set, or with a pod.
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "volumeClaimTemplates": templates(workload),
        "template": template(workload, hash_label="controller-revision-hash"),
    }
    made = manifest(
        "apps/v1",
        "StatefulSet",
        workload.service,
        workload.namespace,
        labels=labels(workload),
        annotations=_restarted(workload),
        spec=spec,
    )
    yield from _scaled(workload, made)


def _deployment(workload: Workload, strategy: Manifest, *, annotations: Mapping[str, str] | None = None) -> Manifest:
    spec = {
        **_common(workload),
        "strategy": strategy,
        "template": template(workload, hash_label="pod-template-hash"),
    }
    return manifest(
        "apps/v1",
        "Deployment",
        workload.service,
        workload.namespace,
        labels=labels(workload),
        annotations={**_restarted(workload), **(annotations or {})},
        spec=spec,
    )


def _restarted(workload: Workload) -> Mapping[str, str]:
    """Which Secrets' new values start its pods anew, by name and no other (Reloader v1.4.21, internal/pkg/options)."""
    return {RELOADS: ",".join(workload.restarted_by)} if workload.restarted_by else {}


def _rollout(workload: Workload, strategy: Manifest, *, awaited: bool) -> Manifest:
    spec = {
        **_common(workload),
        "strategy": strategy,
        "template": template(workload, hash_label="rollouts-pod-template-hash"),
    }
    # A rollout that pauses for minutes would outlast every timeout: whoever started it does not wait for its end.
    patience = {} if awaited else {"pulumi.com/skipAwait": "true"}
    # Pod by pod in the version that runs (spec.restartAt): as a new version it would wait at each step, or for somebody
    # to promote it, while the old one has values that are no longer valid.
    restart = {ROLLOUT_RELOADS: "restart"} if workload.restarted_by else {}
    return manifest(
        ROLLOUTS,
        "Rollout",
        workload.service,
        workload.namespace,
        labels=labels(workload),
        annotations={**_restarted(workload), **restart, **patience},
        spec=spec,
    )


def _canary(workload: Workload, delivery: Canary) -> Iterator[Manifest]:
    steps: list[Manifest] = []
    routing: Manifest = {}
    if delivery.weighted:
        routing = {
            "istio": {
                # One per port: the route by header knows no port but the first of its VirtualService
                # (docs/decisions/0031-a-canarys-ports-have-routes-of-their-own.md).
                "virtualServices": [
                    {"name": names.weights(workload.service, port.number), "routes": [WEIGHTS_ROUTE]}
                    for port in sorted(workload.ports, key=lambda port: port.number)
                    if port.protocol in HTTP_PROTOCOLS
                ],
                "destinationRule": {
                    "name": workload.service,
                    "stableSubsetName": STABLE,
                    "canarySubsetName": CANARY,
                },
            }
        }
    if delivery.header:
        name, value = delivery.header
        routing["managedRoutes"] = [{"name": HEADER_ROUTE}]
        # One pod first, or the header would lead nowhere until the first weight.
        steps += [
            {"setCanaryScale": {"replicas": 1}},
            {
                "setHeaderRoute": {
                    "name": HEADER_ROUTE,
                    "match": [{"headerName": name, "headerValue": {"exact": value}}],
                }
            },
        ]
    for step in delivery.steps:
        steps.append(
            {"pause": {"duration": f"{step.seconds}s"}} if isinstance(step, Pause) else {"setWeight": step.percent}
        )
        if delivery.header and sum("setWeight" in made for made in steps) == 1 and "setWeight" in steps[-1]:
            steps.append(
                {"setCanaryScale": {"matchTrafficWeight": True}}
            )  # from here on as many pods as the weight asks
    analysis = delivery.analysis and {
        "templates": [{"templateName": name} for name in delivery.analysis.templates],
        "args": [{"name": "canary-hash", "valueFrom": {"podTemplateHashValue": "Latest"}}],
    }
    strategy = {
        "maxSurge": f"{delivery.surge_percent}%",
        "maxUnavailable": 0,
        "stableService": delivery.stable,
        "canaryService": delivery.canary,
        **given(trafficRouting=routing, analysis=analysis),
        "steps": steps,
    }
    if delivery.analysis:
        for name in delivery.analysis.templates:
            yield _analysis(workload, name, delivery.analysis.failure_limit)
    yield from _scaled(workload, _rollout(workload, {"canary": strategy}, awaited=delivery.awaited))


def _blue_green(workload: Workload, delivery: BlueGreen) -> Iterator[Manifest]:
    strategy = {
        "activeService": delivery.active,
        "previewService": delivery.preview,
        "autoPromotionEnabled": delivery.promotes_itself,
        "scaleDownDelaySeconds": delivery.scale_down_delay_seconds,
    }
    yield from _scaled(workload, _rollout(workload, {"blueGreen": strategy}, awaited=delivery.awaited))


def _scheduled(workload: Workload, delivery: Scheduled) -> Iterator[Manifest]:
    job = {
        "backoffLimit": 3,
        "activeDeadlineSeconds": delivery.active_deadline_seconds,
        "ttlSecondsAfterFinished": 86400,  # a day, to read its logs
        "template": template(workload, hash_label=None, restart="Never"),
    }
    spec = {
        "schedule": delivery.schedule,
        "timeZone": delivery.time_zone,
        "concurrencyPolicy": delivery.concurrency_policy,
        "startingDeadlineSeconds": delivery.starting_deadline_seconds,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"spec": job},
    }
    yield manifest("batch/v1", "CronJob", workload.service, workload.namespace, labels=labels(workload), spec=spec)


SPELLINGS: Final[Mapping[type, Callable[[Workload, Any], Iterator[Manifest]]]] = {
    BlueGreen: _blue_green,
    Canary: _canary,
    Numbered: _numbered,
    Recreate: _recreate,
    Rolling: _rolling,
    Scheduled: _scheduled,
}
"""Decision type → objects. Total over `blueprint.delivery.Delivery`; a test says so."""


_SELECTION: Final = (
    'reporter="destination",destination_workload_namespace="{namespace}",pod=~"{service}-{{{{args.canary-hash}}}}-.*"'
)
"""The new version's pods, as the mesh counts their requests."""

QUERIES: Final[Mapping[str, tuple[str, str]]] = {
    "success-rate": (
        'sum(rate(istio_requests_total{{{pods},response_code!~"5.."}}[2m]))'
        " / sum(rate(istio_requests_total{{{pods}}}[2m]))",
        "len(result) == 0 || isNaN(result[0]) || result[0] >= 0.99",
    ),
    "latency-p99": (
        "histogram_quantile(0.99, sum by (le) (rate(istio_request_duration_milliseconds_bucket{{{pods}}}[2m])))",
        "len(result) == 0 || isNaN(result[0]) || result[0] <= 500",
    ),
}
"""Measurement → (PromQL, success condition). No requests are no failure: a quiet canary must not be taken back.
99 % and 500 ms: the templates' objectives."""


def _analysis(workload: Workload, name: str, failure_limit: int) -> Manifest:
    query, success = QUERIES[name]
    metric = {
        "name": name,
        "initialDelay": "60s",
        "interval": "60s",
        "failureLimit": failure_limit,
        "successCondition": success,
        "provider": {
            "prometheus": {
                "address": PROMETHEUS,
                "query": query.format(pods=_SELECTION.format(namespace=workload.namespace, service=workload.service)),
                "timeout": 30,
            }
        },
    }
    spec = {"args": [{"name": "canary-hash"}], "metrics": [metric]}
    return manifest(ROLLOUTS, "AnalysisTemplate", name, workload.namespace, labels=labels(workload), spec=spec)
