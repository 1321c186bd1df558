"""A quick look at an object before a slow one: which fields it has, however deep, and whether every value is known.

Most rules are about fields most objects do not have. One walk over the plain data tells them so.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from policies.objects import Object
from policies.objects.values import Unknown


@dataclass(frozen=True, eq=False)
class Glance:
    """What a walk over an object has met. One for all objects that look alike, so that it is compared by what it is."""

    names: frozenset[str]
    """Every field, however deep."""
    unknown: bool
    """Whether a value is not known yet, which may hold any field."""
    has_key_and_name: bool
    """Whether a mapping has both fields, `key` and `name`, as what names a key of a Secret does."""


def glance(thing: Object) -> Glance:
    """A look at `thing`, taken once for all rules."""
    return thing.once(_glance)


def _glance(thing: Object) -> Glance:
    names: set[str] = set()
    unknown = has_key_and_name = False
    waiting: list[object] = [dict(thing.props)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            names.update(map(str, value))
            waiting += [part for part in value.values() if type(part) is not str]  # nearly all are text
            has_key_and_name = has_key_and_name or ("key" in value and "name" in value)
        elif isinstance(value, list):
            waiting += [part for part in value if type(part) is not str]
        elif isinstance(value, Unknown):
            unknown = True
    return _same(frozenset(names), unknown, has_key_and_name)


# One value for all objects that look alike: whoever keeps answers by it compares no names.
_same: Final = lru_cache(maxsize=4096)(Glance)
