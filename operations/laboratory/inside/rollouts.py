"""Argo Rollouts' own controller, and what a control plane has to leave to it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from operations.embedded import Kind, handed_over

_VERSION: Final = "v1alpha1"
_GROUP: Final = "argoproj.io"
KINDS: Final = handed_over(
    "Rollout",
    beside=(
        Kind(group=_GROUP, version=_VERSION, kind="AnalysisRun", plural="analysisruns", status=False),
        Kind(
            group=_GROUP,
            version=_VERSION,
            kind="ClusterAnalysisTemplate",
            plural="clusteranalysistemplates",
            scope="Cluster",
        ),
        Kind(group=_GROUP, version=_VERSION, kind="Experiment", plural="experiments", status=False),
    ),
)
"""Rollouts are not made ready by anybody else. Of the other three the program makes none, but without their definitions
the controller waits for ever, and says only that it cannot watch them. It writes the status of its runs and experiments
with the rest of them (argoproj/argo-rollouts v1.9.1, manifests/crds)."""
NAMESPACE: Final = "argo-rollouts"
"""Where it looks for its own settings, as on the platform."""
METRICS_PORT: Final = 8090
HEALTH_PORT: Final = 8080
"""The controller's usual ports; the sandbox has all of its own."""


def start(
    binary: Path,
    kubeconfig: Path,
    log: Path,
    *,
    metrics_port: int = METRICS_PORT,
    health_port: int = HEALTH_PORT,
) -> subprocess.Popen[bytes]:
    """Starts it, told of Istio's version as the platform's chart tells it; returns at once."""
    command = [
        str(binary),
        f"--kubeconfig={kubeconfig}",
        f"--namespace={NAMESPACE}",
        "--leader-elect=false",
        "--istio-api-version=v1",
        f"--metricsPort={metrics_port}",
        f"--healthzPort={health_port}",
    ]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as words:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=words)
