"""The laboratory's own API server: a copy of what a stack's has, which controllers read and nobody else can reach.

Only etcd and kube-apiserver: what controllers, scheduler and kubelets once wrote into the objects is copied with them.
"""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from operations.embedded import commands, credentials
from operations.embedded.kube_api import KubeApi
from operations.embedded.layout import NAME, Layout
from operations.embedded.ports import LOOPBACK, Ports
from operations.engine import Toolchain
from operations.laboratory.inside.failing import FailedError, last_words

PORTS: Final = Ports(etcd=2379, kube_apiserver=6443)
"""The usual ones: the sandbox has a loopback address of its own."""
READY_SECONDS: Final = 60.0
"""3 s measured on two idle cores."""
_ADMITTED_BEFORE: Final = "--disable-admission-plugins=ServiceAccount,PodSecurity"
"""What is copied was admitted where it came from; and no controller makes the accounts a copied pod would need."""

Manifest = Mapping[str, Any]


class ApiServer:
    """A running API server; it ends with the sandbox."""

    def __init__(self, folder: Path, tools: Toolchain) -> None:
        """Starts it. Raises FailedError where it does not become ready."""
        self._layout = Layout.of(folder)
        self._layout.control_plane.mkdir(parents=True)
        tokens = credentials.tokens(self._layout)
        self._processes = [
            _start(commands.etcd(self._layout, tools, PORTS), self._layout.log("etcd")),
            _start(
                [*commands.kube_apiserver(self._layout, tools, PORTS), _ADMITTED_BEFORE],
                self._layout.log("kube-apiserver"),
            ),
        ]
        self._token = tokens[NAME]
        self._await()
        credentials.write_kubeconfigs(self._layout, f"https://{LOOPBACK}:{PORTS.kube_apiserver}")

    @property
    def kubeconfig(self) -> Path:
        return self._layout.kubeconfig

    def create(self, objects: Iterable[Manifest]) -> None:
        """Creates `objects` in the given order, each with its status where it has one.

        Raises:
            FailedError: the API server refuses one; the text holds its words.
        """
        context = ssl.create_default_context(cafile=str(self._layout.certificate))
        connection = http.client.HTTPSConnection(LOOPBACK, PORTS.kube_apiserver, context=context, timeout=READY_SECONDS)
        for made in objects:
            path = _path(made)
            self._send(connection, "POST", path, {key: value for key, value in made.items() if key != "status"}, made)
            if "status" in made:
                where = f"{path}/{made['metadata']['name']}/status"
                self._send(connection, "PATCH", where, {"status": made["status"]}, made)
        connection.close()

    def _send(
        self, connection: http.client.HTTPSConnection, method: str, path: str, body: Manifest, about: Manifest
    ) -> None:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        words = answer.read()
        metadata = about["metadata"]
        if answer.status == http.HTTPStatus.CONFLICT and about["kind"] == "Namespace" and method == "POST":
            # The API server makes some by itself; policies may choose them by labels all the same.
            self._send(connection, "PATCH", f"{path}/{metadata['name']}", body, about)
        elif answer.status >= http.HTTPStatus.BAD_REQUEST:
            name = f"{metadata.get('namespace', '')}/{metadata['name']}".removeprefix("/")
            raise FailedError(f"the laboratory's API server refuses {about['kind']} {name}: {words.decode()[:500]}")

    def _await(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if any(process.poll() is not None for process in self._processes):
                break
            if self._layout.certificate.is_file():
                server = f"https://{LOOPBACK}:{PORTS.kube_apiserver}"
                if KubeApi(server=server, certificate=self._layout.certificate, token=self._token).ready():
                    return
            time.sleep(0.1)
        words = "\n".join(last_words(self._layout.log(name)) for name in ("etcd", "kube-apiserver"))
        raise FailedError(f"the laboratory's API server does not become ready:\n{words}")


_PLURALS: Final = {
    "Namespace": "namespaces",
    "NetworkPolicy": "networkpolicies",
    "Node": "nodes",
    "Pod": "pods",
}


def _path(made: Manifest) -> str:
    """Where objects of this kind and namespace are created."""
    version, namespace = made["apiVersion"], made["metadata"].get("namespace")
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}{f'/namespaces/{namespace}' if namespace else ''}/{_PLURALS[made['kind']]}"


def _start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as words:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=words)
