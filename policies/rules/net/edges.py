"""Every edge there ought to be, from the catalogue alone: what owners declared, and the platform's own."""

from collections.abc import Iterator

from blueprint import names
from blueprint.vendors import BROKER_PORTS, STORE_PORTS
from policies.core.facts import Facts
from policies.intent.edges import Owned, intent
from policies.network.ports import ports
from policies.rules.net.platform import BROKERS, GATEWAY, Edge, Pods, edges_of, internet, own_edges, private, resolving


def service_pods(service: str) -> Pods:
    """The pods of `service`."""
    return Pods(namespace=service, name=service, labels=names.selector(service), closed=True)


def store_pods(service: str, resource: str) -> Pods:
    """The pods of a store, by the label its operator puts on them."""
    labels = {f"{names.PREFIX}/resource": resource}
    return Pods(namespace=names.data_namespace(service), name=resource, labels=labels, closed=True)


def edges(facts: Facts) -> Iterator[Edge]:
    """All of them."""
    yield from own_edges(facts)
    declared = intent(facts)
    for call in declared.calls:
        if call.port:
            source, target = service_pods(call.caller.name), service_pods(call.provider.name)
            why = f"{call.caller.name} consumes {call.consume.api}"
            yield Edge(source=source, target=target, ports=_tcp(call.port), why=why)
    for entrance in declared.entrances:
        if entrance.port:
            why = f"the gateway routes to {entrance.service.name}/{entrance.provide.api}"
            target = service_pods(entrance.service.name)
            yield Edge(source=GATEWAY, target=target, ports=_tcp(entrance.port), why=why)
    for opening in declared.openings:
        why = f"the gateway leads to {opening.service.name}'s public port {opening.name}"
        target = service_pods(opening.service.name)
        yield Edge(source=GATEWAY, target=target, ports=_tcp(opening.port), why=why)
    for owned in declared.stores:
        yield from _store(owned, facts)
    for service in declared.services:
        pods = service_pods(service.name)
        for broker in declared.brokers(service):
            why = f"{service.name} has an account at {broker}"
            yield Edge(source=pods, target=BROKERS[broker], ports=_tcp(*BROKER_PORTS[broker]), why=why)
        for host in service.spec.egress:
            why = f"{service.name} reaches {host.host}"
            zone = private(host.host, host.cidrs, facts) if host.cidrs else internet(facts)
            yield Edge(source=pods, target=zone, ports=_tcp(host.port), why=why)
        yield from edges_of(service, pods, facts)


def stores(facts: Facts) -> Iterator[Pods]:
    """The stores of every service."""
    for owned in intent(facts).stores:
        yield store_pods(owned.service.name, owned.name)


def _store(owned: Owned, facts: Facts) -> Iterator[Edge]:
    service, engine = owned.service.name, owned.store.type
    placement = getattr(facts.settings.data, engine) if facts.settings else "operator"
    store, why = store_pods(service, owned.name), f"{service} owns {engine} {owned.name}"
    source, ports_ = service_pods(service), _tcp(*STORE_PORTS[engine])
    yield Edge(source=source, target=store, ports=ports_, why=why, must=placement == "operator")
    yield Edge(source=store, target=store, ports=ports("TCP", 1, 65535), why="replication", must=False)
    yield from resolving(store, facts, must=False)


def _tcp(*numbers: int) -> int:
    found = 0
    for number in numbers:
        found |= ports("TCP", number)
    return found
