"""Plain data as YAML that every reader understands alike: PyYAML writes YAML 1.1, Kubernetes reads Go's, others 1.2.

They differ in what an unquoted scalar means (`1e3`, `0o17`, `y`); whatever one of them would not read as text is quoted
here.

Maps and lists are written by this module, scalars by PyYAML, once each: the text is PyYAML's, in a quarter of the
time. A document with a key that is no short text is left to PyYAML as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final

import yaml

from blueprint.printing import Unaliased
from policies.documents.scalars import EndlessError, resolved

_WIDTH: Final = 2**31 - 1
"""Characters; never folded, so that a diff shows the line that changed."""
_BARE: Final = re.compile(r"/?[A-Za-z](?:[A-Za-z0-9_./:=,@-]|(?<!:) ){4,}[A-Za-z0-9]")
"""Text that stands without quotes anywhere: no word with a meaning has six letters, and no number begins with one or
with a slash. After a colon a blank would end a key."""
_LONGEST_KEY: Final = 120
"""Characters. PyYAML sets longer keys apart (`? key`), from 128 on with its quotes."""
_BREAKS: Final = re.compile(r"[\n\r\x85\u2028\u2029]")
"""Where YAML begins a new line."""


class _Dumper(Unaliased):
    """Quotes what one reader or the other would not take for text."""


class _OddError(Exception):
    """The document holds what only PyYAML knows how to write."""


def _is_text(written: str) -> bool:
    """Whether Kubernetes takes `written` for text where it stands without quotes."""
    try:
        return isinstance(resolved(written), str)
    except EndlessError:
        return False


def _quoted(dumper: Any, written: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", written, style=None if _is_text(written) else "'")


_Dumper.add_representer(str, _quoted)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9][0-9_]*)?\.?[0-9_]+(?:[eE][-+]?[0-9]+)$"),
    list("-+.0123456789"),
)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?0o[0-7_]+$"), list("-+0"))


def text(manifest: Mapping[str, Any]) -> str:
    """One document, keys sorted."""
    if type(manifest) is not dict or not manifest:
        return by_pyyaml(manifest)
    lines: list[str] = []
    try:
        _write_map(lines, manifest, "", "")
    except _OddError:
        return by_pyyaml(manifest)
    lines.append("")
    return "\n".join(lines)


def by_pyyaml(value: Any) -> str:
    """What `text` promises for any value, by PyYAML alone: the same text, slower. Raises yaml.YAMLError."""
    written: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=True, default_flow_style=False, allow_unicode=True, width=_WIDTH
    )
    return written


def _write_map(lines: list[str], value: dict[Any, Any], indent: str, lead: str) -> None:
    """The lines of a map that holds something; the first begins with `lead`, the others with `indent`."""
    try:
        keys = sorted(value)
    except TypeError:  # keys of several types
        raise _OddError from None
    for key in keys:
        inner, head = value[key], lead + _key(key)
        kind = type(inner)
        if kind is str:
            lines.append(f"{head}: {_string(inner, indent)}")
        elif kind is dict and inner:
            lines.append(f"{head}:")
            deeper = indent + "  "
            _write_map(lines, inner, deeper, deeper)
        elif kind is list and inner:
            lines.append(f"{head}:")
            _write_list(lines, inner, indent, indent)
        else:
            lines.append(f"{head}: {_other(inner)}")
        lead = indent


def _write_list(lines: list[str], value: list[Any], indent: str, lead: str) -> None:
    """The lines of a list that holds something; the first begins with `lead`, the others with `indent`."""
    for inner in value:
        kind, head = type(inner), f"{lead}- "
        if kind is str:
            lines.append(head + _string(inner, indent))
        elif kind is dict and inner:
            _write_map(lines, inner, indent + "  ", head)
        elif kind is list and inner:
            _write_list(lines, inner, indent + "  ", head)
        else:
            lines.append(head + _other(inner))
        lead = indent


@lru_cache(maxsize=None, typed=True)
def _key(key: Any) -> str:
    """A key as it stands before its colon. Raises _OddError for what is no text or too long for that."""
    if type(key) is not str:
        raise _OddError
    if len(key) <= _LONGEST_KEY and _BARE.fullmatch(key):
        return key
    written = by_pyyaml({key: 0}).removesuffix(": 0\n")
    if written.startswith("? "):
        raise _OddError
    return written


def _string(value: str, indent: str) -> str:
    if _BARE.fullmatch(value):
        return value
    return _broken(value, len(indent) // 2) if _BREAKS.search(value) else _scalar(value)


@cache
def _scalar(value: str) -> str:
    return by_pyyaml([value])[2:-1]


@cache
def _broken(value: str, level: int) -> str:
    """Text of several lines in a map or list `level` levels deep: its lines are indented with it."""
    nested: Any = {"": value}
    for _ in range(level):
        nested = {"": nested}
    return by_pyyaml(nested).split("'': ", 1)[1].removesuffix("\n")


_CONSTANTS: Final = {None: "null", True: "true", False: "false"}
_EMPTY: Final[Mapping[type, str]] = {dict: "{}", list: "[]"}


def _other(value: Any) -> str:
    """What is neither text nor a map or list with something in it."""
    kind = type(value)
    if kind is int:
        return str(value)
    if value is None or kind is bool:
        return _CONSTANTS[value]
    if kind is float:
        return by_pyyaml([value])[2:-1]
    if kind in _EMPTY:
        return _EMPTY[kind]
    raise _OddError
