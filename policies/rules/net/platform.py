"""The platform's own pods and edges, by name: what exists besides what owners declared.

Written a second time on purpose, beside `blueprint.doors` and `blueprint.isolation`: a mistake in the derivation would
otherwise be the judge's mistake too. A new platform edge is a line here and a line there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from blueprint import names
from blueprint.catalogue import Service
from blueprint.catalogue.running import Probe
from blueprint.settings import Existing
from policies.core.facts import Facts
from policies.network.addresses import INTERNET, NOWHERE, Space, space
from policies.network.ports import ports
from policies.network.reach import EVERYWHERE


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Pods known by their labels."""

    namespace: str
    name: str
    """For a person."""
    labels: Mapping[str, str] = field(hash=False)
    walled: bool = False
    """Whether the platform closes them. Other people's controllers stay open: they speak to the API server, whose
    address no selector can name."""


@dataclass(frozen=True, kw_only=True)
class ServiceNamespaces:
    """Whoever is in a namespace of a service: an edge the platform opens by the namespace's label, so that a new
    service changes none of its objects. The pods' own walls decide who of them."""

    all_at_once: bool = False
    """Whether their own walls may open it for the whole namespace as well."""


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
    """One connection there ought to be."""

    source: Place
    target: Place
    ports: int
    why: str
    must: bool = True
    """False: it may be there; whoever is missing it misses nothing."""


def _named(name: str, **more: str) -> Mapping[str, str]:
    return {"app.kubernetes.io/name": name, **more}


DNS: Final = Pods(namespace="kube-system", name="kube-dns", labels={"k8s-app": "kube-dns"})
"""The cluster's resolver; CoreDNS and the clouds' keep this label (kubernetes/kubernetes cluster/addons/dns)."""
ISTIOD: Final = Pods(namespace=names.ISTIO, name="istiod", labels={"app": "istiod"})
COLLECTOR: Final = Pods(
    namespace=names.OBSERVABILITY, name="otel-collector", labels=_named("otel-collector"), walled=True
)
PROMETHEUS: Final = Pods(namespace=names.OBSERVABILITY, name="prometheus", labels=_named("prometheus"), walled=True)
ROLLOUTS: Final = Pods(namespace=names.ARGO_ROLLOUTS, name="argo-rollouts", labels=_named("argo-rollouts"))
GATEWAY: Final = Pods(
    namespace=names.KONG,
    name="gateway",
    labels=_named("gateway", **{"app.kubernetes.io/instance": "kong"}),
    walled=True,
)
CONTROLLER: Final = Pods(
    namespace=names.KONG, name="controller", labels=_named("controller", **{"app.kubernetes.io/instance": "kong"})
)
REDIS: Final = Pods(namespace=names.KONG, name="kong-redis", labels=_named("kong-redis"))
BROKERS: Final[Mapping[str, Pods]] = {
    "kafka": Pods(
        namespace=names.MESSAGING,
        name="kafka",
        labels={"strimzi.io/cluster": "kafka", "strimzi.io/kind": "Kafka"},
        walled=True,
    ),
    "nats": Pods(
        namespace=names.MESSAGING,
        name="nats",
        labels=_named("nats", **{"app.kubernetes.io/component": "nats"}),
        walled=True,
    ),
    "rabbitmq": Pods(
        namespace=names.MESSAGING,
        name="rabbitmq",
        labels=_named("rabbitmq", **{"app.kubernetes.io/component": "rabbitmq"}),
        walled=True,
    ),
}
STANDING: Final = (DNS, ISTIOD, COLLECTOR, PROMETHEUS, ROLLOUTS, GATEWAY, CONTROLLER, REDIS, *BROKERS.values())
"""Pods that charts and the cluster bring."""
CLOSED_NAMESPACES: Final = (names.MESSAGING, names.OBSERVABILITY)
"""The platform's namespaces in which every pod is closed but for its doors."""

DNS_PORTS: Final = ports("TCP", 53) | ports("UDP", 53)
XDS_PORT: Final = ports("TCP", 15012)
"""istiod: configuration and certificates (istio.io, "Ports used by Istio")."""
PROXY_METRICS: Final = 15020
PROXY_HEALTH: Final = 15021
"""The proxy answers for itself and its service (istio.io, "Ports used by Istio")."""
OTLP_PORTS: Final = ports("TCP", 4317) | ports("TCP", 4318)
GATEWAY_PORTS: Final = ports("TCP", 8000) | ports("TCP", 8443)
"""Where the gateway's pods take in the world."""
GATEWAY_ADMIN: Final = ports("TCP", 8444)
GATEWAY_STATUS: Final = ports("TCP", 8100)


def nodes(facts: Facts) -> Space:
    """The addresses of the nodes, as far as the stack tells them."""
    cluster = facts.settings.cluster if facts.settings else None
    return space(cluster.node_cidrs) if isinstance(cluster, Existing) else Space()


def internet(facts: Facts) -> Zone:
    """The public internet: where nobody answers does not matter, where our nodes are must not be."""
    public = INTERNET - nodes(facts)
    return Zone(name="the internet", must=public - space(NOWHERE), may=public)


def own_edges(facts: Facts) -> Iterator[Edge]:
    """The edges of the platform itself."""
    dns = "platform edge dns"
    for source in (GATEWAY, PROMETHEUS, COLLECTOR):
        yield Edge(source=source, target=DNS, ports=DNS_PORTS, why=dns)
    for broker in BROKERS.values():
        yield Edge(source=broker, target=DNS, ports=DNS_PORTS, why=dns, must=False)
        yield Edge(source=broker, target=broker, ports=_every_tcp(), why="replication", must=False)
    yield Edge(source=ServiceNamespaces(all_at_once=True), target=DNS, ports=DNS_PORTS, why=dns, must=False)
    world = Zone(name="the world", must=internet(facts).must, may=EVERYWHERE)
    yield Edge(source=world, target=GATEWAY, ports=GATEWAY_PORTS, why="the world reaches the gateway")
    if probing := nodes(facts):
        zone = Zone(name="the nodes", must=probing, may=probing)
        yield Edge(source=zone, target=GATEWAY, ports=GATEWAY_STATUS, why="platform edge kubelet")
    yield Edge(source=CONTROLLER, target=GATEWAY, ports=GATEWAY_ADMIN, why="its controller configures the gateway")
    yield Edge(source=PROMETHEUS, target=GATEWAY, ports=GATEWAY_STATUS, why="platform edge metrics")
    yield Edge(source=GATEWAY, target=COLLECTOR, ports=OTLP_PORTS, why="platform edge telemetry")
    yield Edge(source=GATEWAY, target=REDIS, ports=ports("TCP", 6379), why="rate limits are counted in Redis")
    yield Edge(source=ROLLOUTS, target=PROMETHEUS, ports=ports("TCP", 9090), why="a canary is judged by its metrics")
    yield Edge(
        source=ServiceNamespaces(), target=COLLECTOR, ports=OTLP_PORTS, why="platform edge telemetry", must=False
    )
    if facts.mesh == "sidecar":
        yield Edge(source=GATEWAY, target=ISTIOD, ports=XDS_PORT, why="platform edge istiod")
        metrics = ports("TCP", PROXY_METRICS)
        yield Edge(
            source=PROMETHEUS, target=ServiceNamespaces(), ports=metrics, why="platform edge metrics", must=False
        )


def edges_of(service: Service, pods: Pods, facts: Facts) -> Iterator[Edge]:
    """The platform's edges to and from the pods of one service."""
    yield Edge(source=pods, target=DNS, ports=DNS_PORTS, why="platform edge dns: every pod resolves names")
    yield Edge(source=pods, target=COLLECTOR, ports=OTLP_PORTS, why="platform edge telemetry")
    meshed = facts.mesh == "sidecar"
    if meshed:
        yield Edge(source=pods, target=ISTIOD, ports=XDS_PORT, why="platform edge istiod")
    read = PROXY_METRICS if meshed else _metrics_port(service)
    if read:
        yield Edge(source=PROMETHEUS, target=pods, ports=ports("TCP", read), why="platform edge metrics")
    probed = 0
    for port in (PROXY_METRICS, PROXY_HEALTH) if meshed else _probed(service):
        probed |= ports("TCP", port)
    probing = nodes(facts)
    if probing and probed:
        zone = Zone(name="the nodes", must=probing, may=probing)
        yield Edge(source=zone, target=pods, ports=probed, why="platform edge kubelet: the nodes probe their pods")


def _every_tcp() -> int:
    return ports("TCP", 1, 65535)


def _metrics_port(service: Service) -> int | None:
    """The port Prometheus reads without a mesh: the one named, else `metrics`, else the first."""
    open_ports = service.spec.service.ports if service.spec.service else {}
    told = service.spec.observability.metrics
    name = told.port if told else "metrics" if "metrics" in open_ports else next(iter(open_ports), None)
    return open_ports[name].port if name else None


def _probed(service: Service) -> set[int]:
    """The ports the kubelet asks without a mesh: of the probes written, and the first, for those that are not."""
    found: set[int] = set()
    for container in service.spec.containers.values():
        probes: tuple[Probe | None, ...] = (
            container.liveness_probe,
            container.readiness_probe,
            container.startup_probe,
        )
        found |= {probe.port for probe in probes if probe and probe.port}
    if service.spec.service:
        found.add(next(iter(service.spec.service.ports.values())).port)
    return found
