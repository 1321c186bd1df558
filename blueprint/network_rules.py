"""What a NetworkPolicy rule is made of, and the two rules that one edge becomes.

Which edges there are is decided in `blueprint.isolation` for services and in `blueprint.platform_rules` for the
platform itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from blueprint.addresses import within

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
    """The addresses of `cidr` without those of `excluded`."""

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


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A connection that is allowed, from whoever opens it to whoever answers."""

    why: str
    """Which line of the catalogue, or which need of the platform, asks for it."""
    source: tuple[Peer, ...]
    target: tuple[Peer, ...]
    ports: tuple[Port, ...]
    """Of the target."""
    egress: str | None = None
    """Name of the rule at the source; None: no rule of ours is needed there."""
    ingress: str | None = None
    """Name of the rule at the target; None: no rule of ours is needed there, or it is no pod's."""


def both_ends(edge: Edge) -> tuple[NetworkRule, ...]:
    """The rules of `edge`: one in the namespace of its source, one in that of its target, where they have a name."""
    ends: tuple[tuple[str | None, Direction, tuple[Peer, ...], tuple[Peer, ...]], ...] = (
        (edge.egress, "Egress", edge.source, edge.target),
        (edge.ingress, "Ingress", edge.target, edge.source),
    )
    return tuple(
        NetworkRule(
            name=name,
            namespace=pods.namespace,
            labels=pods.labels,
            direction=direction,
            peers=peers,
            ports=edge.ports,
            why=edge.why,
        )
        for name, direction, here, peers in ends
        if name is not None
        for pods in here
        if isinstance(pods, Pods)
    )


def tcp(*numbers: int) -> tuple[Port, ...]:
    """TCP ports, sorted, each once."""
    return tuple(Port(number=number) for number in sorted(set(numbers)))


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
        public = [node for node in nodes if within(node, cidr) and not any(within(node, of) for of in private)]
        found.append(Addresses(cidr=cidr, excluded=tuple(sorted({*private, *public}))))
    return tuple(found)
