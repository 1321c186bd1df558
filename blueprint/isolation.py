"""The namespace of each service: its network rules and its quota.

Nothing connects unless a rule allows it, and every rule names its reason: an edge of the catalogue, or one of the
platform edges of `blueprint.platform_rules`. An edge has two ends: the caller's egress and the provider's ingress are
two rules. Rules are about addresses and ports; which requests are allowed on a connection is the mesh's
(`blueprint.mesh`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from blueprint import names, sizes, volumes
from blueprint.backing import Backing
from blueprint.catalogue import Environment, Service
from blueprint.catalogue.off import OFF
from blueprint.catalogue.promising import Metrics
from blueprint.context import Context
from blueprint.deletion import Deletion
from blueprint.delivery import peak_pods
from blueprint.migrations import Migration
from blueprint.network_rules import Addresses, Edge, NetworkRule, both_ends, internet, tcp
from blueprint.platform_rules import Served, platform_edges
from blueprint.sizes import Amounts, Quota
from blueprint.vendors import KONG_GATEWAY, MERGED_METRICS_PORT, PROBE_PORTS
from blueprint.volumes import Volume


@dataclass(frozen=True, kw_only=True)
class DataNamespace:
    """The namespace of a service's stores."""

    name: str
    quota: Quota | None
    """None: no decision makes its pods yet."""
    largest: Amounts | None
    """The most one container may ask; None as above."""
    deletion: Deletion | None
    """What is left of it when the last of its stores leaves the catalogue."""


@dataclass(frozen=True, kw_only=True)
class ServiceNamespace:
    """A service's namespace: network rules, quota and limits."""

    service: str
    namespace: str
    tenant: str | None
    """Whose stack it is; None: the base stack's."""
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
    data: DataNamespace | None
    """Where its stores are; None: it has none in the cluster."""
    drill: DataNamespace | None
    """Where copies of its stores are restored; None: none are."""
    far_rules: tuple[NetworkRule, ...]
    """The other ends of its edges to the platform's pods: the gateway, Prometheus."""
    deletion: Deletion | None
    """What is left of it when the service leaves the catalogue: retained, it stays with its disks and nothing else."""


def decide(
    service: Service,
    context: Context,
    *,
    data: DataNamespace | None,
    drill: DataNamespace | None,
    backings: Sequence[Backing],
    disks: Sequence[Volume],
    migrations: Sequence[Migration],
) -> ServiceNamespace:
    """The namespace of `service`. `backings` are the stores and brokers it uses; `data` is where its own stores are,
    whose schemas `migrations` change from here, `drill` where their copies are restored; `disks` are its volumes."""
    name, spec = service.name, service.spec
    namespace = context.namespace(name)
    proxy = sizes.PROXY[context.environment] if context.meshed else None
    pods = peak_pods(spec, meshed=context.meshed)
    largest = sizes.UNASKED.at_least(proxy) if proxy else sizes.UNASKED
    for text in (*spec.containers.values(), *spec.init_containers.values()):
        largest = largest.at_least(sizes.container(text))
    quota = Quota(
        pods=pods,
        total=sizes.pod(spec, proxy).times(pods),
        claims=volumes.claims(disks),
        disk_gib=volumes.disk_gib(disks),
    )
    for migration in migrations:  # also while pods of a version before are still being added
        quota, largest = quota + migration.quota, largest.at_least(migration.amounts)
    edges = (*_catalogue_edges(service, context, backings), *_platform_edges(service, context))
    rules = sorted((rule for edge in edges for rule in both_ends(edge)), key=lambda rule: (rule.namespace, rule.name))
    return ServiceNamespace(
        service=name,
        namespace=namespace,
        tenant=context.settings.tenant,
        owner=spec.owner,
        system=spec.system,
        domain=spec.domain or spec.system,
        environment=context.environment,
        cost_center=spec.cost_center or spec.system,
        data_class=spec.data_class,
        meshed=context.meshed,
        quota=quota,
        largest=largest,
        rules=tuple(rule for rule in rules if rule.namespace == namespace),
        data=data,
        drill=drill,
        far_rules=tuple(rule for rule in rules if rule.namespace != namespace),
        deletion="retain" if any(disk.deletion == "retain" for disk in disks) else None,
    )


def _catalogue_edges(service: Service, context: Context, backings: Sequence[Backing]) -> Iterator[Edge]:
    """The edges its owner and its callers declared. The end at another service, a store or a broker is not named here:
    it belongs to the plan of that service, or to the decision about the store or broker."""
    name, namespace, edges = service.name, context.namespace(service.name), context.network.of(service.name)
    own = (context.pods(name),)
    for call in edges.incoming:
        yield Edge(
            why=f"{call.caller} consumes {name}/{call.api}",
            source=(context.pods(call.caller),),
            target=own,
            ports=tcp(call.target_port),
            ingress=names.from_(call.caller, call.api),
        )
    for call in edges.outgoing:
        yield Edge(
            why=f"{name} consumes {call.provider}/{call.api}",
            source=own,
            target=(context.pods(call.provider),),
            ports=tcp(call.target_port),
            egress=names.to(call.provider, call.api),
        )
    for entrance in edges.entrances:
        yield Edge(
            why=f"the gateway routes {', '.join(entrance.paths)} to {name}/{entrance.api}",
            source=(KONG_GATEWAY,),
            target=own,
            ports=tcp(entrance.target_port),
            egress=names.to(namespace, entrance.api),
            ingress=names.public(entrance.api),
        )
    for opening in edges.openings:
        yield Edge(
            why=f"the gateway leads {opening.public} to {name}'s port {opening.name}",
            source=(KONG_GATEWAY,),
            target=own,
            ports=tcp(opening.target_port),
            egress=names.to(namespace, "port", opening.name),
            ingress=names.public("port", opening.name),
        )
    for backing in backings:
        yield Edge(
            why=backing.why, source=own, target=backing.reached_at, ports=tcp(*backing.ports), egress=backing.egress
        )
    if public := [outside for outside in edges.outside if not outside.cidrs]:
        yield Edge(
            why=f"{name} reaches {', '.join(sorted({outside.host for outside in public}))}",
            source=own,
            target=internet(context.cluster.node_cidrs),
            ports=tcp(*(outside.port for outside in public)),
            egress=names.to("internet"),
        )
    for outside in edges.outside:
        if outside.cidrs:
            yield Edge(
                why=f"{name} reaches {outside.host} in a private network",
                source=own,
                target=tuple(Addresses(cidr=cidr) for cidr in outside.cidrs),
                ports=tcp(outside.port),
                egress=names.to_host(outside.host, outside.port),
            )


def _platform_edges(service: Service, context: Context) -> Iterator[Edge]:
    """What every pod needs besides what its owner declared. Without a mesh the port of its metrics is its own, so
    Prometheus gets a rule per service; with one, every proxy answers on the same port."""
    if context.meshed:
        served = Served(metrics=(MERGED_METRICS_PORT,), probes=PROBE_PORTS)
    else:
        served = Served(metrics=tcp(*filter(None, [metrics_port(service)])), probes=tcp(*probe_ports(service)))
    edges = platform_edges(context.pods(service.name), "platform", served, context.surroundings)
    if "metrics" in edges and not context.meshed:
        edges["metrics"] = replace(edges["metrics"], egress=names.to(context.namespace(service.name)))
    yield from edges.values()


def metrics_port(service: Service) -> int | None:
    """The port of the pods the metrics are on: the one its owner names; else, of the ports that speak http, the one
    called metrics or the first. None where there is none: a scraper speaks nothing else."""
    ports = service.spec.service.ports if service.spec.service else {}
    asked = service.spec.observability.metrics
    if isinstance(asked, Metrics):
        return ports[asked.port].target
    plain = {name: port.target for name, port in ports.items() if port.app_protocol == "http"}
    return None if asked == OFF else plain.get("metrics", next(iter(plain.values()), None))


def probe_ports(service: Service) -> list[int]:
    """The ports of the pods the kubelet asks where there is no proxy."""
    spec = service.spec
    asked = [probe.port for each in spec.containers.values() for probe in each.written_probes.values()]
    found = {spec.pod_port(port) for port in asked if port}
    if spec.service and spec.containers["main"].leaves_a_probe_open:  # `workloads` asks the first port
        found.add(next(iter(spec.service.ports.values())).target)
    return sorted(found)
