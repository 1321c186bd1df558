"""One run of the real program: a project of its own, a process of its own, an engine that counts.

The program is started as the language host starts it: by our executor, with the configuration in PULUMI_CONFIG. It
refuses a kubeconfig that leads elsewhere, so each project gets one that leads to the cluster its settings name; nothing
listens there, and no request is made.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml
from pulumi.runtime.proto import resource_pb2

from blueprint.clusters import EMBEDDED, EMBEDDED_KUBECONFIG
from tests.support.counting_engine import CountingEngine, Registration
from tests.support.stacks import ROOT

EXECUTOR: Final = ROOT / "tools" / "pulumi-language-python" / "pulumi-language-python-exec"
PROJECT: Final = "platform"
PARALLEL: Final = 8
"""Operations at once: what the CLI takes on two cores, four times GOMAXPROCS."""
SECONDS: Final = 300
"""After which a program is taken for hanging; 120 services take a tenth of it."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run of a program did."""

    exit_code: int
    reported: tuple[str, ...]
    """Messages to the user, warnings and worse."""
    debugged: int
    """Messages of the SDK's debug log."""
    printed: str
    """Everything on stdout and stderr."""
    refused: tuple[str, ...]
    """What the engine would not have, each with its reason."""
    asked: tuple[str, ...]
    """Look-ups."""
    registrations: tuple[Registration, ...]
    """In order of arrival; an arrival always follows what it depends on."""
    outputs: tuple[tuple[str, dict[str, Any]], ...]
    """URN and values of each RegisterResourceOutputs."""
    cpu_seconds: float
    """User and system, of the program alone."""

    @property
    def by_urn(self) -> Mapping[str, Registration]:
        return {each.urn: each for each in self.registrations}

    @property
    def edges(self) -> int:
        return sum(len(each.edges) for each in self.registrations)

    @property
    def size_bytes(self) -> int:
        return sum(each.size_bytes for each in self.registrations)

    @property
    def largest_kinds(self) -> str:
        """The kinds with most bytes on the wire, for a failing test to show."""
        total, count = Counter[str](), Counter(each.kind for each in self.registrations)
        for each in self.registrations:
            total[each.kind] += each.size_bytes
        return "; ".join(f"{kind}: {size} B in {count[kind]}" for kind, size in total.most_common(6))

    def closures(self) -> Mapping[str, frozenset[str]]:
        """URN to everything it comes after, through however many others."""
        made: dict[str, frozenset[str]] = {}
        for each in self.registrations:
            direct = set(each.edges)
            made[each.urn] = frozenset(direct.union(*(made[urn] for urn in direct)))
        return made


@contextmanager
def project(services: Path | None = None) -> Iterator[Path]:
    """A project for one run: everything of ours by link, with `services` in place of the shop's."""
    with tempfile.TemporaryDirectory(prefix="plat-") as temporary:
        folder = Path(temporary).resolve()
        for entry in sorted(ROOT.iterdir()):
            if not entry.name.startswith(".") and entry.name != "services":
                (folder / entry.name).symlink_to(entry)
        (folder / "services").symlink_to(services or ROOT / "services")
        yield folder


def written_settings(stack: str) -> dict[str, Any]:
    """The settings of `stack` as its file has them, with the kubeconfig inside the project."""
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    settings: dict[str, Any] = yaml.safe_load(text)["config"][f"{PROJECT}:settings"]
    if settings["cluster"]["kind"] != "embedded":
        settings["cluster"]["kubeconfig"] = "kubeconfig"
    return settings


def lead(folder: Path, settings: Mapping[str, Any], *, to: str | None = None) -> None:
    """Writes the kubeconfig that `settings` name into the project in `folder`. It leads to their cluster, or `to`."""
    cluster = settings["cluster"]
    path, name = cluster.get("kubeconfig", EMBEDDED_KUBECONFIG), to or cluster.get("name", EMBEDDED)
    context = cluster.get("context", EMBEDDED)
    leads: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": name, "cluster": {"server": "https://127.0.0.1:6443"}}],
        "contexts": [{"name": context, "context": {"cluster": name, "user": name}}],
        "users": [{"name": name, "user": {}}],
    }
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_text(yaml.safe_dump(leads), encoding="utf-8")


def run(
    folder: Path,
    stack: str,
    settings: Mapping[str, Any],
    *,
    seed: int = 0,
    preview: bool = True,
    computed: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    failing: frozenset[str] = frozenset(),
    seconds: int = SECONDS,
) -> Run:
    """Runs the program of the project in `folder` as `stack` with `settings`, and waits until it ends, `seconds` long.

    `computed` are the outputs providers add, by type; `failing` are types that fail. `seed` orders the program's sets
    (PYTHONHASHSEED). The CPU seconds are right only where nothing else of this process starts processes meanwhile.
    """
    engine = CountingEngine(project=PROJECT, stack=stack, preview=preview, computed=computed, failing=failing)
    before = _children_cpu_seconds()
    with engine.listening() as address:
        done = subprocess.run(
            [
                *(sys.executable, str(EXECUTOR), "--monitor", address, "--engine", address),
                *("--project", PROJECT, "--stack", stack, "--organization", "organization"),
                *("--parallel", str(PARALLEL), "--dry_run", str(preview).lower()),
                *("--root_directory", str(folder), "--pwd", str(folder), str(folder)),
            ],
            env={
                **{name: os.environ[name] for name in ("HOME", "LANG", "PATH", "TMPDIR") if name in os.environ},
                "PULUMI_CONFIG": json.dumps({f"{PROJECT}:settings": json.dumps(settings)}),
                "PULUMI_CONFIG_SECRET_KEYS": "[]",
                "PULUMI_ERROR_OUTPUT_STRING": "true",  # an output that ends up in a text is an error
                "PYTHONHASHSEED": str(seed),
            },
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    return Run(
        exit_code=done.returncode,
        reported=tuple(engine.reported),
        debugged=engine.debugged,
        printed=done.stdout + done.stderr,
        refused=tuple(engine.refused),
        asked=tuple(engine.asked),
        registrations=tuple(_anywhere(each, folder) for each in engine.registered.values()),
        outputs=tuple(engine.outputs),
        cpu_seconds=_children_cpu_seconds() - before,
    )


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _anywhere(of: Registration, folder: Path) -> Registration:
    """`of` with the files of its stack trace where they would be if the project were /platform, with a .venv in it.

    Half of a request is its stack trace, and most of that is paths: without this, how deep a checkout lies would
    decide whether the program is small enough.
    """
    places = {folder: "/platform", ROOT: "/platform", sys.prefix: "/platform/.venv", sys.base_prefix: "/usr"}
    request = resource_pb2.RegisterResourceRequest()
    request.CopyFrom(of.request)
    for position in (request.sourcePosition, *(frame.pc for frame in request.stackTrace.frames)):
        path = position.uri.removeprefix("file://")
        for place, elsewhere in sorted(places.items(), key=lambda each: -len(str(each[0]))):
            if path.startswith(f"{place}/"):
                position.uri = f"file://{elsewhere}{path.removeprefix(str(place))}"
                break
    return Registration(urn=of.urn, request=request)
