"""Reloader's chart, and its rights in its own namespace. Those in services' namespaces are `manifests.secrets`'."""

from collections.abc import Iterator
from typing import Any, Final

from blueprint.operators.reloader import Reloader
from manifests.credentials import RBAC, bound
from manifests.manifest import Manifest, manifest
from manifests.operators.spelling import Spelling
from manifests.resources import resources


# stakater/Reloader v1.4.21, deployments/kubernetes/chart/reloader/values.yaml. With `namespaces` the flag --namespaces
# names what is watched; the chart's own rights (`rbac`) would be larger, and in namespaces that are made after it.
# `annotations` writes an annotation into the pod template; by default it would add a variable to a container, and write
# into a list that is not its own. Jobs and ConfigMaps are none of its business: pods of a job read a Secret when they
# start, and a changed ConfigMap of ours changes the pod template already (`catalog.platform/config-checksum`).
def _values(reloader: Reloader) -> dict[str, Any]:
    return {
        "fullnameOverride": reloader.name,
        "reloader": {
            "deployment": {
                "containerSecurityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                },
                "replicas": reloader.replicas,
                "resources": resources(reloader.controller),
            },
            "enableHA": reloader.replicas > 1,
            "ignoreConfigMaps": True,
            "ignoreCronJobs": True,
            "ignoreJobs": True,
            "isArgoRollouts": True,
            "namespaces": list(reloader.watches),
            "podDisruptionBudget": {"enabled": reloader.replicas > 1, "minAvailable": 1},
            "rbac": {"enabled": False},
            "readOnlyRootFileSystem": True,
            "reloadStrategy": "annotations",
            "watchGlobally": False,
        },
    }


LEASE: Final = "stakater-reloader-lock"
NOTE: Final = "reloader-meta-info"
"""By which one of several leads, and in which it writes down its own settings (internal/pkg/constants,
pkg/common/metainfo.go)."""


def _beside(reloader: Reloader) -> Iterator[Manifest]:
    name, namespace = reloader.name, reloader.namespace
    rules: list[Manifest] = [
        # The chart has it look into its own namespace as well, where there are none.
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list", "watch"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [NOTE], "verbs": ["get", "update"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": [LEASE],
            "verbs": ["get", "update"],
        },
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
    ]
    yield manifest(RBAC, "Role", name, namespace, labels={}, rules=rules)
    yield bound(name, namespace, {"kind": "ServiceAccount", "name": name, "namespace": namespace}, {})


SPELLING: Final = Spelling(values=_values, beside=_beside)
