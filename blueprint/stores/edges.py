"""Who speaks to the pods of a store in a namespace: its owner, its operator, Prometheus, the kubelet, each other."""

from collections.abc import Iterator
from typing import Final, Protocol

from blueprint import names
from blueprint.context import Context
from blueprint.network_rules import Addresses, Edge, NetworkRule, Pods, both_ends, internet, tcp
from blueprint.platform_rules import Served, platform_edges
from blueprint.vendors import API_SERVER_PORTS, OPERATED, PROMETHEUS, Operated


def labels(resource: str) -> dict[str, str]:
    """What marks the pods of a store: its operator is given it."""
    return {names.RESOURCE: resource}


class Owned(Protocol):
    """A store, whatever runs it."""

    @property
    def owner(self) -> str: ...

    @property
    def resource(self) -> str: ...


def marks(store: Owned) -> dict[str, str]:
    """What marks every object of a store: its owner too, which may change and therefore selects nothing."""
    return {f"{names.PREFIX}/owner": store.owner, **labels(store.resource)}


def dns_names(host: str, namespace: str) -> tuple[str, str, str]:
    """`host` as it is reached from another namespace, for a certificate: short, with `svc`, and in full."""
    return f"{host}.{namespace}", f"{host}.{namespace}.svc", names.address(host, namespace)


def pods(service: str, resource: str, context: Context) -> Pods:
    """The pods of the store `resource` of `service`."""
    return Pods(namespace=context.data_namespace(service), labels=labels(resource))


def owned(service: str, resource: str, engine: str, ports: tuple[int, ...], context: Context) -> Edge:
    """The edge from the owner to its store; the rule at the service is named by isolation."""
    return Edge(
        why=f"{service} owns {engine} {resource}",
        source=(context.pods(service),),
        target=(pods(service, resource, context),),
        ports=tcp(*ports),
        ingress=names.from_(context.namespace(service), resource),
    )


def operated(service: str, resource: str, engine: str, context: Context, *, copied: bool) -> tuple[NetworkRule, ...]:
    """The rules of a store whose operator is installed, besides its owner's. `copied`: it writes copies to a bucket."""
    of, own = OPERATED[engine], pods(service, resource, context)
    found = [*alone(own, resource, engine, context), *_read(own, resource, of)]
    found += away(own, resource, context, why="its copies go to a bucket") if copied else ()
    return tuple(rule for edge in found for rule in both_ends(edge))


def away(own: Pods, resource: str, context: Context, *, why: str) -> Iterator[Edge]:
    """A network policy knows no host names: it opens the port to the internet, where the bucket is."""
    yield Edge(
        why=why,
        source=(own,),
        target=internet(context.cluster.node_cidrs),
        ports=tcp(443),
        egress=f"{resource}.copies",
    )


_KEPT: Final = ("dns", "kubelet")
"""What of the edges every pod has a store needs too; of the rest it has its own, or none."""


def _read(own: Pods, resource: str, of: Operated) -> Iterator[Edge]:
    if of.metrics:
        yield Edge(
            why="platform edge metrics: Prometheus reads every store",
            source=(PROMETHEUS,),
            target=(own,),
            ports=tcp(of.metrics),
            egress=names.to(own.namespace, resource),
            ingress=f"{resource}.metrics",
        )


def alone(own: Pods, resource: str, engine: str, context: Context) -> Iterator[Edge]:
    """What the pods `own` of a store of `engine` need to run at all, with nobody to use them."""
    of = OPERATED[engine]
    served = Served(probes=tcp(*of.probed))
    platform = platform_edges(own, resource, served, context.surroundings)
    yield from (edge for name, edge in platform.items() if name in _KEPT)
    yield Edge(
        why="its operator asks and steers it",
        source=(of.operator,),
        target=(own,),
        ports=tcp(*of.operated),
        ingress=f"{resource}.operator",
    )
    yield Edge(
        why="its pods follow each other",
        source=(own,),
        target=(own,),
        ports=tcp(*of.peers),
        egress=f"{resource}.to-peers",
        ingress=f"{resource}.from-peers",
    )
    if of.asks_api_server and context.cluster.api_server_cidrs:
        yield Edge(
            why="its pods follow their own object at the API server",
            source=(own,),
            target=tuple(Addresses(cidr=cidr) for cidr in sorted(context.cluster.api_server_cidrs)),
            ports=API_SERVER_PORTS,
            egress=f"{resource}.api-server",
        )
