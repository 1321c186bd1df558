"""What the platform itself has, whatever services there are: its namespaces, their network rules, and the priorities.

Rules here are ends of the platform edges that `blueprint.isolation` allows in every service's namespace. They select by
label, so that a new service changes none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import admission, names
from blueprint.admission import AdmissionPolicy
from blueprint.clusters import Attached
from blueprint.network_rules import (
    COLLECTOR,
    DNS_PORTS,
    ISTIOD,
    KONG_CONTROLLER,
    KONG_GATEWAY,
    KONG_REDIS,
    KUBE_DNS,
    MERGED_METRICS_PORT,
    OTLP_PORTS,
    PROMETHEUS,
    PROMETHEUS_PORT,
    ROLLOUTS,
    XDS_PORT,
    Addresses,
    Direction,
    NetworkRule,
    Peer,
    Pods,
    Port,
    ServicePods,
)


@dataclass(frozen=True, kw_only=True)
class PlatformNamespace:
    """One namespace of the platform."""

    name: str
    restricted: bool
    """Pod Security *restricted*; else privileged, for what sets up the nodes' network."""
    meshed: bool
    denied: bool
    """Whether everything is closed but its rules. Namespaces of other people's charts keep the charts' own policies:
    their controllers need the API server, whose address no selector can name."""
    purpose: str


@dataclass(frozen=True, kw_only=True)
class Priority:
    """Who gives way to whom when nodes are full."""

    tier: str
    value: int
    preempts: bool
    """Whether it may end running pods of lower priority."""


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """The platform before its first service."""

    namespaces: tuple[PlatformNamespace, ...]
    rules: tuple[NetworkRule, ...]
    priorities: tuple[Priority, ...]
    admission_policies: tuple[AdmissionPolicy, ...]
    """What the cluster itself refuses."""


PRIORITIES: Final = (
    Priority(tier="best-effort", value=1_000, preempts=False),
    Priority(tier="critical", value=1_000_000, preempts=True),
    Priority(tier="standard", value=100_000, preempts=True),
)
"""By tier. Above the default of 0, below the thousand million from which Kubernetes' own begin."""

_ISTIO: Final[Mapping[str, PlatformNamespace]] = {
    names.ISTIO: PlatformNamespace(
        name=names.ISTIO, restricted=True, meshed=False, denied=False, purpose="the mesh's control plane"
    ),
    names.ISTIO_CNI: PlatformNamespace(
        name=names.ISTIO_CNI, restricted=False, meshed=False, denied=False, purpose="sets up the nodes' network"
    ),
}


def decide(cluster: Attached, *, meshed: bool) -> Foundation:
    """The platform's own part of a stack."""
    namespaces = [
        *(_ISTIO.values() if meshed else ()),
        _namespace(names.ARGO_ROLLOUTS, "delivers canaries"),
        _namespace(names.CERT_MANAGER, "issues certificates"),
        PlatformNamespace(name=names.KONG, restricted=True, meshed=meshed, denied=False, purpose="the public edge"),
        _namespace(names.MESSAGING, "the brokers", denied=True),
        _namespace(names.OBSERVABILITY, "metrics, traces and logs", denied=True),
    ]
    rules = (*_gateway_rules(cluster, meshed), *_observability_rules(meshed))
    return Foundation(
        namespaces=tuple(sorted(namespaces, key=lambda namespace: namespace.name)),
        rules=tuple(sorted(rules, key=lambda rule: (rule.namespace, rule.name))),
        priorities=PRIORITIES,
        admission_policies=admission.decide(meshed=meshed),
    )


def _namespace(name: str, purpose: str, *, denied: bool = False) -> PlatformNamespace:
    return PlatformNamespace(name=name, restricted=True, meshed=False, denied=denied, purpose=purpose)


def _rule(
    of: Pods, name: str, direction: Direction, peers: tuple[Peer, ...], ports: tuple[Port, ...], why: str
) -> NetworkRule:
    return NetworkRule(
        name=name, namespace=of.namespace, labels=of.labels, direction=direction, peers=peers, ports=ports, why=why
    )


def _gateway_rules(cluster: Attached, meshed: bool) -> list[NetworkRule]:
    """Kong's proxy: open to the world on its two ports, its admin port to its controller alone."""
    world = (Addresses(cidr="0.0.0.0/0"), Addresses(cidr="::/0"))
    public = (Port(number=8000), Port(number=8443))
    status = (Port(number=8100),)
    rules = [
        _rule(KONG_GATEWAY, "gateway.public", "Ingress", world, public, "the world reaches the gateway"),
        _rule(
            KONG_GATEWAY,
            "gateway.admin",
            "Ingress",
            (KONG_CONTROLLER,),
            (Port(number=8444),),
            "its controller configures the gateway",
        ),
        _rule(KONG_GATEWAY, "gateway.metrics", "Ingress", (PROMETHEUS,), status, "platform edge metrics"),
        _rule(KONG_GATEWAY, "gateway.dns", "Egress", (KUBE_DNS,), DNS_PORTS, "platform edge dns"),
        _rule(KONG_GATEWAY, "gateway.telemetry", "Egress", (COLLECTOR,), OTLP_PORTS, "platform edge telemetry"),
        _rule(
            KONG_GATEWAY,
            "gateway.limits",
            "Egress",
            (KONG_REDIS,),
            (Port(number=6379),),
            "rate limits are counted in Redis",
        ),
    ]
    if meshed:
        rules.append(_rule(KONG_GATEWAY, "gateway.istiod", "Egress", (ISTIOD,), (XDS_PORT,), "platform edge istiod"))
    if cluster.node_cidrs:
        nodes = tuple(Addresses(cidr=cidr) for cidr in sorted(cluster.node_cidrs))
        rules.append(_rule(KONG_GATEWAY, "gateway.kubelet", "Ingress", nodes, status, "platform edge kubelet"))
    return rules


def _observability_rules(meshed: bool) -> list[NetworkRule]:
    senders = (ServicePods(), KONG_GATEWAY)
    rules = [
        _rule(COLLECTOR, "collector.telemetry", "Ingress", senders, OTLP_PORTS, "platform edge telemetry"),
        _rule(PROMETHEUS, "prometheus.dns", "Egress", (KUBE_DNS,), DNS_PORTS, "platform edge dns"),
        _rule(COLLECTOR, "collector.dns", "Egress", (KUBE_DNS,), DNS_PORTS, "platform edge dns"),
        _rule(
            PROMETHEUS, "prometheus.gateway", "Egress", (KONG_GATEWAY,), (Port(number=8100),), "platform edge metrics"
        ),
        _rule(
            PROMETHEUS,
            "prometheus.analysis",
            "Ingress",
            (ROLLOUTS,),
            (PROMETHEUS_PORT,),
            "a canary is judged by its metrics",
        ),
    ]
    if meshed:
        why = "platform edge metrics: every proxy answers for its service"
        rules.append(_rule(PROMETHEUS, "prometheus.services", "Egress", (ServicePods(),), (MERGED_METRICS_PORT,), why))
    return rules
