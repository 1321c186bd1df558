"""The folder of services: each file by itself, each environment's patch, then all files together."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from blueprint.catalogue import ENVIRONMENTS, Environment, Service, merge
from blueprint.catalogue.needing import Consume
from blueprint.reading import wording
from blueprint.reading.beside import with_files
from blueprint.reading.crossing import crossed
from blueprint.reading.entries import Catalogue, Entry, Unread, patch_of
from blueprint.reading.patching import revalidated
from blueprint.reading.problems import Problem, TextError
from blueprint.reading.sharing import read_sharing
from blueprint.reading.source import Node, Source, read_source


def read_catalogue(folder: Path, *, today: date, called: str = "") -> Catalogue:
    """The services in `folder`, one per `*.yaml` or `*.yml` in any case: no file is passed over for its name.
    `_defaults.yaml` is what the services of a system share; where it is wrong, it alone is reported, for what the
    services lack without it is no mistake of theirs.

    `today` decides which exceptions have expired. `called` is the folder's name in messages; unset: its last part.
    Raises TextError with every problem of the run.
    """
    files, others = _files(folder)
    if not files:
        cause = "holds no service" if folder.is_dir() else "is not a folder"
        cure = "Put one YAML file per service there, or name another folder with --services"
        raise TextError([Problem(file=str(folder), line=1, field="", cause=cause, cure=cure)])
    shown = called or folder.resolve().name
    sharing = read_sharing(others, shown)
    found: list[Problem] = []
    entries: list[Entry] = []
    unread: dict[str, Unread] = {}
    for file in files:
        called = f"{shown}/{file.name}"
        source = Source(file=called, data={}, tree=lambda: Node(line=1))
        try:
            source = read_source(file, called)
            source = sharing.under(source) if sharing else source
            entries.append(_entry(with_files(source, folder)))
        except TextError as error:
            found += error.problems
            # Without its file every reference to a service would dangle: report only what is known wrong.
            half = Unread(source=source, name=_name(source) or file.stem, consumes=_edges(source.data))
            unread |= {file.stem: half, half.name: half}
    found += _twins(entries)
    if sharing and not unread:  # of a file that could not be read nobody knows the system
        found += sharing.unknown([entry.written.spec.system for entry in entries])
    catalogue = Catalogue(entries={entry.written.name: entry for entry in entries})
    found += crossed(catalogue, folder, today, unread)
    if found:
        raise TextError(found)
    return catalogue


def files_of(folder: Path) -> Mapping[str, Path]:
    """The files of the services in `folder` by the name each says, whatever else is in it; by its own where it says
    none."""
    found: dict[str, Path] = {}
    for file in _files(folder)[0]:
        try:
            name = _name(read_source(file, file.name))
        except TextError:
            name = ""
        found.setdefault(name or file.stem, file)
    return found


def read_alone(file: Path, *, called: str = "") -> Entry:
    """The service in `file` with what its system shares, whatever is wrong with the others or between them.

    `called` is the folder's name in messages; unset: its last part. Raises TextError with every problem of the two.
    """
    shown = called or file.parent.resolve().name
    sharing = read_sharing(_files(file.parent)[1], shown)
    source = read_source(file, f"{shown}/{file.name}")
    return _entry(with_files(sharing.under(source) if sharing else source, file.parent))


def _files(folder: Path) -> tuple[Sequence[Path], Sequence[Path]]:
    """The files of the services, and those that are none."""
    every = sorted(file for file in folder.glob("*") if file.suffix.lower() in (".yaml", ".yml"))
    others = [file for file in every if file.name.startswith("_")]
    return [file for file in every if not file.name.startswith("_")], others


def _name(source: Source) -> str:
    """The name that a file says; empty where it says none."""
    name = source.node(("metadata", "name"))
    return name.text if name else ""


def _entry(source: Source) -> Entry:
    """The service of `source` and its patched forms. Raises TextError."""
    data = source.data
    written = _validated(data, source, None)
    found: list[Problem] = []
    patched: dict[Environment, Service] = {}
    for environment in ENVIRONMENTS:
        patch = written.spec.environments.get(environment)
        if patch is None:
            patched[environment] = written
            continue
        if "environments" in patch:
            cause = "is a patch within a patch, which would never be applied"
            cure = "Write each environment's patch below its own name in spec.environments"
            found.append(source.problem((*patch_of(environment), "environments"), cause, cure))
        try:
            spec = {**merge(data["spec"], patch), "environments": data["spec"]["environments"]}
            patched[environment] = revalidated(written, spec, patch) or _validated(
                {**data, "spec": spec}, source, environment
            )
        except TextError as error:
            found += error.problems
    if found:
        raise TextError(found)
    return Entry(source=source, written=written, patched=patched)


def _edges(data: Any) -> dict[Environment, list[tuple[int, Consume]]]:
    """What is consumed in each environment by a service that is not valid as a whole, as far as an edge is."""
    found: dict[Environment, list[tuple[int, Consume]]] = {environment: [] for environment in ENVIRONMENTS}
    spec = data.get("spec")
    written = spec if isinstance(spec, dict) else {}
    patches = written.get("environments")
    for environment, edges in found.items():
        patch = (patches if isinstance(patches, dict) else {}).get(environment, {})
        consumes = merge(written, patch).get("consumes") if isinstance(patch, dict) else None
        for index, consume in enumerate(consumes if isinstance(consumes, list) else ()):
            with suppress(ValidationError):  # reported with the file
                edges.append((index, Consume.model_validate_json(json.dumps(consume), by_name=False)))
    return found


def _validated(data: Any, source: Source, environment: Environment | None) -> Service:
    def written(place: Sequence[str | int]) -> tuple[str | int, ...]:
        """Where `place` was written. The file was valid before the patch: what is wrong after it is in the patch."""
        return (*patch_of(environment), *place[1:]) if environment and place[:1] == ("spec",) else tuple(place)

    try:
        # Through JSON, because only there is strictness what a person means by it: a list may become a tuple and
        # a text a date, but "3" is not 3 and true is not 1. By alias only: Python's names are not the owner's.
        return Service.model_validate_json(json.dumps(data), by_name=False)
    except ValidationError as error:
        raise TextError(wording.problems(error, Service, source, written)) from None


def _twins(entries: Sequence[Entry]) -> Iterator[Problem]:
    """Two files of one name: the later one is reported, and where the first is."""
    first: dict[str, Source] = {}
    for entry in entries:
        name = entry.written.name
        if name in first:
            cause = f"'{name}' is already described in {first[name].file}"
            yield entry.source.problem(("metadata", "name"), cause, "Rename one of the two services, or delete a file")
        first.setdefault(name, entry.source)
