"""Which namespaces are the platform's, and which controllers must break a rule to do their work."""

from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.objects import Object

OURS: Final = frozenset({*names.PLATFORM_NAMESPACES, *names.CLUSTER_NAMESPACES})
"""Namespaces no service lives in."""


def may(rule: str, thing: Object, facts: Facts) -> bool:
    """Whether `thing` belongs to a controller whose work it is to break `rule` (`limits.access.operators`)."""
    return rule in facts.limits.access.operators.get(thing.title, ())
