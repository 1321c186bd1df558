"""A store of pods, in the namespace beside its service's: out of the mesh, reached by that service alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from blueprint import names
from blueprint.catalogue import Service
from blueprint.catalogue.owning import AnyStore
from blueprint.context import Context
from blueprint.network_rules import Edge, NetworkRule, Peer, Pods, both_ends, tcp
from blueprint.vendors import STORE_PORTS


@dataclass(frozen=True, kw_only=True)
class InNamespace:
    """A store an operator runs."""

    engine: str
    resource: str
    egress: str
    why: str
    ports: tuple[int, ...]
    reached_at: tuple[Peer, ...]
    namespace: str
    connections: Mapping[str, str]
    rules: tuple[NetworkRule, ...]
    """At the store itself."""


def labels(resource: str) -> Mapping[str, str]:
    """What marks the pods of a store: its operator is given it."""
    return {f"{names.PREFIX}/resource": resource}


def in_namespace(service: Service, resource: str, text: AnyStore, context: Context) -> InNamespace:
    """The store `resource` of `service`, described by `text`."""
    namespace, ports = context.data_namespace(service.name), STORE_PORTS[text.type]
    edge = Edge(
        why=f"{service.name} owns {text.type} {resource}",
        source=(context.pods(service.name),),
        target=(Pods(namespace=namespace, labels=labels(resource)),),
        ports=tcp(*ports),
        ingress=names.from_(context.namespace(service.name), resource),
    )
    return InNamespace(
        engine=text.type,
        resource=resource,
        egress=names.store(resource),
        why=edge.why,
        ports=ports,
        reached_at=edge.target,
        namespace=namespace,
        connections={resource: names.connection(service.name, resource)},
        rules=both_ends(edge),
    )
