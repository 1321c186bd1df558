"""DECIDE: text in, decisions out. Pure: no pulumi, no cloud, no clock, no environment.

`design` is the way in and `Blueprint` the way out: one printable value that holds every decision about a stack.
Nothing downstream decides anything; whoever wants to know why an object is as it is finds the reason here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from blueprint import (
    authority,
    brokers,
    clusters,
    delivery,
    drills,
    fitting,
    foundation,
    gateway,
    isolation,
    kong_redis,
    mesh,
    network,
    object_copies,
    operators,
    secrets,
    stores,
    volumes,
    workloads,
)
from blueprint.authority import Authority
from blueprint.backing import Backing
from blueprint.brokers import Account
from blueprint.catalogue import Environment, Service
from blueprint.clusters import Cluster
from blueprint.context import Context
from blueprint.delivery import Delivery
from blueprint.drills import Drill
from blueprint.foundation import Foundation
from blueprint.gateway import Gateway, Route, TcpRoute
from blueprint.isolation import ServiceNamespace
from blueprint.kong_redis import KongRedis
from blueprint.mesh import Membership, Mesh
from blueprint.network import Network
from blueprint.object_copies import ObjectCopies
from blueprint.operators import Operators
from blueprint.printing import printed
from blueprint.reading import Catalogue
from blueprint.secrets import Reader, ServiceSecrets
from blueprint.settings import Layer, Settings
from blueprint.stores import Access, Store
from blueprint.workloads import Workload

__all__ = ["Blueprint", "PlatformPlan", "ServicePlan", "design", "printed"]


@dataclass(frozen=True, kw_only=True)
class PlatformPlan:
    """Everything decided about the platform itself."""

    foundation: Foundation
    """Namespaces, network rules and priorities."""
    operators: Operators
    """Controllers the stack installs."""
    mesh: Mesh | None
    """What holds for the whole mesh; None: there is none."""
    gateway: Gateway
    """The public edge."""
    kong_redis: KongRedis
    """Where the edge counts rate limits."""
    authority: Authority | None
    """Who signs the certificates of stores; None: there are none."""
    object_copies: ObjectCopies | None
    """Copies of the cluster's objects off the cluster; None: there are none."""


@dataclass(frozen=True, kw_only=True)
class ServicePlan:
    """Everything decided about one service."""

    name: str
    namespace: ServiceNamespace
    """Where it lives, and who may reach it there."""
    stores: tuple[Store, ...]
    """Where its data lives."""
    drills: tuple[Drill, ...]
    """How copies of it are proven."""
    access: Access | None
    """How it gets at the credentials of these; None: there are none to get."""
    secrets: ServiceSecrets | None
    """Values of its own that nobody writes into a file; None: it has none."""
    reader: Reader | None
    """As whom External Secrets reads for it; None: there is nothing to read."""
    brokers: tuple[Account, ...]
    """Where its events go."""
    membership: Membership | None
    """Its part in the mesh; None: there is none."""
    workload: Workload
    """What runs."""
    delivery: Delivery
    """How new versions arrive."""
    routes: tuple[Route, ...]
    """Public routes."""
    tcp_routes: tuple[TcpRoute, ...]
    """Public ports."""


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    """Every decision about one stack."""

    environment: Environment
    layers: tuple[Layer, ...]
    """What the stack makes."""
    tenant: str | None
    """Whose copy of the services it is; None: the base stack."""
    cluster: Cluster
    """Where it runs."""
    platform: PlatformPlan
    network: Network
    """Who speaks to whom."""
    services: Mapping[str, ServicePlan]
    """By name, sorted."""


def design(settings: Settings, catalogue: Catalogue, stack: str = "stack") -> Blueprint:
    """All decisions for `settings` over `catalogue`; the same input always gives the same value.

    `stack` names the settings in errors. Raises TextError where the two do not fit together.
    """
    services = catalogue.within(settings.environment)
    fitting.check({stack: settings}, catalogue)
    context = Context(
        settings=settings,
        cluster=clusters.decide(settings.cluster),
        services={service.name: service for service in services},
        network=network.decide(services, settings.brokers),
    )
    platform = _platform(context)
    return Blueprint(
        environment=settings.environment,
        layers=tuple(sorted(settings.layers)),
        tenant=settings.tenant,
        cluster=context.cluster,
        platform=platform,
        network=context.network,
        services={name: _service(service, context, platform.gateway) for name, service in context.services.items()},
    )


def _platform(context: Context) -> PlatformPlan:
    settings = context.settings
    return PlatformPlan(
        foundation=foundation.decide(context),
        operators=operators.decide(context),
        mesh=mesh.decide(settings),
        gateway=gateway.decide(settings),
        kong_redis=kong_redis.decide(context),
        authority=authority.decide(context),
        object_copies=object_copies.decide(context),
    )


def _service(service: Service, context: Context, edge: Gateway) -> ServicePlan:
    """What follows from `service` and its neighbours. Backings, secrets and delivery first: the rest asks them."""
    owned, accounts = stores.decide(service, context), brokers.decide(service, context)
    tried = drills.decide(service, owned, context)
    access, kept = stores.access(service, owned, context), secrets.decide(service, context)
    backings: tuple[Backing, ...] = (*owned, *accounts)
    how, disks = delivery.decide(service, context), volumes.decide(service, context)
    return ServicePlan(
        name=service.name,
        namespace=isolation.decide(
            service,
            context,
            data=stores.data_namespace(owned),
            drill=drills.namespace(tried),
            backings=backings,
            disks=disks,
            migrations=[store.migration for store in owned if store.migration],
        ),
        stores=owned,
        drills=tried,
        access=access,
        secrets=kept,
        reader=secrets.reader(service, access, kept, context),
        brokers=accounts,
        membership=mesh.membership(service, context, delivery=how, backings=backings),
        workload=workloads.decide(
            service,
            context,
            {
                **{resource: how for backing in backings for resource, how in backing.connections.items()},
                **(kept.connections if kept else {}),
            },
            disks,
        ),
        delivery=how,
        routes=gateway.routes(service, context, edge),
        tcp_routes=gateway.tcp_routes(service, context, edge),
    )
