"""Where tools are kept between runs: one folder per group under a content hash, trusted only when complete.

A folder appears under its final name by one rename, with a manifest of every file's size and SHA-256; what was
interrupted stays in a sibling folder that the next run removes. A lock per folder lets two runs want the same tools at
once. Deliberately no eviction: the folders are few, and a user deletes the cache as a whole.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations.engine.errors import EngineError
from operations.engine.wording import size

MANIFEST = "manifest.json"
_CHUNK_BYTES = 1 << 20
_LOCK_POLL_SECONDS = 0.2
_LOCK_REPORT_SECONDS = 10.0

Progress = Callable[[str], None]


def default_folder(environment: Mapping[str, str]) -> Path:
    """`$PLAT_CACHE`, else `$XDG_CACHE_HOME/plat`, else `~/.cache/plat`; always absolute."""
    if chosen := environment.get("PLAT_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base).expanduser().absolute() / "plat"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A complete folder of the cache."""

    folder: Path
    origin: str
    tools: Mapping[str, Path]


def read(folder: Path) -> Entry | None:
    """The entry at `folder`, or None when there is none or when it is damaged (then `damage` says how).

    Cheap: compares sizes, not content, so that every command can afford it.
    """
    if damage(folder) is not None or not folder.is_dir():
        return None
    manifest = _manifest(folder)
    return Entry(
        folder=folder,
        origin=str(manifest["origin"]),
        tools={name: folder / name for name in sorted(manifest["files"])},
    )


def damage(folder: Path, *, thorough: bool = False) -> str | None:
    """What is wrong with the entry at `folder`: a phrase naming the file, or None (also when there is no entry).

    `thorough` compares every byte's hash (about two seconds for all groups), otherwise sizes and modes are compared.
    """
    if not folder.is_dir():
        return None
    try:
        files = _manifest(folder)["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return f"{MANIFEST} is missing or unreadable"
    whole = ((folder / name, expected) for name, expected in sorted(files.items()))
    return next((what for path, expected in whole if (what := _file_damage(path, expected, thorough=thorough))), None)


def store(folder: Path, *, origin: str, produce: Callable[[Path], None]) -> Entry:
    """Lets `produce` fill an empty sibling of `folder`, writes the manifest and renames it to `folder`.

    The caller holds `lock(folder)`. An error or an interruption leaves `folder` as it was.

    Raises:
        EngineError: the disk is full or the cache cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = folder.with_name(f"{folder.name}.partial-{os.getpid()}")
        partial.mkdir()
        try:
            produce(partial)
            files = {
                path.name: {"sha256": sha256(path), "size_bytes": path.stat().st_size}
                for path in sorted(partial.iterdir())
            }
            (partial / MANIFEST).write_text(json.dumps({"origin": origin, "files": files}, indent=1), encoding="utf-8")
            if folder.exists():  # a damaged entry: set aside by rename, so that no half of it is ever seen
                folder.rename(folder.with_name(f"{folder.name}.partial-old-{os.getpid()}"))
            partial.rename(folder)
        finally:
            sweep(folder.parent, folder.name)
    except OSError as error:
        raise unwritable(folder.parent, error) from error
    entry = read(folder)
    if entry is None:
        raise EngineError(
            f"{folder} was stored and is damaged already ({damage(folder)})",
            consequence="The tools in it are not used",
            cure="Check the disk, or put the cache elsewhere with PLAT_CACHE=<folder>, and run the command again",
        )
    return entry


@contextlib.contextmanager
def lock(folder: Path, *, progress: Progress, waiting_for: str) -> Iterator[None]:
    """Holds the lock of `folder` (a file beside it); reports for how long it waits while another process has it.

    The kernel releases it when the holder ends in whatever way, so there are no stale locks to break.
    """
    path = folder.with_name(f"{folder.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a")
    except OSError as error:
        raise unwritable(path.parent, error) from error
    with handle:
        started = time.monotonic()
        reported = -_LOCK_REPORT_SECONDS
        while not _try_lock(handle.fileno()):
            waited = time.monotonic() - started
            if waited - reported >= _LOCK_REPORT_SECONDS:
                progress(f"waiting for another process: {waiting_for} ({waited:.0f} s)")
                reported = waited
            time.sleep(_LOCK_POLL_SECONDS)
        yield


def sweep(parent: Path, prefix: str) -> None:
    """Removes what interrupted runs left of the entries whose names start with `prefix`. Under their lock only."""
    for leftover in sorted(parent.glob(f"{prefix}*.partial-*")):
        shutil.rmtree(leftover, ignore_errors=True)


def unwritable(folder: Path, error: OSError) -> EngineError:
    """The message for a cache that cannot be written: a full disk has a message of its own."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return full_disk(folder)
    return EngineError(
        f"{folder} cannot be written: {error.strerror or error}",
        consequence="The tools the program needs cannot be stored, so nothing was started",
        cure="Make the folder writable, or put the cache elsewhere with PLAT_CACHE=<folder>",
    )


def full_disk(folder: Path) -> EngineError:
    """The error for a disk that became full below `folder`."""
    with contextlib.suppress(OSError):
        folder = next(path for path in (folder, *folder.parents) if path.exists())
    free = size(shutil.disk_usage(folder).free)
    return EngineError(
        f"The disk below {folder} is full ({free} free)",
        consequence="The tools could not be stored; what was incomplete has been removed",
        cure="Free some disk space (`go clean -cache -modcache` empties Go's caches), or put the cache on another disk"
        " with PLAT_CACHE=<folder>, GOCACHE and GOMODCACHE, then run the command again: it continues where it stopped",
    )


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _manifest(folder: Path) -> dict[str, Any]:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if not isinstance(manifest, dict) or not manifest.get("files"):
        raise ValueError(MANIFEST)
    return manifest


def _file_damage(path: Path, expected: dict[str, Any], *, thorough: bool) -> str | None:
    try:
        found_bytes = path.stat().st_size
    except OSError:
        return f"{path.name} is missing"
    if found_bytes != expected["size_bytes"]:
        return f"{path.name} has {found_bytes} bytes instead of {expected['size_bytes']}"
    if not os.access(path, os.X_OK):
        return f"{path.name} may not be executed"
    if thorough and sha256(path) != expected["sha256"]:
        return f"the content of {path.name} has changed since it was stored"
    return None


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
