"""SPELL: decisions in, Kubernetes objects out, as plain dicts in wire names. Pure, sorted, deterministic.

What is yielded here is exactly what the engine is told: `plat render` prints it, the proofs read it, the API server
gets it. Only the objects inside other people's charts are not here; their values are, in `manifests.operators`.
"""

from collections.abc import Callable, Iterator
from typing import Final

from blueprint import Blueprint, PlatformPlan, ServicePlan
from manifests import (
    access,
    backing,
    certificates,
    delivery,
    drills,
    foundation,
    gateway,
    isolation,
    keeping,
    kong_redis,
    mesh,
    migrations,
    object_copies,
    operators,
    secrets,
    volumes,
    workloads,
)
from manifests.foundation import platform_ready
from manifests.manifest import Manifest

__all__ = ["PLATFORM_SUBJECTS", "SUBJECTS", "Manifest", "everything", "platform", "platform_ready", "service"]

PLATFORM_SUBJECTS: Final[tuple[Callable[[PlatformPlan], Iterator[Manifest]], ...]] = (
    lambda plan: foundation.foundation(plan.foundation),
    lambda plan: mesh.mesh(plan.mesh) if plan.mesh else iter(()),
    lambda plan: operators.objects(plan.operators),
    lambda plan: kong_redis.password(plan.kong_redis),
    lambda plan: gateway.gateway(plan.gateway),
    lambda plan: kong_redis.isolation(plan.kong_redis),
    lambda plan: kong_redis.server(plan.kong_redis),
    lambda plan: certificates.authority(plan.authority) if plan.authority else iter(()),
    lambda plan: object_copies.copies(plan.object_copies) if plan.object_copies else iter(()),
    lambda plan: iter([platform_ready(plan.mesh)]),
)
"""What the platform becomes, in the order it is made."""

SUBJECTS: Final[tuple[Callable[[ServicePlan], Iterator[Manifest]], ...]] = (
    lambda plan: isolation.isolation(plan.namespace),
    lambda plan: secrets.reader(plan.reader) if plan.reader else iter(()),
    lambda plan: access.access(plan.access) if plan.access else iter(()),
    lambda plan: (made for store in plan.stores for made in backing.store(store)),
    lambda plan: (made for drill in plan.drills for made in drills.drill(drill)),
    lambda plan: (made for account in plan.brokers for made in backing.backing(account)),
    lambda plan: secrets.secrets(plan.secrets) if plan.secrets else iter(()),
    lambda plan: volumes.claims(plan.workload),
    lambda plan: workloads.beside(plan.workload, plan.delivery),
    lambda plan: mesh.membership(plan.membership) if plan.membership else iter(()),
    lambda plan: (made for store in plan.stores if store.migration for made in migrations.migration(store.migration)),
    lambda plan: delivery.objects(plan.workload, plan.delivery),
    lambda plan: (made for route in plan.routes for made in gateway.route(route)),
    lambda plan: (made for route in plan.tcp_routes for made in gateway.tcp_route(route)),
)
"""What a service becomes, in the order it is made: its namespace with everything closed comes first, its pods after all
they need, the schemas of its stores among it."""


def everything(blueprint: Blueprint) -> Iterator[Manifest]:
    """All objects of a stack, in the order they are made."""
    if "platform" in blueprint.layers:
        yield from platform(blueprint.platform)
    if "services" in blueprint.layers:
        for plan in blueprint.services.values():
            yield from service(plan)


def platform(plan: PlatformPlan) -> Iterator[Manifest]:
    """The platform's own objects."""
    for subject in PLATFORM_SUBJECTS:
        yield from subject(plan)


def service(plan: ServicePlan) -> Iterator[Manifest]:
    """The objects of one service. Of a namespace that stays for its disks, all but these goes by itself."""
    staying = plan.namespace.namespace if plan.namespace.deletion == keeping.RETAIN else None
    for subject in SUBJECTS:
        for made in subject(plan):
            alone = staying and made["metadata"].get("namespace") == staying and not keeping.retained(made)
            yield keeping.marked(made, keeping.DELETE) if alone else made
