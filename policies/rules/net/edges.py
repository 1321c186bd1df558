"""Every edge there ought to be, from the catalogue alone: what owners declared, and the platform's own."""

from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import names
from blueprint.catalogue import Service
from blueprint.catalogue.owning import Store
from policies.core.facts import Facts
from policies.network.ports import ports
from policies.rules.net.platform import BROKERS, DNS, DNS_PORTS, GATEWAY, Edge, Pods, edges_of, internet, own_edges

STORE_PORTS: Final[Mapping[str, tuple[int, ...]]] = {
    "clickhouse": (8443, 9440),
    "elasticsearch": (9200,),
    "mongodb": (27017,),
    "postgres": (5432,),
    "redis": (6379, 26379),
}
"""Engine to the TCP ports its clients use (the operators' documentation; ClickHouse with TLS, Redis with Sentinel)."""
BROKER_PORTS: Final[Mapping[str, int]] = {"kafka": 9094, "nats": 4222, "rabbitmq": 5671}
"""Broker to the TCP port its clients use: Strimzi's listener with TLS, NATS, AMQP over TLS."""
ACCOUNTS: Final[Mapping[str, str]] = {"kafka": "kafka", "nats": "nats", "amqp": "rabbitmq"}
"""Type of a resource to the broker it is an account at."""


def service_pods(service: str) -> Pods:
    """The pods of `service`."""
    return Pods(namespace=service, name=service, labels=names.selector(service), walled=True)


def store_pods(service: str, resource: str) -> Pods:
    """The pods of a store, as its operator is told to label them."""
    labels = {f"{names.PREFIX}/resource": resource}
    return Pods(namespace=names.data_namespace(service), name=resource, labels=labels, walled=True)


def edges(facts: Facts) -> Iterator[Edge]:
    """All of them."""
    yield from own_edges(facts)
    carried = _carriers(facts)
    for service in facts.services or ():
        pods = service_pods(service.name)
        yield from _calls(service, facts)
        yield from _entrances(service)
        yield from _stores(service, facts)
        for broker in sorted(_brokers(service, carried)):
            why = f"{service.name} has an account at {broker}"
            yield Edge(source=pods, target=BROKERS[broker], ports=_tcp(BROKER_PORTS[broker]), why=why)
        for host in service.spec.egress:
            why = f"{service.name} reaches {host.host}"
            yield Edge(source=pods, target=internet(facts), ports=_tcp(host.port), why=why)
        yield from edges_of(service, pods, facts)


def stores(facts: Facts) -> Iterator[Pods]:
    """The stores of every service."""
    for service in facts.services or ():
        for name, resource in service.spec.resources.items():
            if isinstance(resource, Store):
                yield store_pods(service.name, name)


def _tcp(*numbers: int) -> int:
    found = 0
    for number in numbers:
        found |= ports("TCP", number)
    return found


def _port(service: Service, api: str) -> int | None:
    """The port of `api`; None where the service offers no such thing, which is the catalogue's own fault to tell."""
    listening = service.spec.service.ports if service.spec.service else {}
    for provide in service.spec.provides:
        if provide.api == api and provide.port in listening:
            return listening[provide.port].port
    return None


def _calls(service: Service, facts: Facts) -> Iterator[Edge]:
    for consume in service.spec.consumes:
        provider = facts.service.get(consume.provider)
        port = _port(provider, consume.name) if provider else None
        if port:
            target = service_pods(consume.provider)
            why = f"{service.name} consumes {consume.api}"
            yield Edge(source=service_pods(service.name), target=target, ports=_tcp(port), why=why)


def _entrances(service: Service) -> Iterator[Edge]:
    for provide in service.spec.provides:
        port = _port(service, provide.api)
        if provide.route and port:
            why = f"the gateway routes to {service.name}/{provide.api}"
            yield Edge(source=GATEWAY, target=service_pods(service.name), ports=_tcp(port), why=why)


def _stores(service: Service, facts: Facts) -> Iterator[Edge]:
    for name, resource in service.spec.resources.items():
        if not isinstance(resource, Store):
            continue
        engine = str(getattr(resource, "type", ""))
        home = getattr(facts.settings.data, engine, "operator") if facts.settings else "operator"
        pods, store = service_pods(service.name), store_pods(service.name, name)
        why = f"{service.name} owns {engine} {name}"
        yield Edge(source=pods, target=store, ports=_tcp(*STORE_PORTS[engine]), why=why, must=home == "operator")
        yield Edge(source=store, target=store, ports=ports("TCP", 1, 65535), why="replication", must=False)
        yield Edge(source=store, target=DNS, ports=DNS_PORTS, why="platform edge dns", must=False)


def _carriers(facts: Facts) -> Mapping[str, str]:
    """Channel to the broker that carries it."""
    default = facts.settings.brokers.default if facts.settings else "kafka"
    return {
        publish.channel: publish.broker or default
        for service in facts.services or ()
        for publish in service.spec.events.publishes
    }


def _brokers(service: Service, carried: Mapping[str, str]) -> set[str]:
    resources = (str(getattr(resource, "type", "")) for resource in service.spec.resources.values())
    found = {ACCOUNTS[kind] for kind in resources if kind in ACCOUNTS}
    events = service.spec.events
    channels = [*(one.channel for one in events.publishes), *(one.channel for one in events.subscribes)]
    return found | {carried[channel] for channel in channels if channel in carried}
