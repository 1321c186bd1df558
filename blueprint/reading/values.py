"""The values of a text without their lines, in a third of the time the tree takes: most files hold no mistake.

It refuses nothing and words nothing. Whatever is not plainly right is `source`'s, which builds the tree with its lines
and says what is wrong; so this module may always give up, but never give other values than that tree's.
"""

import re
from typing import Any, Final

import yaml

LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml reads about eight times faster; the pure loader serves where it is missing."""
MAX_DEPTH: Final = 32
"""Levels of nesting. The format has ten."""

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_CONSTANTS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
_NUMERIC: Final = frozenset("-0123456789")

_MARKS: Final = "&!\\"
_UNUSUAL: Final = re.compile(
    r"(?:^|[^\w\"'/.])[&!]"  # what may be an anchor or a tag; an alias is nothing without its anchor
    r"|\\[^\"\\/ n]",  # an escape that may stand for a character nobody sees
    re.MULTILINE,
)
"""Holds one of the marks, which are looked for first."""
_OPENING: Final = "-?:[{"
_MAX_OPENINGS: Final = 2000
"""Characters that may begin a map or list: libyaml's composer recurses, and should not see ten thousand levels."""


class _Values(LOADER):  # type: ignore[misc, valid-type]  # chosen where yaml is installed
    """Composes nodes whose tag says no more than whether a scalar stands without quotes."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        del value
        return "plain" if kind is yaml.ScalarNode and implicit[0] else ""


class _UnusualError(Exception):
    """The text needs a closer look."""


def values(text: str) -> dict[str, Any] | None:
    """The map that `text` is, as the tree would have it; None where only the tree can tell."""
    if any(mark in text for mark in _MARKS) and _UNUSUAL.search(text):
        return None
    if sum(map(text.count, _OPENING)) > _MAX_OPENINGS:
        return None
    loader = _Values(text)
    try:
        found = _value(loader.get_single_node(), 0)
    except (yaml.YAMLError, RecursionError, _UnusualError):
        return None
    finally:
        loader.dispose()
    return found if isinstance(found, dict) else None


def _value(node: Any, depth: int) -> Any:
    kind = type(node)
    if kind is yaml.ScalarNode:
        return scalar(node.value) if node.tag else node.value
    if node is None or depth >= MAX_DEPTH:
        raise _UnusualError
    if kind is yaml.SequenceNode:
        return [_value(item, depth + 1) for item in node.value]
    found = {_key(key): _value(inner, depth + 1) for key, inner in node.value}
    if len(found) != len(node.value):
        raise _UnusualError
    return found


def _key(node: Any) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _UnusualError
    return str(node.value)


def scalar(text: str) -> Any:
    """YAML 1.2's core schema, less what is easily misread: octal, hexadecimal, exponents, infinities stay words."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
