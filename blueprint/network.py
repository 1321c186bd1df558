"""Who speaks to whom: every edge of the catalogue, resolved to ports and operations.

An edge is declared once, by the consumer. What follows from it at either end (policies, routes, addresses) is
decided by the modules that read these; nothing else may invent an edge.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

from blueprint.apis import Request, api, below, listener, port, protocol, request
from blueprint.catalogue import Service
from blueprint.catalogue.listening import opened
from blueprint.catalogue.needing import Broker, Consume, Retries
from blueprint.catalogue.offering import Provide
from blueprint.catalogue.owning import Account
from blueprint.quantities import seconds
from blueprint.settings import Brokers

DEFAULT_RETRIES: Final = 2
"""Tries after the first for idempotent operations (Istio's default, 2)."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One service calls one API of another."""

    caller: str
    provider: str
    api: str
    port: int
    """Port of the provider's Service."""
    target_port: int
    """Port of its pods."""
    protocol: str
    """http, http2, grpc, tcp or tls."""
    requests: tuple[Request, ...]
    """What may be asked; empty: anything on the port."""
    timeout_seconds: float
    """How long the caller waits, tries included."""
    attempts: int
    """Tries after the first, for idempotent requests only."""
    per_try_seconds: float
    retry_on: tuple[str, ...]
    soft: bool
    """Whether the caller can do without."""


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """The public reaches one API of a service through the gateway."""

    service: str
    api: str
    port: int
    """Port of its Service."""
    target_port: int
    """Port of its pods."""
    requests: tuple[Request, ...]
    """What may be asked; empty: anything below `asked`."""
    paths: tuple[str, ...]
    """Public path prefixes."""
    asked: tuple[str, ...]
    """Path prefixes the service is asked for: the public ones, unless the gateway takes them off."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """The public reaches one port of a service through the gateway, byte for byte."""

    service: str
    name: str
    target_port: int
    """Of the service's pods, called `name` there."""
    public: int
    """Of the gateway."""


@dataclass(frozen=True, kw_only=True)
class BrokerUse:
    """A service has an account at a shared broker."""

    service: str
    broker: Broker


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A service reaches a host outside the platform."""

    service: str
    host: str
    port: int
    protocol: str
    """TLS, HTTP or TCP."""
    cidrs: tuple[str, ...] = ()
    """Where it is in a private network; empty: it is on the internet."""


@dataclass(frozen=True, kw_only=True)
class Edges:
    """The edges of one service, each list in the order of `Network`."""

    outgoing: tuple[Call, ...] = ()
    """What it calls."""
    incoming: tuple[Call, ...] = ()
    """Who calls it."""
    entrances: tuple[Entrance, ...] = ()
    openings: tuple[Opening, ...] = ()
    brokers: tuple[Broker, ...] = ()
    outside: tuple[Outside, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Network:
    """Every edge of a stack, sorted."""

    calls: tuple[Call, ...]
    entrances: tuple[Entrance, ...]
    openings: tuple[Opening, ...]
    brokers: tuple[BrokerUse, ...]
    outside: tuple[Outside, ...]

    def of(self, service: str) -> Edges:
        """The edges of `service`."""
        return self._index.get(service, Edges())

    @cached_property
    def _index(self) -> Mapping[str, Edges]:
        """Every edge by the services it touches: asked for each service, a scan of all would grow as their square."""
        outgoing, incoming = _by(self.calls, lambda of: of.caller), _by(self.calls, lambda of: of.provider)
        entrances, openings = _by(self.entrances, lambda of: of.service), _by(self.openings, lambda of: of.service)
        brokers = _by(self.brokers, lambda of: of.service)
        outside = _by(self.outside, lambda of: of.service)
        return {
            service: Edges(
                outgoing=tuple(outgoing.get(service, ())),
                incoming=tuple(incoming.get(service, ())),
                entrances=tuple(entrances.get(service, ())),
                openings=tuple(openings.get(service, ())),
                brokers=tuple(use.broker for use in brokers.get(service, ())),
                outside=tuple(outside.get(service, ())),
            )
            for service in {*outgoing, *incoming, *entrances, *openings, *brokers, *outside}
        }


_Edge = TypeVar("_Edge")


def _by(edges: Sequence[_Edge], end: Callable[[_Edge], str]) -> Mapping[str, list[_Edge]]:
    found: dict[str, list[_Edge]] = {}
    for edge in edges:
        found.setdefault(end(edge), []).append(edge)
    return found


def decide(services: Sequence[Service], brokers: Brokers) -> Network:
    """Every edge of `services`, which are closed: whatever one refers to is among them."""
    by_name = {service.name: service for service in services}
    carriers = {
        publish.channel: publish.broker or brokers.default
        for service in services
        for publish in service.spec.events.publishes
    }
    return Network(
        calls=tuple(_call(service, consume, by_name) for service in services for consume in _sorted(service)),
        entrances=tuple(
            _entrance(service, provide)
            for service in services
            for provide in sorted(service.spec.provides, key=lambda provide: provide.api)
            if provide.route
        ),
        openings=tuple(
            Opening(service=service.name, name=name, target_port=port.target, public=public.port)
            for service in services
            for name, port, public in opened(service.spec.service)
        ),
        brokers=tuple(
            BrokerUse(service=service.name, broker=broker)
            for service in services
            for broker in _brokers(service, carriers)
        ),
        outside=tuple(
            Outside(
                service=service.name,
                host=egress.host,
                port=egress.port,
                protocol=egress.protocol,
                cidrs=tuple(sorted(egress.cidrs or ())),
            )
            for service in services
            for egress in sorted(service.spec.egress, key=lambda egress: (egress.host, egress.port))
        ),
    )


def _sorted(service: Service) -> list[Consume]:
    return sorted(service.spec.consumes, key=lambda consume: consume.api)


def _call(service: Service, consume: Consume, services: Mapping[str, Service]) -> Call:
    provider, provide = services[consume.provider], api(consume, services)
    used = [operation for operation in provide.operations if operation.key in (consume.operations or (operation.key,))]
    requests = tuple(sorted(request(operation) for operation in used))
    retries = consume.retries or _default_retries(consume, provide, requests)
    timeout = seconds(consume.timeout or provide.timeout)
    if consume.timeout is None and retries.attempts:
        timeout *= retries.attempts + 1
    per_try = seconds(retries.per_try_timeout) if retries.per_try_timeout else timeout / (retries.attempts + 1)
    return Call(
        caller=service.name,
        provider=consume.provider,
        api=consume.name,
        port=port(provider, provide),
        target_port=listener(provider, provide).target,
        protocol=protocol(provider, provide),
        requests=requests,
        timeout_seconds=timeout,
        attempts=retries.attempts,
        per_try_seconds=per_try,
        retry_on=retries.retry_on,
        soft=consume.criticality == "soft",
    )


def _default_retries(consume: Consume, provide: Provide, requests: Sequence[Request]) -> Retries:
    """Twice where there is something idempotent to retry and time for it, else never.

    Time for it: the provider may take its whole timeout on every try, so a caller that fixed its own timeout gets
    retries only if that many tries fit.
    """
    tries = DEFAULT_RETRIES + 1
    fits = consume.timeout is None or seconds(consume.timeout) >= tries * seconds(provide.timeout)
    return Retries(attempts=DEFAULT_RETRIES if fits and any(request.repeatable for request in requests) else 0)


def _entrance(service: Service, provide: Provide) -> Entrance:
    assert provide.route is not None, "only routed APIs have an entrance"  # noqa: S101
    paths = tuple(sorted(provide.route.paths))
    asked = ("/",) if provide.route.strip_path else paths
    requests = tuple(sorted(request(operation) for operation in provide.operations))
    return Entrance(
        service=service.name,
        api=provide.api,
        port=port(service, provide),
        target_port=listener(service, provide).target,
        requests=tuple(each for each in requests if any(below(each.path, prefix) for prefix in asked)),
        paths=paths,
        asked=asked,
    )


def _brokers(service: Service, carriers: Mapping[str, Broker]) -> list[Broker]:
    """The brokers `service` speaks to: those of its accounts and those of its channels."""
    events = service.spec.events
    found = {resource.broker for resource in service.spec.resources.values() if isinstance(resource, Account)}
    found |= {carriers[publish.channel] for publish in events.publishes}
    found |= {carriers[subscribe.channel] for subscribe in events.subscribes}
    return sorted(found)
