"""The words of `_defaults.yaml` in the services of a system, before each service's own.

A field is taken whole, and only where the service does not say it: half a probe or half a limit from another file would
be another probe, another limit. `null` in a service takes the default away, as RFC 7386 has it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from blueprint.catalogue.sharing import Defaults
from blueprint.reading import wording
from blueprint.reading.places import Place
from blueprint.reading.problems import Problem, TextError, valid
from blueprint.reading.source import Source, read_source

NAME: Final = "_defaults.yaml"


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """`_defaults.yaml` as it was read."""

    source: Source
    systems: Mapping[str, Mapping[str, Any]]
    """What was written, by system."""

    def unknown(self, systems: Sequence[str]) -> Iterator[Problem]:
        """The systems no service belongs to: what is said for them reaches nobody."""
        for system in sorted(self.systems.keys() - set(systems)):
            cause = f"no service belongs to the system '{system}', so nothing below it is used"
            yield self.source.problem(("systems", system), cause, valid(system, systems))

    def under(self, source: Source) -> Source:
        """`source` with what its system shares, and where each such value was written."""
        spec = source.data.get("spec")
        system = spec.get("system") if isinstance(spec, dict) else None
        shared = self.systems.get(system) if isinstance(system, str) else None
        if not shared:
            return source
        met = _Met()
        root: Place = ("systems", str(system))
        above = {key: value for key, value in shared.items() if key not in ("everyContainer", "main")}
        filled = _filled(spec, above, ("spec",), root, met)
        listens = filled.get("service") is not None
        filled = _containers(filled, shared, ("spec",), root, met, listens=listens)
        patches = filled.get("environments")
        if isinstance(patches, dict):
            filled["environments"] = {
                name: _containers(patch, shared, ("spec", "environments", name), root, met, of_base=filled)
                if isinstance(patch, dict)
                else patch
                for name, patch in patches.items()
            }
        return replace(
            source, data={**source.data, "spec": filled}, given=met.given, overridden=met.overridden, giver=self.source
        )


@dataclass(frozen=True, kw_only=True)
class _Met:
    """Where the words of a service and of its system met: place in the service → place of the shared word."""

    given: dict[Place, Place] = field(default_factory=dict)
    """The service does not say it."""
    overridden: dict[Place, Place] = field(default_factory=dict)
    """The service says it, or says `null`."""


def _filled(own: Mapping[str, Any], shared: Mapping[str, Any], at: Place, of: Place, met: _Met) -> dict[str, Any]:
    """`own` with every field of `shared` it does not say; without those it says are null."""
    made = {key: value for key, value in own.items() if value is not None or shared.get(key) is None}
    for key, value in shared.items():
        if value is None:
            continue
        if key not in own:
            made[key] = value
        (met.overridden if key in own else met.given)[(*at, key)] = (*of, key)
    return made


def _containers(
    spec: Mapping[str, Any],
    shared: Mapping[str, Any],
    at: Place,
    of: Place,
    met: _Met,
    *,
    listens: bool = False,
    of_base: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`spec` with its containers filled; of a patch only those that are not in `of_base`, where they are filled."""
    made = dict(spec)
    for group in ("containers", "initContainers"):
        held, known = spec.get(group), (of_base or {}).get(group)
        if not isinstance(held, dict):
            continue
        made[group] = dict(held)
        for name, container in held.items():
            if not isinstance(container, dict) or (isinstance(known, dict) and name in known):
                continue
            place = (*at, group, name)
            filled = _filled(container, shared.get("everyContainer") or {}, place, (*of, "everyContainer"), met)
            if listens and (group, name) == ("containers", "main"):
                filled = _filled(filled, shared.get("main") or {}, place, (*of, "main"), met)
            made[group][name] = filled
    return made


def unreached(sources: Sequence[Source]) -> Iterator[Problem]:
    """The shared words that hold in none of the services of `sources`. No mistake: the next service may want them."""
    giver = next((source.giver for source in sources if source.giver), None)
    taken = {place for source in sources for place in source.given.values()}
    if giver is None:
        return
    for place in _words(giver.data["systems"]):
        if ("systems", *place) not in taken:
            cause = "reaches nobody: each service of the system says its own, or has nothing it is for"
            yield giver.problem(("systems", *place), cause, "Drop it, or what the services say instead")


def _words(systems: Mapping[str, Mapping[str, Any]]) -> Iterator[Place]:
    """Where each word is that a service takes whole."""
    for system, shared in systems.items():
        for key, value in shared.items():
            if key in ("everyContainer", "main"):
                yield from ((system, key, word) for word, inner in (value or {}).items() if inner is not None)
            elif value is not None:
                yield system, key


def read_sharing(files: Sequence[Path], shown: str) -> Sharing | None:
    """What the `_` files of a catalogue say. Raises TextError."""
    found: list[Problem] = []
    for file in files:
        if file.name != NAME:
            cause = "begins with '_', so it is no service, and nobody else reads it"
            found.append(
                Problem(
                    file=f"{shown}/{file.name}", line=1, field="", cause=cause, cure=f"Name it {NAME}, or delete it"
                )
            )
    if found:
        raise TextError(found)
    if not files:
        return None
    source = read_source(files[0], f"{shown}/{NAME}")
    try:
        Defaults.model_validate_json(json.dumps(source.data), by_name=False)
    except ValidationError as error:
        raise TextError(wording.problems(error, Defaults, source)) from None
    return Sharing(source=source, systems=source.data["systems"])
