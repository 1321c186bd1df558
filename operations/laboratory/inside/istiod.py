"""Istiod as a process of its own: it reads the laboratory's API server and configures every proxy."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from operations.laboratory.inside.failing import FailedError, last_words
from operations.laboratory.inside.links import NODE_ADDRESS

HOST: Final = "istiod.istio-system.svc"
"""What proxies call it, and what its certificate says."""
XDS_PORT: Final = 15012
DISCOVERY: Final = f"{HOST}:{XDS_PORT}"
WEBHOOK_PORT: Final = 15117
_HTTP_PORT: Final = 8180
READY_SECONDS: Final = 60.0
"""0.7 s measured on two idle cores."""

_ENVIRONMENT: Final = {
    "POD_NAMESPACE": "istio-system",
    "POD_NAME": "istiod-laboratory",
    "REVISION": "default",
    "CLUSTER_ID": "Kubernetes",
    # Envoy as its own project builds it lacks three filters of Istio's build. They carry telemetry and the choice of a
    # protocol, and decide about no request.
    "PILOT_ENABLE_METADATA_EXCHANGE": "false",
    "PILOT_ENABLE_ALPN_FILTER": "false",
    "VALIDATION_WEBHOOK_CONFIG_NAME": "",
    "INJECTION_WEBHOOK_CONFIG_NAME": "istio-sidecar-injector",
}
_MESH: Final[Mapping[str, Any]] = {
    "defaultProviders": {"metrics": [], "accessLogging": []},
    "defaultConfig": {"discoveryAddress": DISCOVERY},
}
"""Settings of the mesh that are the laboratory's; all others are the platform's."""


def start(
    binary: Path,
    kubeconfig: Path,
    folder: Path,
    *,
    mesh: Mapping[str, Any],
    environment: Mapping[str, str],
    injector: Mapping[str, str],
) -> None:
    """Starts it with the platform's settings of the mesh and its variables, and waits until it is ready. `injector` is
    the `config` and the `values` by which it puts proxies into pods.

    Raises:
        FailedError: it ends, or is not ready in time.
    """
    merged = {**mesh, **_MESH, "defaultConfig": {**mesh.get("defaultConfig", {}), **_MESH["defaultConfig"]}}
    files = {"etc/istio/config/mesh": json.dumps(merged)}
    files |= {f"var/lib/istio/inject/{name}": text for name, text in injector.items()}
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    log = folder / "istiod.log"
    local = "127.0.0.1"
    command = [
        *(str(binary), "discovery", f"--kubeconfig={kubeconfig}", "--namespace=istio-system"),
        *(
            f"--httpAddr={local}:{_HTTP_PORT}",
            f"--httpsAddr={NODE_ADDRESS}:{WEBHOOK_PORT}",
            f"--grpcAddr={local}:15010",
        ),
        *(f"--secureGRPCAddr={NODE_ADDRESS}:{XDS_PORT}", f"--monitoringAddr={local}:15014", "--ctrlz_port=0"),
    ]
    with log.open("wb") as words:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            cwd=folder,  # its paths are relative
            env={"PATH": os.environ["PATH"], **environment, **_ENVIRONMENT},
        )
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _ready(local):
            return
        time.sleep(0.1)
    raise FailedError(f"istiod does not become ready:\n{last_words(log)}")


def _ready(address: str) -> bool:
    connection = http.client.HTTPConnection(address, _HTTP_PORT, timeout=2)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
