"""Where a stack runs: the ways of having a cluster, each with only its own fields.

`region` on an existing cluster is an unknown field, not an ignored one.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from blueprint.addresses import CacheAddress, Cidr
from blueprint.catalogue.promising import once
from blueprint.text import Checked, Fault, Text


class Embedded(Text):
    """The control plane this program starts on this machine: real API server, simulated nodes, no containers."""

    kind: Literal["embedded"]
    """embedded"""


class Existing(Checked):
    """A cluster somebody else made: kind, k3d, or a managed one."""

    kind: Literal["existing"]
    """existing"""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9@:/._-]{0,252}$")]
    """The cluster's name in the kubeconfig. A kubeconfig whose context leads to another cluster is refused, and a
    new address or certificate of the same cluster replaces nothing."""
    kubeconfig: str = "~/.kube/config"
    """Path of the kubeconfig; relative to the project, or from ~."""
    context: str | None = None
    """Context of the kubeconfig. Unset: its current one."""
    platform: Literal["gke", "k3d", "k3s", "microk8s", "minikube", "openshift"] | None = None
    """A kind of Kubernetes that keeps its network plug-ins in folders of its own, or brings controllers of its own.
    Unset: the usual (kubeadm, kind, EKS)."""
    node_cidrs: tuple[Cidr, ...] = ()
    """Addresses of the nodes, for probes. Unset: the network plug-in lets a node reach its own pods by itself
    (Calico, Cilium and the cloud's do)."""
    cluster_cidrs: tuple[Cidr, ...] = ()
    """Addresses of the cluster's pods and Services, such as a VPC's pod subnets and 172.20.0.0/16 on EKS. No host
    outside may be said to be there. Needed where a service's egress names `cidrs`; changes no object."""
    api_server_cidrs: tuple[Cidr, ...] = ()
    """Addresses of the API server behind the Service `kubernetes`, as `kubectl get endpointslices kubernetes` shows
    them; on a managed control plane, whose addresses change, the subnets they are in. Pods of stores that follow their
    own object (CloudNativePG's), and Velero's, may reach it there on 443 and 6443; without it such a store is refused,
    and so are copies of the cluster's objects."""
    node_local_dns: tuple[CacheAddress, ...] | None = None
    """Addresses at which a cache on each node answers for the resolver (NodeLocal DNSCache). Where kube-proxy uses
    iptables, the cache takes over the cluster IP of kube-dns: write that as well. Unset: 169.254.20.10 on GKE, where it
    is on by default since 1.33.1; none elsewhere."""

    def faults(self) -> Iterator[Fault]:
        yield from once("apiServerCidrs", self.api_server_cidrs)
        yield from once("clusterCidrs", self.cluster_cidrs)
        yield from once("nodeLocalDns", self.node_local_dns or ())


Cluster = Annotated[Embedded | Existing, Field(discriminator="kind")]
