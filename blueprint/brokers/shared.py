"""A broker all services share: pods in the platform's namespace for messaging, out of the mesh."""

from collections.abc import Mapping
from dataclasses import dataclass

from blueprint import names
from blueprint.catalogue import Service
from blueprint.catalogue.needing import Broker
from blueprint.catalogue.owning import Account as AccountText
from blueprint.connection import Connection, unmade
from blueprint.context import Context
from blueprint.network_rules import Edge, NetworkRule, Peer, both_ends, tcp
from blueprint.vendors import BROKER_PORTS, BROKERS


@dataclass(frozen=True, kw_only=True)
class Shared:
    """An account at a broker that an operator runs."""

    broker: Broker
    egress: str
    why: str
    ports: tuple[int, ...]
    reached_at: tuple[Peer, ...]
    namespace: str
    connections: Mapping[str, Connection]
    rules: tuple[NetworkRule, ...]
    """At the broker itself."""


def shared(service: Service, broker: Broker, context: Context) -> Shared:
    """The account of `service` at `broker`. Where only its channels ask for one, no variable can name it."""
    edge = Edge(
        why=f"{service.name} has an account at {broker}",
        source=(context.pods(service.name),),
        target=(BROKERS[broker],),
        ports=tcp(*BROKER_PORTS[broker]),
        ingress=names.from_(context.namespace(service.name), broker),
    )
    return Shared(
        broker=broker,
        egress=names.to(broker),
        why=edge.why,
        ports=BROKER_PORTS[broker],
        reached_at=edge.target,
        namespace=names.MESSAGING,
        connections={
            resource: unmade(names.connection(service.name, resource), text.keys)
            for resource, text in sorted(service.spec.resources.items())
            if isinstance(text, AccountText) and text.broker == broker
        },
        rules=both_ends(edge),
    )
