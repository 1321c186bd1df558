"""DECIDE: text in, decisions out. Pure: no pulumi, no cloud, no clock, no environment.

`design` is the way in and `Blueprint` the way out: one printable value that holds every decision about a stack.
Nothing downstream decides anything; whoever wants to know why an object is as it is finds the reason here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from blueprint import clusters, delivery, fitting, foundation, gateway, isolation, mesh, network, operators, workloads
from blueprint.catalogue import Environment
from blueprint.clusters import Attached
from blueprint.delivery import Delivery
from blueprint.foundation import Foundation
from blueprint.gateway import Gateway, Route
from blueprint.isolation import ServiceNamespace
from blueprint.mesh import Membership, Mesh
from blueprint.network import Network
from blueprint.operators import Operators
from blueprint.printing import printed
from blueprint.reading import Catalogue
from blueprint.settings import Layer, Settings
from blueprint.workloads import Workload

__all__ = ["Blueprint", "design", "printed"]


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    """Every decision about one stack."""

    environment: Environment
    layers: tuple[Layer, ...]
    """What the stack makes."""
    cluster: Attached
    """Where it runs."""
    foundation: Foundation
    """Namespaces, network rules and priorities of the platform itself."""
    operators: Operators
    """Controllers the stack installs."""
    mesh: Mesh | None
    """What holds for the whole mesh; None: there is none."""
    gateway: Gateway
    """The public edge."""
    network: Network
    """Who speaks to whom."""
    namespaces: Mapping[str, ServiceNamespace]
    """Namespaces, by service."""
    memberships: Mapping[str, Membership]
    """Parts in the mesh, by service; empty without one."""
    workloads: Mapping[str, Workload]
    """What runs, by service."""
    deliveries: Mapping[str, Delivery]
    """How new versions arrive, by service."""
    routes: Mapping[str, tuple[Route, ...]]
    """Public routes, by service that has any."""

    @property
    def services(self) -> tuple[str, ...]:
        """The names of all services, sorted."""
        return tuple(sorted(self.workloads))


def design(settings: Settings, catalogue: Catalogue, stack: str = "stack") -> Blueprint:
    """All decisions for `settings` over `catalogue`; the same input always gives the same value.

    `stack` names the settings in errors. Raises TextError where the two do not fit together.
    """
    services = catalogue.within(settings.environment)
    fitting.check(settings, catalogue, services, stack)
    meshed = settings.mesh.mode != "none"
    cluster = clusters.decide(settings.cluster)
    edges = network.decide(services, settings.brokers)
    deliveries = {service.name: delivery.decide(service, settings.environment, meshed=meshed) for service in services}
    edge = gateway.decide(settings)
    return Blueprint(
        environment=settings.environment,
        layers=tuple(sorted(settings.layers)),
        cluster=cluster,
        foundation=foundation.decide(cluster, meshed=meshed),
        operators=operators.decide(
            environment=settings.environment,
            mesh=meshed,
            trust_domain=settings.mesh.trust_domain,
            platform=cluster.platform,
        )
        if settings.operators == "install"
        else operators.NONE,
        mesh=mesh.decide(settings),
        gateway=edge,
        network=edges,
        namespaces=isolation.decide(services, edges, settings.environment, cluster, meshed=meshed),
        memberships=mesh.memberships(services, edges, deliveries, settings),
        workloads=workloads.decide(services, settings),
        deliveries=deliveries,
        routes=gateway.routes(services, edges, edge),
    )
