"""The platform's own pods and edges, by name: what exists besides what owners declared.

Which edges there are is written a second time on purpose, beside `blueprint.platform_rules`: a mistake in the
derivation would otherwise be the judge's mistake too. What other people's pods and ports are called is no decision and
stands once, in `blueprint.vendors`; the proof of isolation in `tests` checks it with a copy of its own.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from blueprint import names, vendors
from blueprint.catalogue import Service
from blueprint.catalogue.needing import Broker
from blueprint.settings import Acme, Existing
from policies.core.facts import Facts
from policies.intent.metrics import metrics_of
from policies.network.addresses import INTERNET, NOBODY, NOWHERE, Space, space
from policies.network.ports import ports
from policies.network.reach import EVERYWHERE


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Pods known by their labels."""

    namespace: str
    name: str
    """For a person."""
    labels: Mapping[str, str] = field(hash=False)
    closed: bool = False
    """Whether NetworkPolicies of the platform select them in both directions. Other people's controllers stay open:
    they speak to the API server, whose address no selector can name."""


@dataclass(frozen=True, kw_only=True)
class ServiceNamespaces:
    """Every pod in a namespace of a service: an edge the platform opens by the namespace's label, so that a new
    service changes none of its objects. The pods' own NetworkPolicies decide which of them use it."""

    all_at_once: bool = False
    """Whether their own NetworkPolicies may open it for the whole namespace as well."""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """Addresses."""

    name: str
    must: Space
    """All of these."""
    may: Space
    """None but these."""


Place = Pods | ServiceNamespaces | Zone


@dataclass(frozen=True, kw_only=True)
class Edge:
    """One connection that must or may exist, by addresses and ports."""

    source: Place
    target: Place
    ports: int
    why: str
    must: bool = True
    """False: the edge may exist, and nothing fails without it."""


def _pods(of: vendors.Pods, name: str, *, closed: bool = False) -> Pods:
    return Pods(namespace=of.namespace, name=name, labels=of.labels, closed=closed)


DNS: Final = _pods(vendors.KUBE_DNS, "kube-dns")
DNS_CACHE: Final = _pods(vendors.DNS_CACHE, "node-local-dns")
ISTIOD: Final = _pods(vendors.ISTIOD, "istiod")
COLLECTOR: Final = _pods(vendors.COLLECTOR, "otel-collector", closed=True)
PROMETHEUS: Final = _pods(vendors.PROMETHEUS, "prometheus", closed=True)
ROLLOUTS: Final = _pods(vendors.ROLLOUTS, "argo-rollouts")
GATEWAY: Final = _pods(vendors.KONG_GATEWAY, "gateway", closed=True)
CONTROLLER: Final = _pods(vendors.KONG_CONTROLLER, "controller")
REDIS: Final = _pods(vendors.KONG_REDIS, "kong-redis", closed=True)
SOLVER: Final = _pods(vendors.ACME_SOLVER, "cm-acme-http-solver")
VELERO: Final = _pods(vendors.VELERO, "velero", closed=True)
BROKERS: Final[Mapping[Broker, Pods]] = {
    broker: _pods(pods, broker, closed=True) for broker, pods in sorted(vendors.BROKERS.items())
}
OPERATED: Final[Mapping[str, vendors.Operated]] = dict(sorted(vendors.OPERATED.items()))
OPERATOR_OF: Final[Mapping[str, Pods]] = {
    engine: _pods(of.operator, next(iter(of.operator.labels.values()))) for engine, of in OPERATED.items()
}
"""Engine → the pods that run its stores."""
OPERATORS: Final = tuple(OPERATOR_OF.values())
STANDING: Final = (
    DNS,
    DNS_CACHE,
    ISTIOD,
    COLLECTOR,
    PROMETHEUS,
    ROLLOUTS,
    GATEWAY,
    CONTROLLER,
    REDIS,
    SOLVER,
    VELERO,
    *BROKERS.values(),
    *OPERATORS,
)
"""Pods that charts and the cluster bring."""
CLOSED_NAMESPACES: Final = (names.MESSAGING, names.OBSERVABILITY, names.VELERO)
"""The platform's namespaces in which every pod is closed, except for its declared edges."""


def opened(*served: vendors.Port) -> int:
    """`served` as a set of ports."""
    found = 0
    for port in served:
        found |= ports(port.protocol, port.number)
    return found


DNS_PORTS: Final = opened(*vendors.DNS_PORTS)
XDS_PORT: Final = opened(vendors.XDS_PORT)
PROXY_METRICS: Final = vendors.MERGED_METRICS_PORT.number
PROXY_HEALTH: Final = 15021
"""The proxy answers for itself and its service (istio.io, "Ports used by Istio")."""
PROXY_PROBES: Final = ports("TCP", PROXY_METRICS) | ports("TCP", PROXY_HEALTH)
OTLP_PORTS: Final = opened(*vendors.OTLP_PORTS)
GATEWAY_PORTS: Final = opened(*vendors.KONG_PUBLIC_PORTS)
GATEWAY_ADMIN: Final = opened(vendors.KONG_ADMIN_PORT)
GATEWAY_STATUS: Final = opened(vendors.KONG_STATUS_PORT)
API_SERVER_PORTS: Final = opened(*vendors.API_SERVER_PORTS)


def public_ports(facts: Facts) -> int:
    """The gateway's ports for the world: its two for requests, and those the stack's settings open for bytes."""
    found = GATEWAY_PORTS
    for stream in facts.settings.gateway.streams if facts.settings else ():
        found |= ports("TCP", stream)
    return found


def nodes(facts: Facts) -> Space:
    """The addresses of the nodes, where the stack's settings give them."""
    cluster = facts.settings.cluster if facts.settings else None
    return space(cluster.node_cidrs) if isinstance(cluster, Existing) else Space()


def api_server(facts: Facts) -> Space:
    """Where the API server answers pods, where the stack's settings say it."""
    cluster = facts.settings.cluster if facts.settings else None
    return space(cluster.api_server_cidrs) if isinstance(cluster, Existing) else NOBODY


def dns_caches(facts: Facts) -> Space:
    """Where the nodes' own DNS caches answer: GKE has them unless its settings say otherwise."""
    cluster = facts.settings.cluster if facts.settings else None
    if not isinstance(cluster, Existing):
        return NOBODY
    if cluster.node_local_dns is None:
        return space(["169.254.20.10/32"]) if cluster.platform == "gke" else NOBODY
    return space(cluster.node_local_dns)


def resolving(source: Place, facts: Facts, why: str = "platform edge dns", *, must: bool = True) -> Iterator[Edge]:
    """The edges by which `source` resolves names: to the resolver, and to the node's cache where there is one."""
    yield Edge(source=source, target=DNS, ports=DNS_PORTS, why=why, must=must)
    if caches := dns_caches(facts):
        yield Edge(source=source, target=DNS_CACHE, ports=DNS_PORTS, why=why, must=must)
        zone = Zone(name="the nodes' DNS cache", must=caches if must else NOBODY, may=caches)
        yield Edge(source=source, target=zone, ports=DNS_PORTS, why=why, must=must)


def internet(facts: Facts) -> Zone:
    """The public internet: reserved ranges may be included or not, the addresses of our nodes may not."""
    public = INTERNET - nodes(facts)
    return Zone(name="the internet", must=public - space(NOWHERE), may=public)


def private(host: str, cidrs: Iterable[str], facts: Facts) -> Zone:
    """The private network `host` is in: never the cluster's own addresses, whatever its owner names."""
    cluster = facts.settings.cluster if facts.settings else None
    ours = space(cluster.cluster_cidrs) if isinstance(cluster, Existing) else NOBODY
    there = space(cidrs) - nodes(facts) - ours
    return Zone(name=f"the network of {host}", must=there, may=there)


def own_edges(facts: Facts) -> Iterator[Edge]:
    """The edges of the platform itself."""
    for source in (GATEWAY, PROMETHEUS, COLLECTOR, REDIS):
        yield from resolving(source, facts)
    for broker in BROKERS.values():
        yield from resolving(broker, facts, must=False)
        yield Edge(source=broker, target=broker, ports=_every_tcp(), why="replication", must=False)
    yield from resolving(ServiceNamespaces(all_at_once=True), facts, must=False)
    world = Zone(name="the world", must=internet(facts).must, may=EVERYWHERE)
    yield Edge(source=world, target=GATEWAY, ports=public_ports(facts), why="the world reaches the gateway")
    if probing := nodes(facts):
        zone = Zone(name="the nodes", must=probing, may=probing)
        asked = GATEWAY_STATUS | (PROXY_PROBES if facts.mesh == "sidecar" else 0)
        yield Edge(source=zone, target=GATEWAY, ports=asked, why="platform edge kubelet")
    yield Edge(source=CONTROLLER, target=GATEWAY, ports=GATEWAY_ADMIN, why="its controller configures the gateway")
    yield Edge(source=PROMETHEUS, target=GATEWAY, ports=GATEWAY_STATUS, why="platform edge metrics")
    yield Edge(source=GATEWAY, target=COLLECTOR, ports=OTLP_PORTS, why="platform edge telemetry")
    yield Edge(source=GATEWAY, target=REDIS, ports=opened(vendors.REDIS_PORT), why="rate limits are counted in Redis")
    if facts.settings and isinstance(facts.settings.gateway.certificates, Acme):
        solving = opened(vendors.ACME_SOLVER_PORT)
        yield Edge(source=GATEWAY, target=SOLVER, ports=solving, why="a public authority's challenges are answered")
    yield Edge(
        source=ROLLOUTS,
        target=PROMETHEUS,
        ports=opened(vendors.PROMETHEUS_PORT),
        why="a canary is judged by its metrics",
    )
    yield Edge(
        source=ServiceNamespaces(), target=COLLECTOR, ports=OTLP_PORTS, why="platform edge telemetry", must=False
    )
    if facts.mesh == "sidecar":
        yield Edge(source=GATEWAY, target=ISTIOD, ports=XDS_PORT, why="platform edge istiod")
        metrics = ports("TCP", PROXY_METRICS)
        yield Edge(
            source=PROMETHEUS, target=ServiceNamespaces(), ports=metrics, why="platform edge metrics", must=False
        )
    if _objects_are_copied(facts):
        yield from _velero(facts)


def _objects_are_copied(facts: Facts) -> bool:
    """Whether Velero copies the cluster's objects to a bucket of the stack's."""
    settings = facts.settings
    return (
        settings is not None
        and settings.environment in ("staging", "prod")
        and settings.backups.enabled
        and None not in (settings.backups.copies, settings.backups.role)
    )


def _velero(facts: Facts) -> Iterator[Edge]:
    """Velero reads the API server, writes to a bucket, and answers Prometheus and the kubelet alone."""
    yield from resolving(VELERO, facts)
    metrics = opened(vendors.VELERO_METRICS_PORT)
    yield Edge(source=PROMETHEUS, target=VELERO, ports=metrics, why="platform edge metrics")
    if probing := nodes(facts):
        zone = Zone(name="the nodes", must=probing, may=probing)
        yield Edge(source=zone, target=VELERO, ports=metrics, why="platform edge kubelet")
    if there := api_server(facts):
        zone = Zone(name="the API server", must=there, may=there)
        yield Edge(source=VELERO, target=zone, ports=API_SERVER_PORTS, why="it reads what it copies")
    yield Edge(source=VELERO, target=internet(facts), ports=ports("TCP", 443), why="its copies go to a bucket")


def edges_of(service: Service, pods: Pods, facts: Facts) -> Iterator[Edge]:
    """The platform's edges to and from the pods of one service."""
    yield from resolving(pods, facts, "platform edge dns: every pod resolves names")
    yield Edge(source=pods, target=COLLECTOR, ports=OTLP_PORTS, why="platform edge telemetry")
    meshed = facts.mesh == "sidecar"
    if meshed:
        yield Edge(source=pods, target=ISTIOD, ports=XDS_PORT, why="platform edge istiod")
    asked = metrics_of(service)
    if meshed or asked:
        read = ports("TCP", PROXY_METRICS if meshed or not asked else asked[0])
        yield Edge(source=PROMETHEUS, target=pods, ports=read, why="platform edge metrics")
    probed = 0
    for port in (PROXY_METRICS, PROXY_HEALTH) if meshed else _probed(service):
        probed |= ports("TCP", port)
    probing = nodes(facts)
    if probing and probed:
        zone = Zone(name="the nodes", must=probing, may=probing)
        yield Edge(source=zone, target=pods, ports=probed, why="platform edge kubelet: the nodes probe their pods")


def _every_tcp() -> int:
    return ports("TCP", 1, 65535)


def _probed(service: Service) -> set[int]:
    """The ports the kubelet asks without a mesh: of the probes written, and the first for those that are left open."""
    spec = service.spec
    asked = [probe.port for each in spec.containers.values() for probe in each.written_probes.values()]
    found = {spec.pod_port(port) for port in asked if port}
    if spec.service and spec.containers["main"].leaves_a_probe_open:
        found.add(next(iter(spec.service.ports.values())).target)
    return found
