"""Pytest plugin: the real tools and a real control plane for the tests marked `engine`.

Both are made once per session (per worker with pytest-xdist): the toolchain through `provide`, so that a machine
without one builds it, and a control plane of the session's own in a temporary folder with the permissive definitions.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from operations import embedded, engine


@dataclass(frozen=True, kw_only=True)
class ControlPlane:
    """A running control plane and the way tests talk to it."""

    folder: Path
    toolchain: engine.Toolchain

    def status(self) -> embedded.Status:
        return embedded.status(self.folder, self.toolchain)

    def kubectl(self, *arguments: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [str(self.toolchain.kubectl), f"--kubeconfig={self.folder / 'kubeconfig'}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, f"kubectl {' '.join(arguments)} failed: {done.stderr}"
        return done

    def apply(self, *objects: dict[str, Any], check: bool = True) -> subprocess.CompletedProcess[str]:
        document = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        # The server judges; kubectl's own validation would fetch the server's whole description of all kinds each time.
        return self.kubectl("apply", "--server-side", "--validate=ignore", "-f", "-", stdin=document, check=check)

    def get(self, *arguments: str) -> Any:
        return json.loads(self.kubectl("get", *arguments, "--output=json").stdout)

    def namespace(self, name: str, **labels: str) -> str:
        """Makes the namespace `name` with the given labels; its name."""
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        return name


def eventually(what: str, done: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Waits until `done`; fails with `what` as the sentence that did not come true."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not so after {seconds:.0f} s: {what}"
        time.sleep(0.1)


def say(line: str) -> None:
    """Progress of fixtures: to the real stderr, as pytest shows captured output only at the end."""
    print(line, file=sys.__stderr__, flush=True)


@pytest.fixture(scope="session")
def toolchain() -> engine.Toolchain:
    """The tools of every group, from the user's cache; built when there is no other way (15 minutes the first time)."""
    return engine.provide(progress=say)


@pytest.fixture(scope="session")
def control_plane(toolchain: engine.Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A running control plane with permissive definitions; tests keep apart by namespaces of their own."""
    plane = ControlPlane(folder=tmp_path_factory.mktemp("project") / ".embedded", toolchain=toolchain)
    embedded.start(plane.folder, toolchain, crds=None, progress=say)
    yield plane
    embedded.stop(plane.folder, toolchain)
