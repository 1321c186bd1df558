"""A stack's record written by hand, and the real engine judging it: no program, no provider, no cluster."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from operations import engine
from policies.adapters.manifests import objects
from policies.objects import Object
from tests.support.stacks import ROOT

PACK: Final = ROOT / "policies"
PROVIDER: Final = "pulumi:providers:kubernetes"


@dataclass(frozen=True, kw_only=True)
class Analyst:
    """`pulumi policy analyze`, with a PULUMI_HOME and a backend of its own below `folder`."""

    folder: Path
    toolchain: engine.Toolchain

    def analyze(self, record: Mapping[str, Any], *, pack: Path = PACK) -> subprocess.CompletedProcess[str]:
        """What the engine says of `record`, a deployment as `pulumi stack export` writes it."""
        file = self.folder / "state.json"
        file.write_text(json.dumps(record), encoding="utf-8")
        command = [str(self.toolchain.pulumi), "policy", "analyze", "--file", str(file), "--policy-pack", str(pack)]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        home, backend = self.folder / "home", self.folder / "backend"
        if not home.exists():
            backend.mkdir()
            engine.install_plugins(self.toolchain, home)
        return engine.environment(self.toolchain, home, backend=backend.as_uri(), passphrase="")


def recorded(
    manifests: Iterable[Mapping[str, Any]], *, project: str = "platform", stack: str = "dev"
) -> dict[str, Any]:
    """A record of `manifests` as resources of `project` and `stack`, made by an explicit provider."""
    root = f"urn:pulumi:{stack}::{project}::pulumi:pulumi:Stack::{project}-{stack}"
    maker = f"urn:pulumi:{stack}::{project}::{PROVIDER}::cluster"
    resources = [
        {"urn": root, "custom": False, "type": "pulumi:pulumi:Stack"},
        {"urn": maker, "custom": True, "id": "made", "type": PROVIDER, "inputs": {}, "outputs": {}, "parent": root},
        *(
            {
                "urn": thing.urn,
                "custom": True,
                "id": thing.logical,
                "type": thing.type,
                "inputs": thing.props,
                "outputs": {},
                "parent": root,
                "provider": f"{maker}::made",
            }
            for thing in resources_of(manifests, project=project, stack=stack)
        ),
    ]
    manifest = {"time": "2026-11-20T00:00:00Z", "magic": "", "version": ""}
    return {"version": 3, "deployment": {"manifest": manifest, "resources": resources}}


def resources_of(manifests: Iterable[Mapping[str, Any]], *, project: str, stack: str) -> Iterable[Object]:
    """`manifests` with the names and addresses our program would give them."""
    for thing in objects(manifests):
        name = "/".join(filter(None, (thing.kind, thing.namespace, thing.name)))
        yield replace(thing, logical=name, urn=f"urn:pulumi:{stack}::{project}::{thing.type}::{name}")
