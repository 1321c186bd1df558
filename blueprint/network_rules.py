"""What a network rule is made of: peers, ports, and the pods every stack knows by their labels.

A rule is one end of one edge; which rules there are is decided in `blueprint.isolation` for services and in
`blueprint.foundation` for the platform itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final, Literal

from blueprint import names

Direction = Literal["Ingress", "Egress"]


@dataclass(frozen=True, kw_only=True)
class Pods:
    """The pods with `labels` in `namespace`; no labels: all of them."""

    namespace: str
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ServicePods:
    """The pods of every service: those of namespaces that carry the service label."""


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """An address range, less some of it."""

    cidr: str
    excluded: tuple[str, ...] = ()


Peer = Pods | ServicePods | Addresses


@dataclass(frozen=True, kw_only=True, order=True)
class Port:
    """A port of the receiving pods."""

    number: int
    protocol: Literal["TCP", "UDP"] = "TCP"


@dataclass(frozen=True, kw_only=True)
class NetworkRule:
    """One end of one edge."""

    name: str
    """Unique in its namespace."""
    namespace: str
    """Where the rule stands."""
    labels: Mapping[str, str]
    """Which pods it is about; empty: all of the namespace."""
    direction: Direction
    peers: tuple[Peer, ...]
    ports: tuple[Port, ...]
    why: str
    """Which edge it is an end of."""


KUBE_DNS: Final = Pods(namespace="kube-system", labels={"k8s-app": "kube-dns"})
"""The cluster's resolver, CoreDNS or the cloud's: all keep this label."""
ISTIOD: Final = Pods(namespace=names.ISTIO, labels={"app": "istiod"})
COLLECTOR: Final = Pods(namespace=names.OBSERVABILITY, labels={"app.kubernetes.io/name": "otel-collector"})
PROMETHEUS: Final = Pods(namespace=names.OBSERVABILITY, labels={"app.kubernetes.io/name": "prometheus"})
ROLLOUTS: Final = Pods(namespace=names.ARGO_ROLLOUTS, labels={"app.kubernetes.io/name": "argo-rollouts"})
KONG_GATEWAY: Final = Pods(
    namespace=names.KONG, labels={"app.kubernetes.io/instance": "kong", "app.kubernetes.io/name": "gateway"}
)
KONG_CONTROLLER: Final = Pods(
    namespace=names.KONG, labels={"app.kubernetes.io/instance": "kong", "app.kubernetes.io/name": "controller"}
)
KONG_REDIS: Final = Pods(namespace=names.KONG, labels={"app.kubernetes.io/name": "kong-redis"})
BROKERS: Final[Mapping[str, Pods]] = {
    "kafka": Pods(namespace=names.MESSAGING, labels={"strimzi.io/cluster": "kafka", "strimzi.io/kind": "Kafka"}),
    "nats": Pods(
        namespace=names.MESSAGING, labels={"app.kubernetes.io/component": "nats", "app.kubernetes.io/name": "nats"}
    ),
    "rabbitmq": Pods(
        namespace=names.MESSAGING,
        labels={"app.kubernetes.io/component": "rabbitmq", "app.kubernetes.io/name": "rabbitmq"},
    ),
}
"""Broker → its pods, by the labels its operator or chart sets."""

DNS_PORTS: Final = (Port(number=53), Port(number=53, protocol="UDP"))
XDS_PORT: Final = Port(number=15012)
"""istiod: configuration and certificates."""
MERGED_METRICS_PORT: Final = Port(number=15020)
"""The proxy's and the service's metrics in one answer; not captured by the mesh."""
PROBE_PORTS: Final = (Port(number=15020), Port(number=15021))
"""The proxy answers the service's probes on 15020 and its own on 15021."""
OTLP_PORTS: Final = (Port(number=4317), Port(number=4318))
PROMETHEUS_PORT: Final = Port(number=9090)

PRIVATE_IPV4: Final = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
"""Everything that is not the public internet (RFC 6890): other tenants, nodes, and the clouds' metadata servers at
169.254.169.254."""
GLOBAL_IPV6: Final = "2000::/3"
"""All of IPv6 that is the public internet (RFC 4291, as IANA allocates it): no local addresses, no metadata server at
fd00:ec2::254, none of the ranges that lead back to IPv4 (64:ff9b::/96, 64:ff9b:1::/48)."""


def internet(nodes: tuple[str, ...]) -> tuple[Addresses, ...]:
    """The internet, without `nodes` where those have public addresses. A network policy knows no host names: it opens
    the port to the internet, and the mesh the host on it."""
    found = []
    for cidr, private in (("0.0.0.0/0", PRIVATE_IPV4), (GLOBAL_IPV6, ())):
        public = [node for node in nodes if _within(node, cidr) and not any(_within(node, of) for of in private)]
        found.append(Addresses(cidr=cidr, excluded=tuple(sorted({*private, *public}))))
    return tuple(found)


def _within(cidr: str, of: str) -> bool:
    """Whether all of `cidr` is in `of`."""
    part, whole = ip_network(cidr, strict=False), ip_network(of)
    return part.version == whole.version and whole.supernet_of(part)  # type: ignore[arg-type]  # of one version
