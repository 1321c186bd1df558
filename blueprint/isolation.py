"""The namespace of each service: its network rules and its quota.

Nothing connects unless a rule allows it, and every rule names its reason: an edge of the catalogue, or one of the
platform edges named here. A rule is one end of an edge: the caller's egress and the provider's ingress are two.
Rules are about addresses and ports; which requests are allowed on a connection is the mesh's (`blueprint.mesh`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from blueprint import names, sizes
from blueprint.catalogue import Environment, Service
from blueprint.catalogue.running import Probe
from blueprint.clusters import Attached
from blueprint.delivery import peak_pods
from blueprint.network import Network
from blueprint.network_rules import (
    BROKERS,
    COLLECTOR,
    DNS_PORTS,
    ISTIOD,
    KONG_GATEWAY,
    KUBE_DNS,
    MERGED_METRICS_PORT,
    OTLP_PORTS,
    PROBE_PORTS,
    PROMETHEUS,
    XDS_PORT,
    Addresses,
    Direction,
    NetworkRule,
    Peer,
    Pods,
    Port,
    internet,
)
from blueprint.sizes import Amounts


@dataclass(frozen=True, kw_only=True)
class Quota:
    """The most a namespace may hold: every pod of the busiest moment, no more."""

    pods: int
    total: Amounts


@dataclass(frozen=True, kw_only=True)
class ServiceNamespace:
    """A service's namespace: network rules, quota and limits."""

    service: str
    namespace: str
    owner: str
    system: str
    domain: str
    environment: Environment
    cost_center: str
    data_class: str
    meshed: bool
    quota: Quota
    largest: Amounts
    """The most one container may ask."""
    rules: tuple[NetworkRule, ...]
    """In this namespace."""
    data_namespace: str | None
    """Namespace of its stores, or None when it has none."""
    far_rules: tuple[NetworkRule, ...]
    """The other ends of its edges to what is not a service: gateway, brokers, its own stores."""


def decide(
    services: tuple[Service, ...], network: Network, environment: Environment, cluster: Attached, *, meshed: bool
) -> Mapping[str, ServiceNamespace]:
    """The room of each service, by name."""
    return {service.name: _namespace(service, network, environment, cluster, meshed) for service in services}


def _namespace(
    service: Service, network: Network, environment: Environment, cluster: Attached, meshed: bool
) -> ServiceNamespace:
    name, spec = service.name, service.spec
    proxy = sizes.PROXY[environment] if meshed else None
    pods = peak_pods(spec, meshed=meshed)
    largest = sizes.UNASKED.at_least(proxy) if proxy else sizes.UNASKED
    for text in (*spec.containers.values(), *spec.init_containers.values()):
        largest = largest.at_least(sizes.container(text))
    rules = [*_catalogue_rules(name, network, cluster), *_platform_rules(service, cluster, meshed)]
    return ServiceNamespace(
        service=name,
        namespace=name,
        owner=spec.owner,
        system=spec.system,
        domain=spec.domain or spec.system,
        environment=environment,
        cost_center=spec.cost_center or spec.system,
        data_class=spec.data_class,
        meshed=meshed,
        quota=Quota(pods=pods, total=sizes.pod(spec, proxy).times(pods)),
        largest=largest,
        rules=tuple(sorted(rules, key=lambda rule: rule.name)),
        data_namespace=names.data_namespace(name) if any(use.service == name for use in network.stores) else None,
        far_rules=tuple(sorted(_far_rules(service, network, meshed), key=lambda rule: (rule.namespace, rule.name))),
    )


def _of(service: str) -> Pods:
    return Pods(namespace=service, labels=names.selector(service))


def _rule(
    service: str, name: str, direction: Direction, peers: tuple[Peer, ...], ports: tuple[Port, ...], why: str
) -> NetworkRule:
    return NetworkRule(
        name=name,
        namespace=service,
        labels=names.selector(service),
        direction=direction,
        peers=peers,
        ports=ports,
        why=why,
    )


def _ports(*numbers: int) -> tuple[Port, ...]:
    return tuple(Port(number=number) for number in sorted(set(numbers)))


def _catalogue_rules(name: str, network: Network, cluster: Attached) -> Iterator[NetworkRule]:
    """The ends of the catalogue's edges in the namespace of `name`."""
    for call in network.calls:
        why = f"{call.caller} consumes {call.provider}/{call.api}"
        if call.provider == name:
            peers = (_of(call.caller),)
            yield _rule(name, names.from_(call.caller, call.api), "Ingress", peers, _ports(call.port), why)
        if call.caller == name:
            peers = (_of(call.provider),)
            yield _rule(name, names.to(call.provider, call.api), "Egress", peers, _ports(call.port), why)
    for entrance in network.entrances:
        if entrance.service == name:
            why = f"the gateway routes {', '.join(entrance.paths)} to {name}/{entrance.api}"
            yield _rule(name, names.public(entrance.api), "Ingress", (KONG_GATEWAY,), _ports(entrance.port), why)
    for store in network.stores:
        if store.service == name:
            peers = (Pods(namespace=names.data_namespace(name), labels=store_labels(store.resource)),)
            why = f"{name} owns {store.engine} {store.resource}"
            yield _rule(name, names.store(store.resource), "Egress", peers, _ports(*store.ports), why)
    for use in network.brokers:
        if use.service == name:
            why = f"{name} has an account at {use.broker}"
            yield _rule(name, names.to(use.broker), "Egress", (BROKERS[use.broker],), _ports(*use.ports), why)
    hosts = [outside for outside in network.outside if outside.service == name]
    if hosts:
        why = f"{name} reaches {', '.join(sorted({outside.host for outside in hosts}))}"
        yield _rule(
            name,
            names.to("internet"),
            "Egress",
            internet(cluster.node_cidrs),
            _ports(*(outside.port for outside in hosts)),
            why,
        )


def store_labels(resource: str) -> Mapping[str, str]:
    """What marks the pods of a store: its operator is told to put it there."""
    return {f"{names.PREFIX}/resource": resource}


def _platform_rules(service: Service, cluster: Attached, meshed: bool) -> Iterator[NetworkRule]:
    """The platform edges, by name: what every pod needs besides what its owner declared."""
    name = service.name
    yield _rule(name, "platform.dns", "Egress", (KUBE_DNS,), DNS_PORTS, "platform edge dns: every pod resolves names")
    why = "platform edge telemetry: traces, metrics and logs go to the collector"
    yield _rule(name, "platform.telemetry", "Egress", (COLLECTOR,), OTLP_PORTS, why)
    if meshed:
        why = "platform edge istiod: the proxy gets its configuration and certificate"
        yield _rule(name, "platform.istiod", "Egress", (ISTIOD,), (XDS_PORT,), why)
    metrics = (MERGED_METRICS_PORT,) if meshed else _ports(*filter(None, [metrics_port(service)]))
    if metrics:
        why = "platform edge metrics: Prometheus reads every pod"
        yield _rule(name, "platform.metrics", "Ingress", (PROMETHEUS,), metrics, why)
    probes = PROBE_PORTS if meshed else _ports(*probe_ports(service))
    if cluster.node_cidrs and probes:
        peers = tuple(Addresses(cidr=cidr) for cidr in sorted(cluster.node_cidrs))
        why = "platform edge kubelet: the nodes probe their pods"
        yield _rule(name, "platform.kubelet", "Ingress", peers, probes, why)


def metrics_port(service: Service) -> int | None:
    """The port the service's metrics are on: the one named, else `metrics`, else the first; None without ports."""
    ports = service.spec.service.ports if service.spec.service else {}
    if not ports:
        return None
    metrics = service.spec.observability.metrics
    name = metrics.port if metrics else "metrics" if "metrics" in ports else next(iter(ports))
    return ports[name].port


def probe_ports(service: Service) -> list[int]:
    """The ports the kubelet asks, in a pod without a proxy."""
    found: set[int] = set()
    for container in service.spec.containers.values():
        probes: tuple[Probe | None, ...] = (
            container.liveness_probe,
            container.readiness_probe,
            container.startup_probe,
        )
        found |= {probe.port for probe in probes if probe and probe.port}
    if service.spec.service:  # the probes `workloads` adds ask the first port
        found.add(next(iter(service.spec.service.ports.values())).port)
    return sorted(found)


def _far_rules(service: Service, network: Network, meshed: bool) -> Iterator[NetworkRule]:
    """The other ends of the edges of `service`, in namespaces that are not a service's."""
    name, metrics = service.name, metrics_port(service)
    if metrics and not meshed:  # with a mesh every proxy answers on the one port `blueprint.foundation` opens
        yield NetworkRule(
            name=names.to(name),
            namespace=names.OBSERVABILITY,
            labels=PROMETHEUS.labels,
            direction="Egress",
            peers=(_of(name),),
            ports=_ports(metrics),
            why="platform edge metrics: Prometheus reads every pod",
        )
    for entrance in network.entrances:
        if entrance.service == name:
            yield NetworkRule(
                name=names.to(name, entrance.api),
                namespace=names.KONG,
                labels=KONG_GATEWAY.labels,
                direction="Egress",
                peers=(_of(name),),
                ports=_ports(entrance.port),
                why=f"the gateway routes {', '.join(entrance.paths)} to {name}/{entrance.api}",
            )
    for store in network.stores:
        if store.service == name:
            yield NetworkRule(
                name=names.from_(name, store.resource),
                namespace=names.data_namespace(name),
                labels=store_labels(store.resource),
                direction="Ingress",
                peers=(_of(name),),
                ports=_ports(*store.ports),
                why=f"{name} owns {store.engine} {store.resource}",
            )
    for use in network.brokers:
        if use.service == name:
            yield NetworkRule(
                name=names.from_(name, use.broker),
                namespace=names.MESSAGING,
                labels=BROKERS[use.broker].labels,
                direction="Ingress",
                peers=(_of(name),),
                ports=_ports(*use.ports),
                why=f"{name} has an account at {use.broker}",
            )
