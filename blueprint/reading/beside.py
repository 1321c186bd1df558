"""Files beside the catalogue that a container reads (`files: {/etc/x.conf: {from: web/x.conf}}`), put in as their text.

Everything behind sees text only, so a file is held to the same size, the same policies and the same checksum as text
written in place. Nothing is read outside the catalogue's folder: the text ends in a ConfigMap that others may read.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from blueprint.catalogue.mounting import MOST_BYTES
from blueprint.reading.places import Place
from blueprint.reading.problems import Problem, TextError
from blueprint.reading.source import Source

_PLAIN: Final = re.compile(r"(?!\.\.?(/|$))[A-Za-z0-9._-]+(/(?!\.\.?(/|$))[A-Za-z0-9._-]+)*")
_GROUPS: Final = ("containers", "initContainers")
_INSIDE: Final = "Put a copy below the catalogue's folder and write its plain path, such as web/nginx.conf"


class _RefusedError(Exception):
    """A file that is not taken: its cause and cure."""


def with_files(source: Source, folder: Path) -> Source:
    """`source` with the text of every file it names below `folder`, where that name was. Raises TextError."""
    named = tuple(_named(source.data.get("spec"), ("spec",)))
    if not named:
        return source
    problems: list[Problem] = []
    data = source.data
    for place, value in named:
        try:
            data = _put(data, place, _text(_path(value), folder))
        except _RefusedError as refused:
            problems.append(source.problem(place, *refused.args))
    if problems:
        raise TextError(problems)
    return replace(source, data=data)


def _named(spec: Any, above: Place) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Where a map stands instead of a file's text, in the spec and in what each environment patches."""
    for group in _GROUPS:
        for name, container in _items(spec, group):
            for path, value in _items(container, "files"):
                if isinstance(value, dict):
                    yield (*above, group, name, "files", path), value
    for environment, patch in _items(spec, "environments"):
        yield from _named(patch, (*above, "environments", environment))


def _items(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """What is below `key`, if there are maps; whether there should be is for the models to say."""
    inner = value.get(key) if isinstance(value, dict) else None
    yield from inner.items() if isinstance(inner, dict) else ()


def _put(data: Any, place: Place, text: str) -> Any:
    """A copy of `data` with `text` at `place`."""
    return {**data, place[0]: _put(data[place[0]], place[1:], text)} if place else text


def _path(value: Mapping[str, Any]) -> str:
    path = value.get("from")
    if value.keys() != {"from"} or not isinstance(path, str):
        cause = "is neither text nor the name of a file, so nobody knows what the container should read"
        raise _RefusedError(cause, "Write the text itself, or {from: <path>} and nothing beside it")
    if not _PLAIN.fullmatch(path):
        cause = f"names '{path}', which is no plain path below the catalogue's folder; nothing else is read"
        raise _RefusedError(cause, f"{_INSIDE}: a-z, A-Z, 0-9, '.', '_', '-', without '.' and '..' for a part")
    return path


def _text(path: str, folder: Path) -> str:
    """The text of the file at `path`. Raises _RefusedError."""
    try:
        file = (folder / path).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise _RefusedError(f"names '{path}', a link that leads out of the catalogue's folder", _INSIDE)
        if file.is_dir():
            cause = f"names '{path}', a folder"
            raise _RefusedError(cause, "Name each of its files at a path of its own")
        if not file.is_file():  # a pipe or device too: to open one may wait for ever
            raise _RefusedError(f"names '{path}', which is not there", _there(folder / path, folder))
        with file.open("rb") as opened:
            read = opened.read(MOST_BYTES + 1)
    except (OSError, RuntimeError) as error:  # before Python 3.13 a link to itself is a RuntimeError
        cause = f"names '{path}', which cannot be read ({getattr(error, 'strerror', None) or 'a link to itself'})"
        raise _RefusedError(cause, "Check the path and its permissions") from None
    if len(read) > MOST_BYTES:
        cause = f"names '{path}', which holds more than the {MOST_BYTES} bytes that one ConfigMap may"
        raise _RefusedError(cause, "Put what is large into the image")
    try:
        text = read.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        cause = f"names '{path}', which is not UTF-8 text; binary files are not mounted"
        raise _RefusedError(cause, "Put it into the image, or save it as UTF-8 if it is text")
    return text


def _there(wanted: Path, folder: Path) -> str:
    """The cure for a file that is missing: the files of its folder, at most twelve."""
    near = wanted.parent if wanted.parent.is_dir() else folder
    found = sorted(each.relative_to(folder).as_posix() for each in near.iterdir() if each.is_file())
    found = [each for each in found if "/" in each or not each.lower().endswith((".yaml", ".yml"))]
    listed = ", ".join(found[:12]) + (f" and {len(found) - 12} more" if len(found) > 12 else "")
    return f"The path begins at the catalogue's folder. There are: {listed or 'none'}"
