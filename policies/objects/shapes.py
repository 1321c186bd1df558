"""The shapes in which an operator's object, or a change to an object, holds pieces of pods.

A piece is known by a field only pods and containers have, in the type they have it in: `hostNetwork: true`, a volume
with a hostPath, a securityContext, a container with its image. A field of the same name and another type is the
operator's own, and is left out of what the rules read.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.objects.values import Unknown, View

_CONTEXTS: Final = re.compile(r"(?:.*S|s)ecurityContext")
"""securityContext, podSecurityContext, containerSecurityContext: operators put a word before it to tell them apart."""

_SECURITY: Final[Mapping[str, type]] = {
    **dict.fromkeys(("allowPrivilegeEscalation", "privileged", "runAsNonRoot"), bool),
    "runAsUser": int,
}
_PROFILES: Final = ("appArmorProfile", "seccompProfile")
_PROFILE_TYPES: Final = ("Localhost", "RuntimeDefault", "Unconfined")
"""Fields of a securityContext, by which one is known that is called something else (CloudNativePG has them in its
spec). A schema has fields of these names too, of other types."""

_CONTAINERS: Final = re.compile(r"(?:.*(?:container|sidecar)|step|script)s?", re.IGNORECASE)
"""Fields that hold a container or several: extraContainers, sidecars, Argo's container and script, Tekton's steps."""

_FLAGS: Final = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace")
"""What opens the node, or the pod, where it is true."""

_LISTS: Final[Mapping[str, str]] = {"volumes": "hostPath", "ports": "hostPort"}
"""Lists of a pod or a container, and the field of an item that opens the node."""

_TYPES: Final[Mapping[str, type]] = {
    **dict.fromkeys((*_FLAGS, "hostUsers"), bool),
    **dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "os"), dict),
    "runtimeClassName": str,
}


def is_podlike(field: str) -> bool:
    """Whether a field of this name can be a piece of a pod."""
    known = field in _SECURITY or field in _PROFILES or field in _TYPES or field in _LISTS.values()
    return known or bool(_CONTEXTS.fullmatch(field) or _CONTAINERS.fullmatch(field))


def pieces(place: View, context: str, read: frozenset[str], *, custom: bool) -> Iterator[tuple[str, tuple[View, ...]]]:
    """The fields of `place` that are a securityContext, each with the containers that belong to it: those lie beside
    `context`. What is `read` as a pod spec already is no piece; then only its other fields can be. In a `custom`
    resource a securityContext may be called anything."""
    contexts = {key for key, part in place.entries() if _context(key, part.value, custom) is not None} - read
    loose = tuple(_loose(place, read))
    if loose or (not read and _tells(place.value)):
        contexts.add(context)
    for key in sorted(contexts):
        yield key, loose if key == context else ()


def readable(place: View, *, custom: bool) -> View:
    """`place` with only those fields a pod or a container has, where they are of the type it has them in."""
    contexts = {str(key): _context(str(key), part, custom) for key, part in place.value.items()}
    fields = {key: part for key, part in place.value.items() if _fits(str(key), part)}
    return View({**fields, **{key: part for key, part in contexts.items() if part is not None}}, place.path)


def _context(key: str, value: Any, custom: bool) -> Any:
    """What is a securityContext of `value`; None: nothing."""
    if _CONTEXTS.fullmatch(key):
        return value if _is(dict, value) else None
    if not custom or not isinstance(value, dict):
        return None
    return {name: part for name, part in value.items() if _secures(str(name), part)} or None


def _secures(key: str, value: Any) -> bool:
    if key in _PROFILES:
        kind = value.get("type") if isinstance(value, dict) else None
        return isinstance(kind, Unknown) or (isinstance(kind, str) and kind in _PROFILE_TYPES)
    # Not isinstance: true is an int too.
    return key in _SECURITY and (isinstance(value, Unknown) or type(value) is _SECURITY[key])


def _is(kind: type, value: Any) -> bool:
    return isinstance(value, kind | Unknown)


def _fits(key: str, value: Any) -> bool:
    if key in _LISTS:
        return _is(list, value) and (isinstance(value, Unknown) or all(_is(dict, item) for item in value))
    return key in _TYPES and _is(_TYPES[key], value)


def _tells(value: Mapping[str, Any]) -> bool:
    """Whether something is written here that opens the node."""
    flags = any(value.get(key) is True or isinstance(value.get(key), Unknown) for key in _FLAGS)
    named = isinstance(value.get("runtimeClassName"), str)
    return flags or named or any(_holds(value.get(key), field) for key, field in _LISTS.items())


def _holds(items: Any, field: str) -> bool:
    return isinstance(items, list) and any(isinstance(item, dict) and item.get(field) is not None for item in items)


def _loose(place: View, read: frozenset[str]) -> Iterator[View]:
    """The containers that lie in `place`, by themselves, in a list or under their names. All have an image: a piece of
    one that has none is found by its securityContext."""
    held = (part for key, part in place.entries() if _CONTAINERS.fullmatch(key) and key not in read)
    return (each for part in held for each in _each(part) if _has_image(each.value))


def _has_image(value: Any) -> bool:
    return isinstance(value, dict) and _is(str, value.get("image"))


def _each(part: View) -> Iterator[View]:
    if isinstance(part.value, list):
        yield from (part.below(index, item) for index, item in enumerate(part.value))
    elif isinstance(part.value, dict):
        yield part
        yield from (below for _, below in part.entries())
