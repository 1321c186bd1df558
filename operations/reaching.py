"""Whether the cluster a stack is for is the one that would be reached: asked before anything is touched."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from blueprint.clusters import Attached, Cluster
from blueprint.reading import read_kubeconfig
from blueprint.reading.stacks import Kubeconfig


def _attached(cluster: Attached, root: Path) -> Kubeconfig:
    path = Path(cluster.kubeconfig).expanduser()
    return read_kubeconfig(root / path, context=cluster.context, cluster=cluster.name)


REACHED: Final[Mapping[type, Callable[[Any, Path], Kubeconfig]]] = {Attached: _attached}
"""Decision type → how it is asked. Total over what `blueprint.clusters` decides; a test says so."""


def reach(cluster: Cluster, root: Path) -> Kubeconfig:
    """Where `cluster` is reached; relative paths start at `root`. Raises TextError where that is another cluster."""
    return REACHED[type(cluster)](cluster, root)
