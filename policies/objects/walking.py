"""Every place inside an object, and the references to Secrets among them.

References are found by the shape of their field (`…SecretRef`, `secretName`), because every operator brings kinds
of its own and they all spell it alike. A value that is not known yet is a place like any other; it is not looked into.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from policies.objects import Object
from policies.objects.glance import Glance, glance
from policies.objects.values import ABSENT, View


class Place(NamedTuple):
    """A value, the field it stands in ("" for the items of a list), and what holds it."""

    key: str
    view: View
    above: View
    """The mapping around it; for the items of a list, the mapping around the list."""
    listed: str = ""
    """For an item of a list: the field the list stands in."""


def places(root: View) -> Iterator[Place]:
    """Everything below `root`, in the order it is written."""
    waiting = [Place("", root, ABSENT)]
    while waiting:
        place = waiting.pop()
        yield place
        here, value = place.view, place.view.value
        if isinstance(value, dict):
            below = [Place(str(key), here.below(str(key), part), here) for key, part in value.items()]
        elif isinstance(value, list):
            below = [Place("", here.below(index, part), place.above, place.key) for index, part in enumerate(value)]
        else:
            continue
        waiting.extend(reversed(below))


_HOLDERS: Final = (dict, list)
_MARKS: Final = frozenset({"labels", "matchLabels", "annotations"})


def marks(thing: Object) -> tuple[View, ...]:
    """Every mapping called `labels`, `matchLabels` or `annotations` in `thing`, however deep."""
    return thing.once(_marks)


def _marks(thing: Object) -> tuple[View, ...]:
    # Over the plain data: few of the maps and lists on the way are marks, and only those become places.
    met: list[tuple[Any, int, Any]] = [(thing.root.value, 0, "")]
    found: list[int] = []
    for at, (value, _, _) in enumerate(met):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(part, _HOLDERS):
                if key in _MARKS and isinstance(part, dict):
                    found.append(len(met))
                met.append((part, at, key))
    return tuple(_place(thing.root, met, at) for at in found)


def _place(root: View, met: Sequence[tuple[Any, int, Any]], at: int) -> View:
    """The place of what was met as number `at`: of each its value, the number of what holds it, and its key there."""
    if at == 0:
        return root
    value, above, key = met[at]
    return _place(root, met, above).below(str(key) if isinstance(met[above][0], dict) else key, value)


@dataclass(frozen=True)
class SecretReference:
    """Where an object names a Secret."""

    name: View
    namespace: View
    """Where it says the Secret is; absent: its own namespace."""


_MAPPINGS: Final = ("secretref", "secretkeyref", "secrettargetref", "secretkeyselector")
_LISTS: Final = frozenset({"imagePullSecrets", "secretTargetRef", "certificateRefs", "secretRefs", "secrets"})
_TEXTS: Final = ("secretname", "credentialname")
_TEXT_LISTS: Final = frozenset({"credentials"})
"""Of a KongConsumer."""
_SELECTOR: Final = frozenset({"key", "name"})
"""A key of a Secret wherever a kind of its own names one (`externalClusters[].password` of CloudNativePG)."""


def secret_references(thing: Object) -> tuple[SecretReference, ...]:
    """Every Secret `thing` names."""
    return thing.once(_references)


def _references(thing: Object) -> tuple[SecretReference, ...]:
    return tuple(_found(thing)) if _may_name_a_secret(glance(thing)) else ()


def _found(thing: Object) -> Iterator[SecretReference]:
    for place in places(thing.root):
        key = place.key.casefold()
        if isinstance(place.view.value, dict):
            named = key.endswith(_MAPPINGS) or place.listed in _LISTS or _is_selector(key, place.view)
            if named or (key == "secret" and place.view["name"].is_set):
                yield SecretReference(place.view["name"], place.view["namespace"])
        elif key.endswith(_TEXTS) and place.view.is_set:
            yield SecretReference(place.view, place.above["namespace"])
        elif place.listed in _TEXT_LISTS and isinstance(place.view.value, str):
            yield SecretReference(place.view, ABSENT)


@lru_cache(maxsize=4096)
def _may_name_a_secret(seen: Glance) -> bool:
    if seen.has_key_and_name or seen.names & (_LISTS | _TEXT_LISTS):
        return True
    folded = {name.casefold() for name in seen.names}
    return "secret" in folded or any(name.endswith((*_MAPPINGS, *_TEXTS)) for name in folded)


def _is_selector(key: str, view: View) -> bool:
    texts = all(isinstance(view.value.get(field), str) for field in _SELECTOR)
    return texts and view.value.keys() <= {*_SELECTOR, "optional"} and "configmap" not in key
