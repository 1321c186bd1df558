"""How many pods of a service run: its autoscaler."""

from collections.abc import Mapping

from blueprint.workloads import Autoscaler, Workload
from manifests.manifest import Manifest, given, manifest
from manifests.workloads import labels


def autoscaler(workload: Workload, scaler: Autoscaler, target: Mapping[str, str]) -> Manifest:
    """Scales `target` (apiVersion, kind, name) on the main container alone, so that the proxy does not count."""
    watched = given(cpu=scaler.cpu_percent, memory=scaler.memory_percent)
    metrics = [
        {
            "type": "ContainerResource",
            "containerResource": {
                "name": resource,
                "container": "main",
                "target": {"type": "Utilization", "averageUtilization": percent},
            },
        }
        for resource, percent in watched.items()
    ]
    spec = {
        "scaleTargetRef": dict(target),
        "minReplicas": scaler.least,
        "maxReplicas": scaler.most,
        "metrics": metrics,
        "behavior": {
            # Up at once, doubling at most; down slowly, or a service swings between its least and its most.
            "scaleUp": {"policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]},
            "scaleDown": {
                "stabilizationWindowSeconds": 300,
                "policies": [{"type": "Percent", "value": 25, "periodSeconds": 60}],
            },
        },
    }
    return manifest(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        workload.service,
        workload.namespace,
        labels=labels(workload),
        spec=spec,
    )
