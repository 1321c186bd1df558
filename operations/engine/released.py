"""Fetching a group of tools from the official releases, checksum verified.

A host that cannot be reached, or has no release for this machine, is no failure here: `UnavailableError` says why, and
the caller goes on to build. A download that does not match its published checksum is an error, and nothing of it is
kept: that is either damage or an attack, and must not pass unnoticed.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import shutil
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from operations.engine.cache import Progress
from operations.engine.errors import EngineError
from operations.engine.recipes import Group, Hosts, Release, machine
from operations.engine.wording import duration, size

CONNECT_SECONDS = 10.0
"""How long a host may be silent. Short, because a build can follow, and firewalls that drop packets are common."""
_CHUNK_BYTES = 1 << 18
_REPORT_SECONDS = 10.0


class UnavailableError(Exception):
    """The release is not available from here; the text says why (a phrase, for the summary and for later messages)."""


def fetch(group: Group, into: Path, *, hosts: Hosts, progress: Progress) -> None:
    """Downloads, verifies and unpacks every release of `group` into the empty folder `into`.

    Raises:
        UnavailableError: a host does not answer, or has no such file, or the transfer broke off.
        EngineError: a download differs from its published checksum, or lacks a tool.
    """
    started = time.monotonic()
    here = machine(hosts)
    for number, release in enumerate(group.releases, start=1):
        address = release.archive.format_map(here)
        name = address.rsplit("/", 1)[1]
        expected = published(release.checksum.format_map(here), name)
        progress(f"downloading {name} ({number} of {len(group.releases)} of the {group.name})")
        with tempfile.TemporaryFile(dir=into.parent) as archive:
            actual = _download(address, archive, name, progress=progress)
            if actual != expected:
                raise EngineError(
                    f"{address} does not match its published checksum: SHA-256 {actual} instead of {expected}",
                    consequence="The download was deleted and nothing was installed",
                    cure="Run the command again; if it happens again, something between here and the publisher changes"
                    " files: build the tools instead with PLAT_ENGINE=built",
                )
            archive.seek(0)
            _unpack(release, archive, into, folder=release.folder.format_map(here), name=name)
    progress(f"fetched the {group.name} ({group.release}) in {duration(time.monotonic() - started)}")


def published(address: str, name: str) -> str:
    """The SHA-256 that the publisher states for the file `name`, in lower case.

    Understands a bare hash, lines of `<hash>  <file>`, and GitHub's release record with a digest per asset.

    Raises:
        UnavailableError: the address cannot be read, or states no SHA-256 for that file.
    """
    with _open(address) as answer:
        text = _guarded_read(answer, address).decode("utf-8", errors="replace")
    if text.lstrip().startswith("{"):
        hashes = _digests(text)
    else:
        hashes = {
            (fields[1].removeprefix("*").removeprefix("./") if len(fields) > 1 else name): fields[0]
            for line in text.splitlines()
            if (fields := line.split())
        }
    found = hashes.get(name, "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", found):
        raise UnavailableError(f"{address} states no SHA-256 for {name}")
    return found


def _digests(text: str) -> Mapping[str, str]:
    try:
        assets = json.loads(text)["assets"]
        return {str(asset["name"]): str(asset.get("digest") or "").removeprefix("sha256:") for asset in assets}
    except (ValueError, KeyError, TypeError):
        return {}


def _open(address: str) -> http.client.HTTPResponse:
    if not address.startswith(("https://", "http://127.0.0.1:")):  # plain HTTP only from this machine itself
        raise UnavailableError(f"{address} is not an HTTPS address")
    request = urllib.request.Request(address, headers={"User-Agent": "plat"})  # noqa: S310 (checked above)
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=CONNECT_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        raise UnavailableError(f"{address} answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise UnavailableError(f"{address} cannot be reached: {_reason(error.reason)}") from error
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(f"{address} cannot be reached: {_reason(error)}") from error
    return answer


def _reason(error: object) -> str:
    return str(getattr(error, "strerror", None) or error)


def _guarded_read(answer: http.client.HTTPResponse, address: str, count_bytes: int = -1) -> bytes:
    try:
        return answer.read() if count_bytes < 0 else answer.read(count_bytes)
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(f"the transfer of {address} broke off: {_reason(error)}") from error


def _download(address: str, target: IO[bytes], name: str, *, progress: Progress) -> str:
    """Copies `address` into `target`; the SHA-256 of what came."""
    digest = hashlib.sha256()
    started = time.monotonic()
    reported = done_bytes = 0.0
    with _open(address) as answer:
        stated = answer.headers.get("Content-Length")
        while chunk := _guarded_read(answer, address, _CHUNK_BYTES):
            digest.update(chunk)
            target.write(chunk)
            done_bytes += len(chunk)
            elapsed = time.monotonic() - started
            if elapsed - reported >= _REPORT_SECONDS:
                of = f" of {size(float(stated))}" if stated else ""
                progress(f"downloading {name}: {size(done_bytes)}{of}, {duration(elapsed)}")
                reported = elapsed
    if stated and done_bytes != int(stated):  # read(n) ends quietly where read() would raise
        raise UnavailableError(f"the transfer of {address} broke off after {done_bytes:.0f} of {stated} bytes")
    return digest.hexdigest()


def _unpack(release: Release, archive: IO[bytes], into: Path, *, folder: str, name: str) -> None:
    """Lays the release's tools into `into`, by their known names: no path of the archive's own is ever followed."""
    if not release.packed:
        (tool,) = release.tools
        with (into / tool).open("wb") as target:
            shutil.copyfileobj(archive, target)
        (into / tool).chmod(0o755)
        return
    try:
        with tarfile.open(fileobj=archive, mode="r:gz") as unpacked:
            for tool in release.tools:
                member = unpacked.extractfile(f"{folder}/{tool}" if folder else tool)
                if member is None:
                    raise KeyError(tool)
                with member, (into / tool).open("wb") as target:
                    shutil.copyfileobj(member, target)
                (into / tool).chmod(0o755)
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise EngineError(
            f"{name} matches its checksum but holds no {error.args[0] if error.args else 'archive'}",
            consequence="The release cannot be used and nothing was installed",
            cure="The publisher has changed the archive's layout: build the tools instead with PLAT_ENGINE=built",
        ) from error
