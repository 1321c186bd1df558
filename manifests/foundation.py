"""The platform's own namespaces, their network rules, the priority classes, and the alerts."""

from collections.abc import Iterator
from typing import Final

from blueprint import names
from blueprint.foundation import Foundation, Priority
from blueprint.mesh import Mesh
from blueprint.namespaces import PlatformNamespace
from manifests.admission import policies
from manifests.alerts import alerts
from manifests.isolation import default_deny, namespace, network_policy
from manifests.manifest import Manifest, manifest

PURPOSE: Final = f"{names.PREFIX}/purpose"


def foundation(decision: Foundation) -> Iterator[Manifest]:
    """Priorities first, because every pod names one; namespaces, network policies; what the cluster refuses; alerts."""
    for priority in decision.priorities:
        yield _priority(priority)
    for of in decision.namespaces:
        yield _namespace(of)
    for of in decision.namespaces:
        if of.denied:
            yield default_deny(of.name)
    for rule in decision.rules:
        yield network_policy(rule)
    yield from policies(decision.admission_policies)
    yield alerts(decision.alerts, decision.recordings)


def platform_ready(mesh: Mesh | None) -> Manifest:
    """The last object of the platform: once it is there, services may come. It says what they may count on."""
    mode = {"mesh": f"sidecar, trust domain {mesh.trust_domain}" if mesh else "none"}
    return manifest("v1", "ConfigMap", "platform", names.KONG, data={"platform": "ready", **mode})


def _namespace(of: PlatformNamespace) -> Manifest:
    made = namespace(of.name, labels={f"{names.PREFIX}/part": "platform"}, meshed=of.meshed, restricted=of.restricted)
    made["metadata"]["annotations"] = {PURPOSE: of.purpose}
    return made


def _priority(priority: Priority) -> Manifest:
    return manifest(
        "scheduling.k8s.io/v1",
        "PriorityClass",
        names.priority(priority.tier),
        None,
        value=priority.value,
        globalDefault=False,
        preemptionPolicy="PreemptLowerPriority" if priority.preempts else "Never",
        description=f"Services of tier {priority.tier}.",
    )
