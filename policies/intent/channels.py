"""What each service may do at a broker, from the catalogue alone: the channels it writes and reads, and its groups."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from blueprint.catalogue import Service
from blueprint.catalogue.needing import Broker
from policies.core.world import World
from policies.intent.edges import Intent, intent


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Of one service at one broker."""

    writes: frozenset[str] = frozenset()
    """Channels it publishes, and its own dead letters."""
    reads: frozenset[str] = frozenset()
    """Channels it subscribes to, and its own dead letters."""
    groups: frozenset[str] = frozenset()
    """Its consumer groups, durables or queues."""
    below: tuple[str, ...] = ()
    """How the channels begin that are its own by their name: `<channel>.<group>.`, for retries."""

    def may(self, verb: str) -> frozenset[str]:
        """The channels for `write` or `read`."""
        return self.writes if verb == "write" else self.reads


@dataclass(frozen=True)
class Channels:
    """Of one broker."""

    known: frozenset[str] = frozenset()
    """Every channel of the catalogue there, dead letters too."""
    of: Mapping[str, Edges] = field(default_factory=dict)
    """By service."""


def channels(world: World, broker: Broker) -> Channels:
    """The catalogue's channels at `broker`."""
    return world.once(_by_broker)[broker]


def _by_broker(world: World) -> Mapping[Broker, Channels]:
    declared = intent(world.facts)
    brokers: tuple[Broker, ...] = ("kafka", "nats", "rabbitmq")
    return {broker: _channels(declared, broker) for broker in brokers}


def _channels(declared: Intent, broker: Broker) -> Channels:
    of = {service.name: _edges(service, broker, declared.carriers) for service in declared.services}
    return Channels(frozenset().union(*(each.writes | each.reads for each in of.values())), of)


def _edges(service: Service, broker: Broker, where: Mapping[str, Broker]) -> Edges:
    events = service.spec.events
    read = [each for each in events.subscribes if where.get(each.channel) == broker]
    dead = {each.dead_letter.channel if each.dead_letter else f"{each.channel}.{each.group}.dlq" for each in read}
    return Edges(
        writes=frozenset({each.channel for each in events.publishes if where[each.channel] == broker} | dead),
        reads=frozenset({each.channel for each in read} | dead),
        groups=frozenset(each.group for each in read),
        below=tuple(f"{each.channel}.{each.group}." for each in read),
    )
