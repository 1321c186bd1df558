"""The volumes of a service: its claims, and how its pods mount them."""

from collections.abc import Iterator
from typing import Final

from blueprint import names
from blueprint.volumes import Volume
from blueprint.workloads import Workload
from manifests.keeping import marked
from manifests.manifest import Manifest, given, manifest

_GIBI: Final = 1024
LEAST: Final = "1Gi"
"""Size in the template of a claim: the smallest disk that every cloud makes (EBS gp3: 1 GiB)."""


def claims(workload: Workload) -> Iterator[Manifest]:
    """The PersistentVolumeClaims of each volume; those of single pods, too, or they could never grow (`templates`)."""
    labels = {**names.selector(workload.service), f"{names.PREFIX}/owner": workload.owner}
    for volume in workload.volumes:
        for name in volume.claims:
            spec = _spec(volume, _size(volume.size_mib))
            claim = manifest("v1", "PersistentVolumeClaim", name, workload.namespace, labels=labels, spec=spec)
            yield marked(claim, volume.deletion)


def templates(workload: Workload) -> list[Manifest]:
    """The `volumeClaimTemplates` of a StatefulSet, which are immutable. Every claim is there before its pod, so that of
    a template only the name counts, and its size is the same for all."""
    return [
        {"metadata": {"name": names.disk(volume.resource)}, "spec": _spec(volume, LEAST)}
        for volume in workload.volumes
        if volume.numbered
    ]


def _spec(volume: Volume, size: str) -> Manifest:
    return {
        "accessModes": ["ReadWriteMany" if volume.shared else "ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        "volumeMode": "Filesystem",
        **given(storageClassName=volume.storage_class),
    }


def in_the_pod(workload: Workload) -> Iterator[Manifest]:
    """The pod's `volumes`. One of its own comes with its number."""
    for volume in workload.volumes:
        if not volume.numbered:
            (claim,) = volume.claims
            yield {"name": names.disk(volume.resource), "persistentVolumeClaim": {"claimName": claim}}


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
