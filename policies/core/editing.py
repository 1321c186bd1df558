"""Where a finding is mended: the rule's `where` with everything filled in that the run knows.

A rule is about all services, so its `where` has `{service}`, `<name>` and `<environment>`. A reader wants the file, the
line and the container. What cannot be filled is cut off, so that nothing is left for the reader to guess.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from blueprint import names
from blueprint.catalogue import Environment
from blueprint.reading.entries import Entry
from policies.core.facts import Facts
from policies.core.limits import file_of
from policies.objects import Object
from policies.objects.values import MalformedError, UndeterminedError

_OWNERS: Final = re.compile(r"services/\{service\}\.yaml: ([A-Za-z0-9_.<>-]+)(.*)", re.DOTALL)
_CONTAINER: Final = re.compile(r"(?:^|\.)(containers|initContainers)\[(\d{1,4})\]")
_STEP: Final = re.compile(r"([A-Za-z]+)|\[(\d{1,4})\]")
_OTHERWISE: Final = " otherwise"
"""Ends the part of a `where` that is about objects of no service."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A field of a service's file."""

    entry: Entry
    steps: tuple[str, ...]
    """YAML path, as far as it is known."""
    environment: Environment
    """Whose patch is named where that says the field."""

    @property
    def file(self) -> str:
        """The file as it was read."""
        return self.entry.source.origin(self._place)[0].file

    @property
    def line(self) -> int:
        """Of the field, or of the nearest above it that is written."""
        return self.entry.source.line(self._place)

    @property
    def _place(self) -> tuple[str | int, ...]:
        first, *rest = self.steps
        return self.entry.place(self.environment, *rest) if first == "spec" else self.steps


def edit(where: str, path: str, about: Object | None, service: str, facts: Facts) -> Edit | None:
    """The field that `where` names for a finding at `path` of `about`; None where it is in no file that was read."""
    named, entry = _OWNERS.search(where), facts.entries.get(service)
    if named is None or entry is None:
        return None
    return Edit(entry=entry, steps=tuple(_known(named[1].split("."), path, about)), environment=facts.environment)


def spelled(where: str, path: str, about: Object | None, service: str, facts: Facts) -> str:
    """`where` for people: of a service's object the owner's file and line, of any other what else it names."""
    filled = filled_in(where, facts)
    named = _OWNERS.search(filled)
    if named is None:
        return filled
    beside, _, otherwise = named[2].partition(";")
    also = f";{otherwise}" if otherwise and not otherwise.endswith(_OTHERWISE) else ""
    if at := edit(where, path, about, service, facts):
        return f"{at.file}:{at.line}: {'.'.join(at.steps)}{beside}{also}"
    if not service and otherwise:
        return otherwise.strip().removesuffix(_OTHERWISE)
    file = f"services/{service}.yaml" if service else "the service's file"
    return f"{file}: {'.'.join(_known(named[1].split('.'), path, about))}{beside}{also}"


def filled_in(text: str, facts: Facts) -> str:
    """`text` with the environment's own file of limits."""
    return text.replace("<environment>.json", file_of(facts.environment))


def _known(steps: Sequence[str], path: str, about: Object | None) -> list[str]:
    """`steps` with the container that `path` is about, up to the first placeholder nobody can fill."""
    known: list[str] = [] if steps[0] in ("spec", "metadata") else ["spec"]
    for step in steps:
        if step.startswith("<"):
            found = _CONTAINER.search(path) if known[-1:] == ["containers"] and about else None
            if found and about and (resource := _migrated(about)):
                known[-1:] = ["resources", resource, "migrations"]
                continue
            name = _name(path[: found.end()], about.props) if found and about else None
            if found is None or name is None:
                break
            known[-1:] = [found[1], name]
        elif step:
            known.append(step)
    return known


def _migrated(about: Object) -> str:
    """The store whose shape the pods of `about` change; "" of all others, and where no labels can be read."""
    try:
        return about.labels[names.MIGRATION].word
    except (MalformedError, UndeterminedError):
        return ""


def _name(path: str, value: Any) -> str | None:
    """The name of the container at `path` in `value`."""
    for key, index in _STEP.findall(path):
        if index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        elif key and isinstance(value, Mapping):
            value = value.get(key)
        else:
            return None
    name = value.get("name") if isinstance(value, Mapping) else None
    return name if isinstance(name, str) else None
