"""`plat render`: one YAML file per object in a folder of its own, the same bytes for the same input.

The folder belongs to this command: what an earlier render wrote is replaced, anything else in it is never touched but
refused. A list in the folder says what was written; it is widened before the first file changes and narrowed after the
last, so that an interrupted render leaves no file that the next one would take for somebody else's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from blueprint import Blueprint
from blueprint.reading.problems import ended, valid
from operations.exits import Exit, RefusedError
from operations.wire_yaml import text

LIST = ".rendered"
"""Names every file of the folder, itself not included, as JSON. It has no ending, or `judge` and kubectl would read it
as an object."""
CLUSTER_FOLDER = "_cluster"
"""Folder of the objects that live in no namespace; no namespace can be called so."""

Manifest = Mapping[str, Any]


def chosen(blueprint: Blueprint, service: str | None) -> tuple[Manifest, ...]:
    """Every object of the stack, or of one service.

    Raises:
        RefusedError: there is no such service; the text names the nearest.
    """
    import manifests  # noqa: PLC0415  (a tenth of a second that the other commands do not need)

    if service is None:
        return tuple(manifests.everything(blueprint))
    if service not in blueprint.services:
        known = ended(valid(service, blueprint.services, "Services"))
        raise RefusedError(f"There is no service '{service}' in the catalogue. {known}", Exit.USAGE)
    return tuple(manifests.service(blueprint.services[service]))


def files(objects: Iterable[Manifest]) -> Mapping[str, str]:
    """Path -> content, sorted: `<namespace or _cluster>/<Kind>-<name>.yaml`.

    Where two API groups have an object of the same kind and name in one place, both carry their group as well.
    """
    listed = list(objects)
    twice = Counter(_path(manifest, "") for manifest in listed)
    named = (
        (_path(manifest, _group(manifest) if twice[_path(manifest, "")] > 1 else ""), manifest) for manifest in listed
    )
    return dict(sorted((path, text(manifest)) for path, manifest in named))


def write(folder: Path, wanted: Mapping[str, str]) -> int:
    """Makes `folder` hold exactly `wanted`; how many files were removed because nothing makes them any more.

    Raises:
        RefusedError: the folder holds something that no render wrote, or it cannot be written.
    """
    try:
        before = _written_before(folder)
        foreign = sorted(_present(folder) - before - {LIST})
        if foreign:
            shown = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3} more" if len(foreign) > 3 else "")
            raise RefusedError(
                f"{folder} holds files that no render wrote ({shown}); nothing was written."
                " Name an empty or a new folder with -o, or move those files away.",
                Exit.USAGE,
            )
        folder.mkdir(parents=True, exist_ok=True)
        _note(folder, before | set(wanted))
        for inner in sorted({path.rpartition("/")[0] for path in wanted}):
            (folder / inner).mkdir(exist_ok=True)
        for path, content in wanted.items():
            (folder / path).write_text(content, encoding="utf-8", newline="\n")
        stale = sorted(before - set(wanted))
        for path in stale:
            (folder / path).unlink(missing_ok=True)
        for emptied in sorted({(folder / path).parent for path in stale}):
            if emptied.is_dir() and not any(emptied.iterdir()):
                emptied.rmdir()
        _note(folder, set(wanted))
    except OSError as error:
        cure = "Make it writable, or name another folder with -o"
        raise RefusedError(f"{error.filename or folder} cannot be written: {error.strerror}. {cure}.") from error
    return len(stale)


def _path(manifest: Manifest, group: str) -> str:
    metadata = manifest["metadata"]
    kind = f"{manifest['kind']}.{group}" if group else manifest["kind"]
    return f"{metadata.get('namespace', CLUSTER_FOLDER)}/{kind}-{metadata['name']}.yaml"


def _group(manifest: Manifest) -> str:
    group, _, version = manifest["apiVersion"].rpartition("/")
    return group if version and group else "core"


def _present(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}


def _written_before(folder: Path) -> set[str]:
    """What the list names; only plain paths below the folder are believed, whoever wrote the list."""
    try:
        listed = json.loads((folder / LIST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    paths = {str(path) for path in listed} if isinstance(listed, list) else set()
    return {path for path in paths if _inside(folder, path)}


def _inside(folder: Path, path: str) -> bool:
    pure = PurePosixPath(path)
    plain = len(pure.parts) == 2 and not pure.is_absolute() and ".." not in pure.parts
    return plain and not (folder / pure.parts[0]).is_symlink() and not (folder / path).is_symlink()


def _note(folder: Path, paths: Iterable[str]) -> None:
    (folder / LIST).write_text(json.dumps({"files": sorted(paths)}, indent=1) + "\n", encoding="utf-8")
