"""Every edge the catalogue declares, computed from its files alone: one model for network policies, mesh and channels.

The platform derives its objects from the same files by another way (`blueprint.network`, which no policy reads), so
that a mistake there is a difference here. What an edge must become is each group's own to say.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from blueprint.catalogue import Service
from blueprint.catalogue.needing import Broker, Consume
from blueprint.catalogue.offering import Provide
from blueprint.catalogue.owning import Account
from blueprint.catalogue.storing import AnyStore, Migrations, Shaped, Store
from policies.core.facts import Facts


@dataclass(frozen=True, kw_only=True)
class Call:
    """A service calls an API of another that lets it."""

    caller: Service
    provider: Service
    consume: Consume
    provide: Provide

    @property
    def port(self) -> int | None:
        """Port of the provider's pods; None where it has none of that name, which the catalogue itself refuses."""
        return port(self.provider, self.provide)


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """The gateway leads to an API."""

    service: Service
    provide: Provide

    @property
    def port(self) -> int | None:
        """Port of the service's pods; None where it has none of that name."""
        return port(self.service, self.provide)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """The gateway leads bytes to a port."""

    service: Service
    name: str
    """Of the port."""
    port: int
    """Of the service's pods."""


@dataclass(frozen=True, kw_only=True)
class Owned:
    """A service has a store."""

    service: Service
    name: str
    store: AnyStore

    @property
    def migrations(self) -> Migrations | None:
        """What changes its schema; None: nothing beside its service."""
        return self.store.migrations if isinstance(self.store, Shaped) else None


@dataclass(frozen=True, kw_only=True)
class Intent:
    """What the owners of `services` declared."""

    services: Sequence[Service]
    default: Broker
    """Carries the channels that name none."""

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """In the order they are written."""
        return tuple(self._calls())

    def _calls(self) -> Iterator[Call]:
        by_name = {service.name: service for service in self.services}
        for caller in self.services:
            for consume in caller.spec.consumes:
                provider = by_name.get(consume.provider)
                for provide in provider.spec.provides if provider else ():
                    admitted = provide.allow is None or caller.name in provide.allow
                    if provider and provide.api == consume.name and admitted:
                        yield Call(caller=caller, provider=provider, consume=consume, provide=provide)

    @cached_property
    def entrances(self) -> tuple[Entrance, ...]:
        """Every API with a public route."""
        return tuple(
            Entrance(service=service, provide=provide)
            for service in self.services
            for provide in service.spec.provides
            if provide.route
        )

    @cached_property
    def openings(self) -> tuple[Opening, ...]:
        """Every port that is public."""
        return tuple(
            Opening(service=service, name=name, port=port.target)
            for service in self.services
            for name, port in (service.spec.service.ports.items() if service.spec.service else ())
            if port.public
        )

    @cached_property
    def stores(self) -> tuple[Owned, ...]:
        """Every store."""
        return tuple(
            Owned(service=service, name=name, store=store)
            for service in self.services
            for name, store in service.spec.resources.items()
            if isinstance(store, Store)
        )

    @cached_property
    def carriers(self) -> Mapping[str, Broker]:
        """Channel → the broker that carries it."""
        return {
            publish.channel: publish.broker or self.default
            for service in self.services
            for publish in service.spec.events.publishes
        }

    def brokers(self, service: Service) -> Sequence[Broker]:
        """The brokers `service` speaks to: those of its accounts and those of its channels; sorted."""
        events = service.spec.events
        channels = [*(one.channel for one in events.publishes), *(one.channel for one in events.subscribes)]
        found = {self.carriers[channel] for channel in channels if channel in self.carriers}
        found |= {account.broker for account in service.spec.resources.values() if isinstance(account, Account)}
        return sorted(found)


def intent(facts: Facts) -> Intent:
    """What the catalogue of `facts` declares; nothing where there is none."""
    default: Broker = facts.settings.brokers.default if facts.settings else "kafka"
    return Intent(services=facts.services or (), default=default)


def port(service: Service, provide: Provide) -> int | None:
    """The port of the pods `provide` is served on; None where `service` has none of that name."""
    listening = service.spec.service.ports if service.spec.service else {}
    return listening[provide.port].target if provide.port in listening else None
