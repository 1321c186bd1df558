"""The connections that no catalogue declares: what every pod needs, and what the platform's own pods need.

`PLATFORM_EDGES` is one table for both. Rules of the platform's own pods select services by label, so that a new
service changes none of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Final

from blueprint.network_rules import (
    Addresses,
    Direction,
    Edge,
    NetworkRule,
    Peer,
    Pods,
    Port,
    ServicePods,
    both_ends,
    internet,
    tcp,
)
from blueprint.vendors import (
    ACME_SOLVER,
    ACME_SOLVER_PORT,
    API_SERVER_PORTS,
    COLLECTOR,
    DNS_CACHE,
    DNS_PORTS,
    ISTIOD,
    KONG_ADMIN_PORT,
    KONG_CONTROLLER,
    KONG_GATEWAY,
    KONG_PUBLIC_PORTS,
    KONG_REDIS,
    KONG_STATUS_PORT,
    KUBE_DNS,
    MERGED_METRICS_PORT,
    OTLP_PORTS,
    PROBE_PORTS,
    PROMETHEUS,
    PROMETHEUS_PORT,
    REDIS_PORT,
    ROLLOUTS,
    VELERO,
    VELERO_METRICS_PORT,
    XDS_PORT,
)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What of a stack decides which platform edges it has."""

    meshed: bool
    node_cidrs: tuple[str, ...]
    """Addresses the kubelets probe from; empty: the network plug-in lets them through by itself."""
    dns_caches: tuple[str, ...]
    """Addresses at which a cache on each node answers for the resolver; empty: there is none."""
    acme: bool
    """Whether a public authority asks the gateway for its certificates' hosts."""
    streams: tuple[int, ...]
    """Ports on which the gateway takes bytes, besides those of requests."""
    objects_copied: bool
    """Whether Velero copies the cluster's objects."""
    api_server_cidrs: tuple[str, ...]
    """Addresses of the API server; empty: nobody says where it is."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """Ports of some pods that the platform itself connects to; none: it does not."""

    metrics: tuple[Port, ...] = ()
    probes: tuple[Port, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlatformEdge:
    """A connection that pods need whoever they are, seen from those pods."""

    name: str
    reason: str
    direction: Direction
    peers: Callable[[Surroundings], tuple[Peer, ...]]
    """The other side; nobody: a stack like this has no such edge."""
    ports: Callable[[Served], tuple[Port, ...]]
    """Of whichever side answers; none: these pods have no such edge."""

    @property
    def why(self) -> str:
        """What stands on the rules."""
        return f"platform edge {self.name}: {self.reason}"


def _caches(around: Surroundings) -> tuple[Peer, ...]:
    """The nodes' DNS cache: by address, since its pods are on the host's network, and by label, since data planes of
    eBPF (Cilium, GKE's Dataplane V2) redirect to the pod and judge that. It needs no rule: host pods have none."""
    if not around.dns_caches:
        return ()
    return (DNS_CACHE, *(Addresses(cidr=str(ip_network(address))) for address in sorted(around.dns_caches)))


PLATFORM_EDGES: Final = (
    PlatformEdge(
        name="dns",
        reason="every pod resolves names",
        direction="Egress",
        peers=lambda around: (KUBE_DNS, *_caches(around)),
        ports=lambda _: DNS_PORTS,
    ),
    PlatformEdge(
        name="istiod",
        reason="the proxy gets its configuration and certificate",
        direction="Egress",
        peers=lambda around: (ISTIOD,) if around.meshed else (),
        ports=lambda _: (XDS_PORT,),
    ),
    PlatformEdge(
        name="kubelet",
        reason="the nodes probe their pods",
        direction="Ingress",
        peers=lambda around: tuple(Addresses(cidr=cidr) for cidr in sorted(around.node_cidrs)),
        ports=lambda served: served.probes,
    ),
    PlatformEdge(
        name="metrics",
        reason="Prometheus reads every pod",
        direction="Ingress",
        peers=lambda _: (PROMETHEUS,),
        ports=lambda served: served.metrics,
    ),
    PlatformEdge(
        name="telemetry",
        reason="traces, metrics and logs go to the collector",
        direction="Egress",
        peers=lambda _: (COLLECTOR,),
        ports=lambda _: OTLP_PORTS,
    ),
)
"""Every need that is not a line of the catalogue, by name."""


def platform_edges(pods: Pods, prefix: str, served: Served, around: Surroundings) -> dict[str, Edge]:
    """The platform edges of `pods`, by name. The rule at `pods` is called `<prefix>.<name>`; the other end is not
    named, because one rule there serves all pods, or none of ours is needed."""
    found = {}
    for of in PLATFORM_EDGES:
        peers, ports, rule = of.peers(around), of.ports(served), f"{prefix}.{of.name}"
        if not peers or not ports:
            continue
        if of.direction == "Egress":
            found[of.name] = Edge(why=of.why, source=(pods,), target=peers, ports=ports, egress=rule)
        else:
            found[of.name] = Edge(why=of.why, source=peers, target=(pods,), ports=ports, ingress=rule)
    return found


_WORLD: Final = (Addresses(cidr="0.0.0.0/0"), Addresses(cidr="::/0"))


def decide(around: Surroundings) -> tuple[NetworkRule, ...]:
    """The rules of the platform's own pods."""
    edges = (*_gateway(around), *_kong_redis(around), *_observability(around), *_velero(around))
    return tuple(
        sorted((rule for edge in edges for rule in both_ends(edge)), key=lambda rule: (rule.namespace, rule.name))
    )


def is_about(rule: NetworkRule, pods: Pods) -> bool:
    """Whether `rule` stands at `pods`."""
    return (rule.namespace, rule.labels) == (pods.namespace, pods.labels)


def _own(pods: Pods, prefix: str, served: Served, around: Surroundings) -> dict[str, Edge]:
    """The platform edges of pods of the platform; their rules name the edge alone."""
    found = platform_edges(pods, prefix, served, around)
    return {name: replace(edge, why=f"platform edge {name}") for name, edge in found.items()}


def _gateway(around: Surroundings) -> Iterator[Edge]:
    """Kong's proxy: open to the world on its two ports and its streams, its admin port to its controller alone."""
    status = (KONG_STATUS_PORT,)
    # In a mesh the kubelet asks the proxy, which asks Kong, though nothing else that comes in passes the proxy.
    probes = (*status, *PROBE_PORTS) if around.meshed else status
    own = _own(KONG_GATEWAY, "gateway", Served(metrics=status, probes=probes), around)
    yield from (own | {"metrics": replace(own["metrics"], egress="prometheus.gateway")}).values()
    yield Edge(
        why="the world reaches the gateway",
        source=_WORLD,
        target=(KONG_GATEWAY,),
        ports=(*KONG_PUBLIC_PORTS, *tcp(*around.streams)),
        ingress="gateway.public",
    )
    yield Edge(
        why="its controller configures the gateway",
        source=(KONG_CONTROLLER,),
        target=(KONG_GATEWAY,),
        ports=(KONG_ADMIN_PORT,),
        ingress="gateway.admin",
    )
    yield Edge(
        why="rate limits are counted in Redis",
        source=(KONG_GATEWAY,),
        target=(KONG_REDIS,),
        ports=(REDIS_PORT,),
        egress="gateway.limits",
        ingress="kong-redis.limits",
    )
    if around.acme:
        yield Edge(
            why="a public authority asks the gateway for what cert-manager's solver answers",
            source=(KONG_GATEWAY,),
            target=(ACME_SOLVER,),
            ports=(ACME_SOLVER_PORT,),
            egress="gateway.challenges",
        )


def _kong_redis(around: Surroundings) -> Iterator[Edge]:
    """The Redis of the rate limits: what asks it is the gateway's edge; it asks nobody but the resolver."""
    yield _own(KONG_REDIS, "kong-redis", Served(), around)["dns"]


def _observability(around: Surroundings) -> Iterator[Edge]:
    """The collector and Prometheus: the other ends of the platform edges, and what they need themselves."""
    for pods, prefix in ((COLLECTOR, "collector"), (PROMETHEUS, "prometheus")):
        yield _own(pods, prefix, Served(), around)["dns"]
    yield Edge(
        why="platform edge telemetry",
        source=(ServicePods(), KONG_GATEWAY),
        target=(COLLECTOR,),
        ports=OTLP_PORTS,
        ingress="collector.telemetry",
    )
    yield Edge(
        why="a canary is judged by its metrics",
        source=(ROLLOUTS,),
        target=(PROMETHEUS,),
        ports=(PROMETHEUS_PORT,),
        ingress="prometheus.analysis",
    )
    if around.meshed:
        yield Edge(
            why="platform edge metrics: every proxy answers for its service",
            source=(PROMETHEUS,),
            target=(ServicePods(),),
            ports=(MERGED_METRICS_PORT,),
            egress="prometheus.services",
        )


def _velero(around: Surroundings) -> Iterator[Edge]:
    """Velero: it reads the API server and writes to a bucket, and nobody but Prometheus reaches it."""
    if not around.objects_copied:
        return
    served = (VELERO_METRICS_PORT,)
    own = _own(VELERO, "velero", Served(metrics=served, probes=served), around)
    yield from (own[name] for name in ("dns", "kubelet") if name in own)
    yield replace(own["metrics"], egress="prometheus.velero")
    if around.api_server_cidrs:
        yield Edge(
            why="it reads what it copies at the API server",
            source=(VELERO,),
            target=tuple(Addresses(cidr=cidr) for cidr in sorted(around.api_server_cidrs)),
            ports=API_SERVER_PORTS,
            egress="velero.api-server",
        )
    # A network policy knows no host names: it opens the port to the internet, where the bucket is, and who gives it
    # the role's credentials (STS).
    yield Edge(
        why="its copies go to a bucket",
        source=(VELERO,),
        target=internet(around.node_cidrs),
        ports=tcp(443),
        egress="velero.copies",
    )
