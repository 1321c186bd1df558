"""Where the pods of one workload go: away from each other, by node and by zone."""

from collections.abc import Mapping
from typing import Final

from manifests.manifest import Manifest

HOST: Final = "kubernetes.io/hostname"
ZONE: Final = "topology.kubernetes.io/zone"


def over(key: str, pods: Mapping[str, str], *, strictly: bool) -> Manifest:
    """A topology spread constraint: the pods with these labels differ by no more than one between two nodes or zones;
    `strictly`: rather none than one too many."""
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule" if strictly else "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(pods)},
    }


def apart(pods: Mapping[str, str], *, strictly: bool) -> Manifest:
    """An anti-affinity: no two of the pods with these labels on one node; unless `strictly`, where it can be had."""
    term = {"labelSelector": {"matchLabels": dict(pods)}, "topologyKey": HOST}
    if strictly:
        return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    weighed = {"weight": 100, "podAffinityTerm": term}
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [weighed]}}
