"""How `plat explain` prints a service: a table for people, records for programs."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from blueprint.reading.problems import printable
from blueprint.reading.values import scalar
from operations.console import Console, columns, many
from operations.explaining import ABSENT, Explained, Value, Written

WIDEST: Final = 56
"""Characters of a value in the table; what is longer is divided into its fields, or cut short."""
LONGEST: Final = 100
"""Characters of what the model says of a field in the table, and of a line of prose below it."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./@*$+-](?:[A-Za-z0-9_./@*$+=-]|:(?! |$)|\{[a-z0-9._-]*\})*")
"""Text that may stand without quotes between braces; also a path with a parameter, and a `${reference}`."""
_NOTHING: Final[tuple[object, ...]] = (None, "", [], {})
_THEN: Final = re.compile(r"\b[Uu]nset\b|\bDefault\b")
"""In what the model says of a field: what holds where nobody says it."""


def text(explained: Explained, console: Console, *, every: bool, more: str) -> str:
    """For people: what somebody said, and below it the defaults of the model.

    The defaults of a whole file are listed with `every`, counted otherwise; `more` is the command that lists them.
    """
    parts = explained.named or every
    said = [row for value in explained.values for row in _said(value, parts=parts)]
    defaults = [row for value in explained.values for row in _defaults(value)]
    lines = [console.title(f"{explained.service} in {explained.environment}")]
    if len(said) + len(defaults) == 1:
        (row,) = said or defaults
        lines += [columns([_cells(row, explained)]), *(["", textwrap.fill(row.about, LONGEST)] if row.about else [])]
        return "\n".join(lines)
    lines += [columns(_cells(row, explained) for row in said)] if said else []
    if defaults and parts:
        lines += ["", "Defaults of the format (docs/catalogue.md)", columns(map(_described, defaults))]
    elif defaults:
        lines += ["", f"Not shown: {many(len(defaults), 'default')} of the format. {more} lists them as well."]
    return "\n".join(lines)


def record(explained: Explained) -> Mapping[str, object]:
    """For `--json`: every value by itself, defaults of the model among them."""
    return {
        "service": explained.service,
        "environment": explained.environment,
        "file": explained.file,
        "mistakes": explained.mistakes,
        "values": [
            {
                "field": leaf.field,
                "value": leaf.held,
                "from": leaf.layer,
                "file": leaf.file,
                "line": leaf.line,
                "restored": leaf.restored,
                "overrides": [{"value": each.value, "file": each.file, "line": each.line} for each in leaf.overrides],
                "about": leaf.about,
            }
            for value in explained.values
            for leaf in value.leaves
        ],
    }


def _said(value: Value, *, parts: bool) -> Iterator[Value]:
    """The rows of what somebody said: the largest that come from one layer and fit; with `parts`, those of lists and
    of what is compared as a whole."""
    layers = {leaf.layer for leaf in value.leaves} - {"model"}
    if not layers:
        return
    alone = layers == {value.layer} and not any(leaf.overrides for leaf in value.leaves)
    fits = value.written is not ABSENT and len(flow(value.written)) <= WIDEST
    unit = not parts and (value.overrides or isinstance(value.held, list))
    if not value.inner or unit or (alone and fits):
        yield value
        return
    if value.overrides and isinstance(value.held, list):
        yield value  # its items are compared with nothing
    for each in value.inner:
        yield from _said(each, parts=parts and not isinstance(value.held, list))


def _defaults(value: Value) -> Iterator[Value]:
    """The rows of what only the model says, lists whole."""
    if value.layer == "model" and (not value.inner or isinstance(value.held, list)):
        yield value
        return
    for each in value.inner:
        yield from (row for row in _defaults(each) if row.held not in _NOTHING or _THEN.search(row.about))


def _cells(value: Value, explained: Explained) -> Sequence[str]:
    shown = _held(value) if value.written is ABSENT else _short(value.written) if value.written is not None else "null"
    where = f"{value.file}:{value.line}" if value.file else "default of the format (docs/catalogue.md)"
    patch = f" ({explained.environment})" if value.layer == "environment" else ""
    over = ", which ".join(_over(value, each) for each in value.overrides)
    notes = filter(None, ("null restores the default" if value.restored else "", over))
    return value.field, shown, f"{where}{patch}", ", ".join(notes)


def _over(value: Value, written: Written) -> str:
    where = f"{written.file}:{written.line}"
    same = written.value == value.held
    return f"repeats {where}" if same else f"overrides {_cut(flow(written.value), WIDEST)} of {where}"


def _described(value: Value) -> Sequence[str]:
    return value.field, _held(value), _cut(value.about, LONGEST)


def _held(value: Value) -> str:
    """What the model makes of a field that nobody says."""
    return "unset" if value.held in _NOTHING else _short(value.held)


def _short(value: Any) -> str:
    """`value` on one line of at most WIDEST characters."""
    if isinstance(value, str) and "\n" in value.rstrip():
        length = f" ({many(len(value.splitlines()), 'line')})"
        return _cut(value.splitlines()[0], WIDEST - len(length)) + length
    return _cut(value.rstrip() if isinstance(value, str) and _is_text(value) else flow(value), WIDEST)


def flow(value: Any) -> str:
    """`value` on one line, as YAML writes it between braces."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{flow(key)}: {flow(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and _is_text(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_text(value: str) -> bool:
    return isinstance(scalar(value), str)


def _cut(line: str, most: int) -> str:
    """`line` within `most` characters, none of which moves a terminal's cursor: a file's text may hold any."""
    line = printable(line)
    return line if len(line) <= most else f"{line[: most - 3]}..."
