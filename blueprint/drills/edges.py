"""Who speaks to whom in the namespace of a service's restore drills."""

from collections.abc import Iterator
from typing import Final

from blueprint import store_names
from blueprint.context import Context
from blueprint.network_rules import Addresses, Edge, NetworkRule, Pods, both_ends, tcp
from blueprint.platform_rules import Served, platform_edges
from blueprint.stores import edges
from blueprint.vendors import API_SERVER_PORTS, STORE_PORTS

_NOTHING: Final = Served()


def rules(namespace: str, resource: str, engine: str, context: Context) -> tuple[NetworkRule, ...]:
    """The rules of the drill of `resource`. Nobody but the drill is let into what it restores, and neither has a way to
    the live store or to its service."""
    restored = Pods(namespace=namespace, labels=edges.labels(resource))
    found = [*_run(namespace, resource, engine, restored, context), *edges.alone(restored, resource, engine, context)]
    found += edges.away(restored, resource, context, why="it is restored from a bucket")
    return tuple(rule for edge in found for rule in both_ends(edge))


def _run(namespace: str, resource: str, engine: str, restored: Pods, context: Context) -> Iterator[Edge]:
    """What the pods need that run the drill."""
    prefix = store_names.drill(resource)
    own = Pods(namespace=namespace, labels={store_names.DRILL: resource})
    yield platform_edges(own, prefix, _NOTHING, context.surroundings)["dns"]
    yield Edge(
        why=f"the drill asks whether {resource} was restored",
        source=(own,),
        target=(restored,),
        ports=tcp(*STORE_PORTS[engine]),
        egress=f"{prefix}.store",
        ingress=f"{resource}.from-drill",
    )
    if context.cluster.api_server_cidrs:
        yield Edge(
            why="the drill makes and removes one object at the API server",
            source=(own,),
            target=tuple(Addresses(cidr=cidr) for cidr in sorted(context.cluster.api_server_cidrs)),
            ports=API_SERVER_PORTS,
            egress=f"{prefix}.api-server",
        )
