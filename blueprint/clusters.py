"""Where a stack runs: what its cluster is, and how it is reached.

One decision type per way of having a cluster; `components.cluster` holds the total table from type to connection,
`operations.reaching` that from type to what is asked before anything is touched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from blueprint.settings import Cluster as ClusterText
from blueprint.settings import Embedded, Existing

EMBEDDED: Final = "embedded"
"""Name of the embedded control plane: of its cluster, user and context in the kubeconfig."""
EMBEDDED_KUBECONFIG: Final = ".embedded/kubeconfig"
"""Where the embedded control plane leaves its kubeconfig, relative to the project."""
EMBEDDED_PLUGIN: Final = "4.25.0"
"""The newest Kubernetes plugin that can be built where nothing can be downloaded (tools/pulumi-resource-kubernetes)."""


DNS_CACHES: Final[Mapping[str | None, tuple[str, ...]]] = {"gke": ("169.254.20.10",)}
"""Platform → where its nodes' DNS cache answers unless somebody says otherwise. GKE: "Set up NodeLocal DNSCache", on by
default from 1.33.1, always on Autopilot; the address is the add-on's (kubernetes/kubernetes,
cluster/addons/dns/nodelocaldns)."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What every decision may know of a cluster, whoever made it."""

    name: str
    """Its identity: a new address or certificate of it replaces nothing."""
    platform: str | None
    """A kind of Kubernetes with folders or controllers of its own; None: the usual."""
    node_cidrs: tuple[str, ...]
    """Addresses the kubelets probe from; empty: the network plug-in lets them through by itself."""
    dns_caches: tuple[str, ...]
    """Addresses at which a cache on each node answers for the resolver; empty: there is none."""
    api_server_cidrs: tuple[str, ...]
    """Addresses of the API server behind its Service, for pods that need it and are closed otherwise."""
    cloud: Literal["aws", "gcp"] | None
    """Whose managed services are beside it; None: nobody's."""
    simulated: bool
    """Whether its nodes only say that containers run: nothing can fail, and nothing has to be waited for."""


@dataclass(frozen=True, kw_only=True)
class Attached(Cluster):
    """A cluster that is there already."""

    kubeconfig: str
    """Path, relative to the project or from ~."""
    context: str | None
    """Context of the kubeconfig; None: its current one."""
    plugin_version: str | None
    """Kubernetes plugin to ask for; None: the SDK's own."""


def _embedded(_: Embedded) -> Attached:
    return Attached(
        name=EMBEDDED,
        kubeconfig=EMBEDDED_KUBECONFIG,
        context=EMBEDDED,
        plugin_version=EMBEDDED_PLUGIN,
        platform=None,
        node_cidrs=(),
        dns_caches=(),
        api_server_cidrs=(),
        cloud=None,
        simulated=True,
    )


def _existing(text: Existing) -> Attached:
    return Attached(
        name=text.name,
        kubeconfig=text.kubeconfig,
        context=text.context,
        plugin_version=None,
        platform=text.platform,
        node_cidrs=text.node_cidrs,
        dns_caches=DNS_CACHES.get(text.platform, ()) if text.node_local_dns is None else text.node_local_dns,
        api_server_cidrs=text.api_server_cidrs,
        cloud=None,
        simulated=False,
    )


MAKERS: Final[Mapping[type, Callable[[Any], Cluster]]] = {Embedded: _embedded, Existing: _existing}
"""Settings type → decision. Total over `settings.Cluster`; a test says so."""


def decide(cluster: ClusterText) -> Cluster:
    """How the stack's cluster is reached."""
    return MAKERS[type(cluster)](cluster)
