"""What the cache's folders are called: the group, its origin, and a hash of all that decides their content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from operations.engine import pins
from operations.engine.recipes import OFFICIAL, Group, machine


def release_folder(cache: Path, group: Group) -> Path:
    """The folder of the group's release."""
    # By the pins alone and not by the host: a mirror serves the same bytes, the checksum sees to that.
    content = json.dumps([asdict(release) for release in group.releases], sort_keys=True).encode()
    here = machine(OFFICIAL)
    return cache / f"{group.name}-release-{_short_hash([content, here['os'].encode(), here['arch'].encode()])}"


def built_folder(cache: Path, group: Group, go_version: tuple[int, int]) -> Path:
    """The folder of the group as a Go of this version builds it."""
    return cache / f"{_built_stem(group)}-go{go_version[0]}.{go_version[1]}"


def built_folders(cache: Path, group: Group) -> list[Path]:
    """The folders of the group as any Go has built it, the newest Go's first."""
    complete = (path for path in cache.glob(f"{_built_stem(group)}-go*.*") if ".partial-" not in path.name)
    return sorted(
        complete, key=lambda path: [int(part) for part in path.name.rpartition("-go")[2].split(".")], reverse=True
    )


def _built_stem(group: Group) -> str:
    """Everything that decides what comes out, but for Go's version, which stays readable in the folder's name."""
    recipes = json.dumps([asdict(recipe) for recipe in group.builds], sort_keys=True).encode()
    modules = sorted({recipe.module for recipe in group.builds})
    sources = [
        source
        for module in modules
        for source in sorted((pins.TOOLS_FOLDER / module).iterdir())
        if source.suffix in {".go", ".mod", ".sum"}
    ]
    companions = [pins.TOOLS_FOLDER / companion for companion in group.companions]
    beside = [*map(asdict, group.wheels), *map(asdict, group.module_files)]
    here = machine(OFFICIAL)
    parts = [
        recipes,
        here["os"].encode(),
        here["arch"].encode(),
        *(path.read_bytes() for path in [*sources, *companions]),
        *([json.dumps(beside, sort_keys=True).encode()] if beside else []),
    ]
    return f"{group.name}-built-{_short_hash(parts)}"


def _short_hash(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())  # hashed one by one, so that no two lists read the same
    return digest.hexdigest()[:12]
