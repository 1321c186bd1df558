"""The volumes of a service: its claims, and how its pods mount them."""

from collections.abc import Iterator
from typing import Final

from blueprint import names
from blueprint.workloads import Workload
from manifests.keeping import marked
from manifests.manifest import Manifest, given, manifest

_GIBI: Final = 1024


def claims(workload: Workload) -> Iterator[Manifest]:
    """One PersistentVolumeClaim for each volume."""
    for volume in workload.volumes:
        labels = {**names.selector(workload.service), f"{names.PREFIX}/owner": workload.owner}
        spec = {
            "accessModes": ["ReadWriteMany" if volume.shared else "ReadWriteOnce"],
            "resources": {"requests": {"storage": _size(volume.size_mib)}},
            "volumeMode": "Filesystem",
            **given(storageClassName=volume.storage_class),
        }
        claim = manifest("v1", "PersistentVolumeClaim", volume.claim, workload.namespace, labels=labels, spec=spec)
        yield marked(claim, volume.deletion)


def in_the_pod(workload: Workload) -> Iterator[Manifest]:
    """The pod's `volumes`."""
    for volume in workload.volumes:
        yield {"name": names.disk(volume.resource), "persistentVolumeClaim": {"claimName": volume.claim}}


def mounts(workload: Workload, container: str) -> Iterator[Manifest]:
    """The `volumeMounts` of the container called so."""
    for volume in workload.volumes:
        if container in volume.containers:
            yield {"name": names.disk(volume.resource), "mountPath": volume.path}


def given_to_the_group(workload: Workload) -> Manifest:
    """Of the pod's security context: a disk is given to the group once, not file by file at every start of a pod, which
    takes minutes for a million files (Kubernetes, "Configure volume permission and ownership change policy")."""
    return {"fsGroupChangePolicy": "OnRootMismatch"} if workload.volumes else {}


def _size(mebibytes: int) -> str:
    """As Kubernetes would write it."""
    return f"{mebibytes // _GIBI}Gi" if mebibytes % _GIBI == 0 else f"{mebibytes}Mi"
