"""A store that an operator will run and no decision makes yet: its namespace and its network rules are there."""

from collections.abc import Mapping
from dataclasses import dataclass

from blueprint import names
from blueprint.catalogue import Service
from blueprint.catalogue.storing import AnyStore
from blueprint.connection import Connection, unmade
from blueprint.context import Context
from blueprint.network_rules import NetworkRule, Peer, both_ends
from blueprint.stores import edges
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
    connections: Mapping[str, Connection]
    rules: tuple[NetworkRule, ...]
    """At the store itself."""
    migration: None = None
    quota: None = None
    largest: None = None
    deletion: None = None


def in_namespace(service: Service, resource: str, text: AnyStore, context: Context) -> InNamespace:
    """The store `resource` of `service`, described by `text`."""
    ports = STORE_PORTS[text.type]
    edge = edges.owned(service.name, resource, text.type, ports, context)
    return InNamespace(
        engine=text.type,
        resource=resource,
        egress=names.store(resource),
        why=edge.why,
        ports=ports,
        reached_at=edge.target,
        namespace=context.data_namespace(service.name),
        connections={resource: unmade(names.connection(service.name, resource), text.keys)},
        rules=both_ends(edge),
    )
