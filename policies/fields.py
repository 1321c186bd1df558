"""Fields of operators' objects, found by their name wherever they are.

A database's object has no pod spec, only `spec.image` and `spec.resources`: its operator makes the pods. A list of
kinds and paths would lack the operator somebody installs tomorrow.
"""

from collections.abc import Iterator

from policies.objects import Object
from policies.pods import ROLES
from policies.values import View, step


def fields(thing: Object, *names: str) -> Iterator[View]:
    """Every place called one of `names` in `thing`, however deep, but not in its containers: those are the pods'."""
    for holder, name in holders(thing, *names):
        yield holder[name]


def holders(thing: Object, *names: str) -> Iterator[tuple[View, str]]:
    """What `fields` finds, as the mapping it is in and its name there."""
    yield from ((thing.root, name) for name in names if name in thing.props)
    for key, place in thing.body():
        yield from _within(key, place, names)


def _within(key: str, place: View, names: tuple[str, ...]) -> Iterator[tuple[View, str]]:
    if isinstance(place.value, dict):
        yield from ((place, name) for name in names if name in place.value)
        for name, part in place.entries():
            yield from _within(name, part, names)
    elif isinstance(place.value, list) and key not in ROLES:
        for index, item in enumerate(place.value):
            yield from _within("", View(item, step(place.path, index)), names)
