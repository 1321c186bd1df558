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
ADMITTED_BEFORE: Final = ("PodSecurity", "ServiceAccount")
"""Admission plugins that copies do without: what is copied was admitted where it came from, and no controller makes the
accounts that a copied pod would need."""

Manifest = Mapping[str, Any]


class ApiServer:
    """A running API server; it ends with the sandbox."""

    def __init__(
        self,
        folder: Path,
        tools: Toolchain,
        *,
        without: Sequence[str] = ADMITTED_BEFORE,
        service_range: str = commands.SERVICE_RANGE,
    ) -> None:
        """Starts it `without` these admission plugins; Services have addresses of `service_range`.

        Raises:
            FailedError: it does not become ready.
        """
        self._layout = Layout.of(folder)
        self._layout.control_plane.mkdir(parents=True)
        tokens = credentials.tokens(self._layout)
        self._processes = [
            _start(commands.etcd(self._layout, tools, PORTS), self._layout.log("etcd")),
            _start(
                [
                    *commands.kube_apiserver(self._layout, tools, PORTS),
                    f"--disable-admission-plugins={','.join(without)}",
                    f"--service-cluster-ip-range={service_range}",  # the last one of a name holds
                ],
                self._layout.log("kube-apiserver"),
            ),
        ]
        self._token = tokens[NAME]
        self._plurals = dict(_PLURALS)
        self._api = KubeApi(
            server=f"https://{LOOPBACK}:{PORTS.kube_apiserver}",
            certificate=self._layout.certificate,
            token=self._token,
        )
        self._await()
        credentials.write_kubeconfigs(self._layout, f"https://{LOOPBACK}:{PORTS.kube_apiserver}")

    @property
    def kubeconfig(self) -> Path:
        return self._layout.kubeconfig

    def define(self, definitions: Sequence[Manifest]) -> None:
        """Creates CustomResourceDefinitions and waits until their kinds are served. Raises FailedError."""
        self.create(definitions)
        wanted = {each["metadata"]["name"] for each in definitions}
        deadline = time.monotonic() + READY_SECONDS
        while missing := wanted - self._api.served():
            if time.monotonic() > deadline:
                raise FailedError(f"the laboratory's API server does not serve {', '.join(sorted(missing))}")
            time.sleep(0.1)
        self._plurals |= {each["spec"]["names"]["kind"]: each["spec"]["names"]["plural"] for each in definitions}

    def create(self, objects: Iterable[Manifest]) -> None:
        """Creates `objects` in the given order, each with its status where it has one.

        Raises:
            FailedError: the API server refuses one; the text holds its words.
        """
        connection = self._connection()
        for made in objects:
            path = self.path(made)
            self._send(connection, "POST", path, {key: value for key, value in made.items() if key != "status"}, made)
            if "status" in made:
                where = f"{path}/{made['metadata']['name']}/status"
                self._send(connection, "PATCH", where, {"status": made["status"]}, made)
        connection.close()

    def replace(self, made: Manifest) -> None:
        """Gives an object that is there the content of `made`, whole but for its metadata. Raises FailedError."""
        where = f"{self.path(made)}/{made['metadata']['name']}"
        status, words = self.ask("GET", where)
        if status != http.HTTPStatus.OK:
            raise FailedError(f"the laboratory's API server does not have {where}: {words}")
        status, words = self.ask("PUT", where, {**made, "metadata": words["metadata"]})
        if status != http.HTTPStatus.OK:
            raise FailedError(f"the laboratory's API server refuses {where}: {words}")

    def ask(self, method: str, path: str, body: Manifest | None = None) -> tuple[int, Mapping[str, Any]]:
        """The status and the object that the API server answers, whatever it is."""
        connection = self._connection()
        try:
            return self._asked(connection, method, path, body)
        finally:
            connection.close()

    def path(self, made: Manifest) -> str:
        """Where objects of this kind and namespace are created."""
        version, namespace = made["apiVersion"], made["metadata"].get("namespace")
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        return f"{root}{f'/namespaces/{namespace}' if namespace else ''}/{self._plurals[made['kind']]}"

    def _connection(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self._layout.certificate))
        return http.client.HTTPSConnection(LOOPBACK, PORTS.kube_apiserver, context=context, timeout=READY_SECONDS)

    def _asked(
        self, connection: http.client.HTTPSConnection, method: str, path: str, body: Manifest | None
    ) -> tuple[int, Mapping[str, Any]]:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        found: Mapping[str, Any] = json.loads(answer.read())
        return answer.status, found

    def _send(
        self, connection: http.client.HTTPSConnection, method: str, path: str, body: Manifest, about: Manifest
    ) -> None:
        status, answer = self._asked(connection, method, path, body)
        metadata = about["metadata"]
        if status == http.HTTPStatus.CONFLICT and method == "POST":
            # The API server makes some by itself, as namespaces; policies may choose them by labels all the same.
            self._send(connection, "PATCH", f"{path}/{metadata['name']}", body, about)
        elif status >= http.HTTPStatus.BAD_REQUEST:
            name = f"{metadata.get('namespace', '')}/{metadata['name']}".removeprefix("/")
            words = str(answer.get("message", answer))[:500]
            raise FailedError(f"the laboratory's API server refuses {about['kind']} {name}: {words}")

    def _await(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if any(process.poll() is not None for process in self._processes):
                break
            if self._layout.certificate.is_file() and self._api.ready():
                return
            time.sleep(0.1)
        words = "\n".join(last_words(self._layout.log(name)) for name in ("etcd", "kube-apiserver"))
        raise FailedError(f"the laboratory's API server does not become ready:\n{words}")


_PLURALS: Final = {
    "CustomResourceDefinition": "customresourcedefinitions",
    "EndpointSlice": "endpointslices",
    "LimitRange": "limitranges",
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
    "Namespace": "namespaces",
    "NetworkPolicy": "networkpolicies",
    "Node": "nodes",
    "Pod": "pods",
    "PriorityClass": "priorityclasses",
    "ResourceQuota": "resourcequotas",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
}
"""Kinds that need no definition → what a path calls them."""


def _start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as words:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=words)
