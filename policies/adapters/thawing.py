"""The SDK's properties as plain data: what a rule sees in production is what its tests see.

The SDK hands out proxies that are neither dict nor list, whose unknown values abort whatever touches one, and whose
numbers are all floats. Past this border there are dicts, lists, numbers as they were written, and `Unknown`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pulumi_policy.proxy import (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
)

from policies.objects.values import Unknown, step

SENTINELS: Final = frozenset(
    {
        UNKNOWN_ARCHIVE_VALUE,
        UNKNOWN_ARRAY_VALUE,
        UNKNOWN_ASSET_VALUE,
        UNKNOWN_BOOLEAN_VALUE,
        UNKNOWN_NUMBER_VALUE,
        UNKNOWN_OBJECT_VALUE,
        UNKNOWN_STRING_VALUE,
    }
)
"""What the engine writes where a value is not known yet."""

DEEPEST: Final = 200
"""Levels. The wire's parser stops at 100 (protobuf), so only data that never came by wire is deeper."""

EXACT: Final = 2**53
"""Above it a float stands for several whole numbers, and is none of them."""

_TARGET: Final = "__target"
"""Key under which a proxy gives what it guards, unchecked (pulumi_policy.proxy)."""

_AS_THEY_ARE: Final = frozenset({bool, int, type(None), Unknown})

_Trail = tuple["_Trail", str | int] | None


class Opaque:
    """Something that is no data: an asset, an archive, a reference to a resource. A rule that reads it is malformed."""

    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        self.what = what

    def __repr__(self) -> str:
        return f"Opaque({self.what!r})"


def thaw(value: Any) -> Any:
    """`value` as plain data: dict, list, str, int, float, bool, None, `Unknown` and `Opaque`. Never raises."""
    return _thawed(value, None, DEEPEST)


def _thawed(value: Any, trail: _Trail, left: int) -> Any:
    kind = type(value)
    if kind is str:
        return Unknown(_path(trail)) if value in SENTINELS else value
    if kind is float:
        return int(value) if value.is_integer() and abs(value) <= EXACT else value
    if kind in _AS_THEY_ARE:
        return value
    try:
        return _held(value, trail, left - 1) if left else Opaque("data nested too deep")
    except Exception:  # what cannot even be walked through is nothing a rule could read
        return Opaque(kind.__name__)


def _held(value: Any, trail: _Trail, left: int) -> Any:
    if isinstance(value, Mapping):
        entries = value if type(value) is dict else _unguarded(value)
        return {key: _thawed(part, (trail, key), left) for key, part in entries.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        items = value if type(value) is list else _unguarded(value)
        return [_thawed(part, (trail, index), left) for index, part in enumerate(items)]
    return Opaque(type(value).__name__)


def _unguarded(proxy: Any) -> Any:
    """What `proxy` guards; itself where it guards nothing."""
    try:
        return proxy[_TARGET]
    except (KeyError, TypeError):
        return proxy


def _path(trail: _Trail) -> str:
    # Spelled only where something is unknown: a path for every value would cost more than the rest.
    steps: list[str | int] = []
    while trail is not None:
        trail, key = trail
        steps.append(key)
    path = ""
    for key in reversed(steps):
        path = step(path, key if isinstance(key, int) else str(key))
    return path
