"""Which brokers a service has an account at, and how they are reached.

One module per placement, with a decision type of its own. Which placement a broker has is the stack's
(`settings.brokers`).
"""

from collections.abc import Callable, Mapping
from typing import Final

from blueprint.brokers.shared import Shared, shared
from blueprint.catalogue import Service
from blueprint.catalogue.needing import Broker
from blueprint.context import Context
from blueprint.settings import Placement

Account = Shared
"""Every type of decision about an account at a broker."""

Maker = Callable[[Service, Broker, Context], Account]

MAKERS: Final[Mapping[tuple[Broker, Placement], Maker]] = {
    ("kafka", "managed"): shared,
    ("kafka", "operator"): shared,
    ("nats", "operator"): shared,
    ("rabbitmq", "managed"): shared,
    ("rabbitmq", "operator"): shared,
}
"""Broker and placement → maker. Total over `settings.Brokers`; a test says so. Managed brokers keep the rules of those
in a namespace until a cluster in a cloud has a subnet for them."""


def decide(service: Service, context: Context) -> tuple[Account, ...]:
    """The accounts of `service`, by broker."""
    return tuple(
        MAKERS[broker, getattr(context.settings.brokers, broker)](service, broker, context)
        for broker in context.network.of(service.name).brokers
    )
