"""The simulated machines and the default storage class: what a cluster has before anything is deployed to it."""

from __future__ import annotations

from typing import Any

STORAGE_CLASS = "standard"
PROVISIONER = "embedded.platform.local"
REGION = "embedded"
ZONES = ("embedded-a", "embedded-b", "embedded-c")
"""Three, as production has: topology spread and zone-aware rules are judged by the real scheduler."""
ADDRESSES = {f"node-{zone}": f"198.51.100.{10 + number}" for number, zone in enumerate(ZONES)}
"""Node → its InternalIP, and so the `hostIP` of its pods: what controllers know a node by. Of TEST-NET-2 (RFC 5737):
they lead nowhere, as nothing runs there."""
CAPACITY = {"cpu": "32", "memory": "256Gi", "pods": "250", "ephemeral-storage": "1Ti"}
"""Per node; generous, as nothing runs: only the platform's own quotas and limits should refuse a pod. Set by the stage
that makes nodes healthy, because users cannot write a status. 250 pods is the most the clouds support."""


def objects() -> tuple[dict[str, Any], ...]:
    return (*(_node(name, zone) for name, zone in zip(ADDRESSES, ZONES, strict=True)), _storage_class())


def _node(name: str, zone: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": "simulated",
                "topology.kubernetes.io/region": REGION,
                "topology.kubernetes.io/zone": zone,
            },
        },
        "spec": {},
    }


def _storage_class() -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
        "allowVolumeExpansion": True,
    }
