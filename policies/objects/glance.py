"""A quick look at an object before a slow one: which fields it has, however deep, and whether every value is known.

Most rules are about fields most objects do not have. One walk over the plain data tells them so.
"""

from dataclasses import dataclass

from policies.objects import Object
from policies.objects.values import Unknown


@dataclass(frozen=True)
class Glance:
    """What a walk over an object has met."""

    names: frozenset[str]
    """Every field, however deep."""
    unknown: bool
    """Whether a value is not known yet, which may hold any field."""


def glance(thing: Object) -> Glance:
    """A look at `thing`, taken once for all rules."""
    return thing.once(_glance)


def _glance(thing: Object) -> Glance:
    names: set[str] = set()
    unknown = False
    waiting: list[object] = [dict(thing.props)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            names.update(map(str, value))
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, Unknown):
            unknown = True
    return Glance(names=frozenset(names), unknown=unknown)
