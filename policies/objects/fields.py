"""Fields of operators' objects, found by their name wherever they are.

A database's object has no pod spec, only `spec.image` and `spec.resources`: its operator makes the pods. A list of
kinds and paths would lack the next operator.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

from policies.objects import Object
from policies.objects.glance import Glance, glance
from policies.objects.pods import ROLES
from policies.objects.values import View


def fields(thing: Object, *names: str) -> Iterator[View]:
    """Every place called one of `names` in `thing`, however deep, but not in its containers: those are the pods'."""
    if not glance(thing).names.isdisjoint(names):
        for holder, name in _holders(thing, frozenset(names).__contains__):
            yield holder[name]


Called = Callable[[str], object]
"""Whether a field is meant, by its name."""


def holders(thing: Object, called: Called) -> Iterator[tuple[View, str]]:
    """What `fields` finds, as the mapping it is in and its name there."""
    if _may_hold(glance(thing), called):
        yield from _holders(thing, called)


@lru_cache(maxsize=4096)
def _may_hold(seen: Glance, called: Called) -> bool:
    return any(map(called, seen.names))


def _holders(thing: Object, called: Called) -> Iterator[tuple[View, str]]:
    yield from ((thing.root, name) for name in thing.props if called(name))
    for key, place in thing.body():
        yield from _within(thing, key, place, called)


def _within(thing: Object, key: str, place: View, called: Called) -> Iterator[tuple[View, str]]:
    if key in thing.describes:
        return
    if isinstance(place.value, dict):
        yield from ((place, str(name)) for name in place.value if called(str(name)))
        for name, part in place.entries():
            yield from _within(thing, name, part, called)
    elif isinstance(place.value, list) and key not in ROLES:
        for index, item in enumerate(place.value):
            yield from _within(thing, "", place.below(index, item), called)
