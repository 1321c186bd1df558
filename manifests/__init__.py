"""SPELL: decisions in, Kubernetes objects out, as plain dicts in wire names. Pure, sorted, deterministic.

What is yielded here is exactly what the engine is told: `plat render` prints it, the proofs read it, the API server
gets it. Only the objects inside other people's charts are not here; their values are, in `manifests.operators`.
"""

from collections.abc import Iterator

from blueprint import Blueprint
from manifests import delivery, foundation, gateway, isolation, mesh, operators, workloads
from manifests.foundation import platform_ready
from manifests.manifest import Manifest

__all__ = ["Manifest", "everything", "platform", "platform_ready", "service"]


def everything(blueprint: Blueprint) -> Iterator[Manifest]:
    """All objects of a stack, in the order they are made."""
    if "platform" in blueprint.layers:
        yield from platform(blueprint)
    if "services" in blueprint.layers:
        for name in blueprint.services:
            yield from service(blueprint, name)


def platform(blueprint: Blueprint) -> Iterator[Manifest]:
    """The platform's own objects."""
    yield from foundation.foundation(blueprint.foundation)
    if blueprint.mesh:
        yield from mesh.mesh(blueprint.mesh)
    yield from operators.objects(blueprint.operators)
    yield from gateway.gateway(blueprint.gateway)
    yield platform_ready(blueprint.mesh)


def service(blueprint: Blueprint, name: str) -> Iterator[Manifest]:
    """The objects of one service: walls, identity and addresses, rules, pods, public routes. Walls come first."""
    yield from isolation.room(blueprint.namespaces[name])
    yield from workloads.beside(blueprint.workloads[name], blueprint.deliveries[name])
    if name in blueprint.memberships:
        yield from mesh.membership(blueprint.memberships[name])
    yield from delivery.objects(blueprint.workloads[name], blueprint.deliveries[name])
    for route in blueprint.routes.get(name, ()):
        yield from gateway.route(route)
