"""What the nodes a program asks for can hold at their most."""

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Final

from policies.kubernetes.quantities import count, parse
from policies.objects import Object
from policies.objects.values import View

MACHINES: Final[Mapping[str, tuple[int, str]]] = {
    "t4g.medium": (2, "4Gi"),
    "m7g.large": (2, "8Gi"),
    "m7g.xlarge": (4, "16Gi"),
    "e2-medium": (2, "4Gi"),
    "e2-standard-4": (4, "16Gi"),
    "n2-standard-4": (4, "16Gi"),
    "n2-standard-8": (8, "32Gi"),
}
"""Cores and memory of the machines policies/config/*.json lets nodes be (AWS and Google list them)."""

ZONES: Final = 3
"""Zones of a GKE node pool that names none: a regional cluster's default."""
ZONE: Final = re.compile(r"[a-z]+-[a-z]+[0-9]+-[a-z]")
"""`europe-west1-b`; a region has no letter at its end."""

_AWS: Final = "aws:eks/nodeGroup:NodeGroup"
_GCP: Final = "gcp:container/nodePool:NodePool"
NODE_GROUPS: Final[Mapping[str, str]] = {_AWS: "scalingConfig.maxSize", _GCP: "autoscaling"}
"""Type token of a group of nodes to the field that says how many there may be."""


def capacity(groups: Sequence[Object]) -> Mapping[str, Fraction] | None:
    """CPU and memory of all `groups` at their most; None where one of the machines is not known here."""
    total = {"cpu": Fraction(0), "memory": Fraction(0)}
    for group in groups:
        nodes, names = _READERS[group.sort](group.root)
        sizes = [MACHINES.get(name) for name in names]
        if not sizes or None in sizes:
            return None
        # Several kinds may stand in for each other; what fits is what fits on the smallest.
        known = [size for size in sizes if size is not None]
        total["cpu"] += nodes * min(Fraction(cores) for cores, _ in known)
        total["memory"] += nodes * min(parse(memory) or Fraction(0) for _, memory in known)
    return total


def zones(pool: View) -> int:
    """Zones a GKE pool stands in: those it names, or its location's."""
    return len(tuple(pool["nodeLocations"])) or (1 if ZONE.fullmatch(pool["location"].word) else ZONES)


def _aws(group: View) -> tuple[int, tuple[str, ...]]:
    return count(group.at("scalingConfig", "maxSize").number, 0), group["instanceTypes"].words


def _gcp(group: View) -> tuple[int, tuple[str, ...]]:
    scaling = group["autoscaling"]
    begun = max(count(group[each].number, 0) for each in ("nodeCount", "initialNodeCount"))
    per_zone = count(scaling["maxNodeCount"].number, begun)
    nodes = count(scaling["totalMaxNodeCount"].number, per_zone * zones(group))
    machine = group.at("nodeConfig", "machineType").text
    return nodes, (machine,) if machine else ()


_READERS: Final[Mapping[str, Callable[[View], tuple[int, tuple[str, ...]]]]] = {_AWS: _aws, _GCP: _gcp}
