"""The real Argo Rollouts, of the version the program pins, on a control plane of its own."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from operations import embedded, engine
from operations.embedded import KINDS, Kind, crds, stages
from tests.support.engine_fixtures import ControlPlane, say

WATCHED: Final = (
    Kind(group="argoproj.io", version="v1alpha1", kind="AnalysisRun", plural="analysisruns"),
    Kind(
        group="argoproj.io",
        version="v1alpha1",
        kind="ClusterAnalysisTemplate",
        plural="clusteranalysistemplates",
        scope="Cluster",
    ),
    Kind(group="argoproj.io", version="v1alpha1", kind="Experiment", plural="experiments"),
)
"""What the controller watches beside the kinds that the program makes."""


@contextmanager
def running(toolchain: engine.Toolchain, folder: Path) -> Iterator[ControlPlane]:
    """A control plane in which Argo Rollouts moves the Rollouts, and kwok only their pods."""
    with pytest.MonkeyPatch.context() as patched:
        # Everything but Rollouts becomes ready by itself; and without a definition the controller waits for ever.
        patched.setattr(stages, "KINDS", tuple(kind for kind in KINDS if kind.kind != "Rollout"))
        patched.setattr(crds, "KINDS", (*KINDS, *WATCHED))
        plane = ControlPlane(folder=folder / ".embedded", toolchain=toolchain)
        embedded.start(plane.folder, toolchain, crds=None, progress=say)
    metrics, health = _free_ports(2)
    tools = engine.provide(progress=say, only=[engine.ROLLOUTS])
    command = [str(tools.rollouts_controller), f"--kubeconfig={plane.folder / 'kubeconfig'}", "--leader-elect=false"]
    command += ["--istio-api-version=v1", f"--metricsPort={metrics}", f"--healthzPort={health}"]
    try:
        plane.namespace("argo-rollouts")
        with (folder / "controller.log").open("w") as log:
            process = subprocess.Popen([*command, "--namespace=argo-rollouts"], stdout=log, stderr=log)
            try:
                yield plane
            finally:
                process.terminate()
                process.wait()
    finally:
        embedded.stop(plane.folder, toolchain)


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
