"""The real Argo Rollouts, of the version the program pins, on a control plane of its own."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from operations import embedded, engine
from operations.laboratory.inside import rollouts
from tests.support.engine_fixtures import ControlPlane, say


@contextmanager
def running(toolchain: engine.Toolchain, folder: Path, *, crds: Path | None = None) -> Iterator[ControlPlane]:
    """A control plane below `folder` in which Argo Rollouts moves the Rollouts, and kwok only their pods.

    `crds` holds strict definitions, where it matters which of a list's entries somebody has written.
    """
    plane = ControlPlane(folder=folder / ".embedded", toolchain=toolchain)
    embedded.start(plane.folder, toolchain, crds=crds, progress=say, kinds=rollouts.KINDS)
    metrics, health = _free_ports(2)
    tools = engine.provide(progress=say, only=[engine.ROLLOUTS])
    try:
        plane.namespace(rollouts.NAMESPACE)
        process = rollouts.start(
            tools.rollouts_controller,
            plane.folder / "kubeconfig",
            folder / "controller.log",
            metrics_port=metrics,
            health_port=health,
        )
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
