"""The proxies: in each pod's network namespace pilot-agent with its Envoy, behind the rules that capture traffic.

As in a pod of production the proxy is user 1337, whose own connections the rules let pass; everybody else's go
through it. The folders are those an injected container has, below one folder per pod.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from operations.laboratory.inside.failing import FailedError, last_words
from operations.laboratory.inside.istiod import DISCOVERY
from operations.laboratory.inside.links import Link
from operations.laboratory.inside.requesting import ask

USER: Final = 1337
"""Of the proxy, in every mesh of Istio's (istio/istio, istio-iptables' default)."""
READY_SECONDS: Final = 120.0
"""2 s measured for one on two idle cores, and they start together."""
_HEALTH: Final = {"address": "127.0.0.1", "port": 15021, "host": "localhost", "method": "GET", "path": "/healthz/ready"}
_ADMIN: Final = "127.0.0.1:15000"
_READY_PATIENCE_SECONDS: Final = 5.0
_FIRST_SECONDS: Final = 15.0
"""For the first proxy to hear of a change, on a machine that is busy."""
_QUIET_SECONDS: Final = 1.5
"""Istiod gathers changes for 0.1 s, and 0.3 s later 15 proxies had them all (two cores, otherwise idle)."""
_FOLDERS: Final = (
    "etc/istio/pod",
    "etc/istio/proxy",
    "var/lib/istio/data",
    "var/lib/istio/envoy",
    "var/run/secrets/istio",
    "var/run/secrets/tokens",
    "var/run/secrets/workload-spiffe-credentials",
    "var/run/secrets/workload-spiffe-uds",
)
_OTHERS: Final = "15090,15021,15020"
"""Ports of the proxy's own, which are not captured."""


class Proxied(NamedTuple):
    """A pod that gets a proxy."""

    link: Link
    pod: Mapping[str, Any]
    """As the API server has it."""
    token: str
    """Of its service account, for istiod."""
    router: bool
    """Whether the proxy stands by itself: then nothing is captured."""


class Proxies:
    """The running proxies; they end with the sandbox."""

    def __init__(self, folder: Path, tools: Mapping[str, Path], *, root: str, trust_domain: str) -> None:
        """`root` is the certificate by which istiod is known."""
        self._folder = folder
        self._agent, self._envoy = _reachable(folder / "bin", tools)
        self._bootstrap = tools["envoy_bootstrap.json"]
        self._root = root
        self._trust_domain = trust_domain
        self._started: dict[str, tuple[Link, subprocess.Popen[bytes]]] = {}

    def start(self, proxied: Proxied) -> None:
        """Captures the pod's traffic and starts its proxy; `await_all` waits for it."""
        pod = proxied.pod
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        folder = self._furnish(f"{namespace}.{name}", pod, proxied.token)
        ports = [port for container in pod["spec"]["containers"] for port in container.get("ports", ())]
        account = pod["spec"]["serviceAccountName"]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GOMAXPROCS": "1",
            "POD_NAME": name,
            "POD_NAMESPACE": namespace,
            "INSTANCE_IP": proxied.link.address,
            "SERVICE_ACCOUNT": account,
            "CA_ADDR": DISCOVERY,
            "PILOT_CERT_PROVIDER": "istiod",
            "TRUST_DOMAIN": self._trust_domain,
            "JWT_POLICY": "third-party-jwt",
            "ISTIO_META_CLUSTER_ID": "Kubernetes",
            "ISTIO_META_MESH_ID": self._trust_domain,
            "ISTIO_META_WORKLOAD_NAME": name,
            "ISTIO_META_INTERCEPTION_MODE": "REDIRECT",
            "ISTIO_META_APP_CONTAINERS": "main",
            "ISTIO_META_POD_PORTS": json.dumps(ports),
            "PROXY_CONFIG": json.dumps(
                {
                    "discoveryAddress": DISCOVERY,
                    "binaryPath": str(self._envoy),
                    "configPath": "./etc/istio/proxy",
                    "concurrency": 1,
                    "statusPort": 15020,
                }
            ),
        }
        kind = "router" if proxied.router else "sidecar"
        command = [str(self._agent), "proxy", kind, f"--domain={namespace}.svc.cluster.local"]
        with proxied.link.entered(), self._log(folder).open("wb") as words:
            if not proxied.router:
                self._capture(folder)
            process = subprocess.Popen(
                [*command, "--proxyLogLevel=warning", "--concurrency=1"],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                cwd=folder,
                env=environment,
                user=USER,
                group=USER,
                extra_groups=[],
            )
        self._started[f"{namespace}/{name}"] = (proxied.link, process)

    def await_all(self) -> None:
        """Waits until each proxy has its configuration. Raises FailedError where one ends, or takes too long."""
        deadline = time.monotonic() + READY_SECONDS
        for name, (link, process) in self._started.items():
            while not _ready(link):
                if process.poll() is not None or time.monotonic() > deadline:
                    words = last_words(self._log(self._folder / name.replace("/", ".")))
                    raise FailedError(f"the proxy of {name} does not become ready:\n{words}")
                time.sleep(0.2)

    def await_known(self, before: int) -> None:
        """Waits until every proxy has what istiod made of a change that was just written; `before` it there were so
        many `updates`."""
        await_quiet(self.updates, before)

    def updates(self) -> int:
        """How often all proxies have taken something from istiod."""
        return sum(_updates(link) for link, _ in self._started.values())

    @staticmethod
    def _log(folder: Path) -> Path:
        return folder.with_suffix(f"{folder.suffix}.log")

    def _capture(self, folder: Path) -> None:
        """The rules that the init container, or the CNI agent of the node, makes in the pod's namespace."""
        rules = ["-p", "15001", "-z", "15006", "-u", str(USER), "-m", "REDIRECT", "-i", "*", "-x", "", "-b", "*"]
        done = subprocess.run(
            [str(self._agent), "istio-iptables", *rules, "-d", _OTHERS],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise FailedError(f"the traffic of {folder.name} cannot be captured: {done.stderr[-500:]}")

    def _furnish(self, name: str, pod: Mapping[str, Any], token: str) -> Path:
        folder = self._folder / name
        for below in _FOLDERS:
            (folder / below).mkdir(parents=True)
        labels = pod["metadata"].get("labels", {})
        files = {
            "var/run/secrets/tokens/istio-token": token,
            "var/run/secrets/istio/root-cert.pem": self._root,
            "etc/istio/pod/labels": "".join(f'{key}="{value}"\n' for key, value in sorted(labels.items())),
            "etc/istio/pod/annotations": "",
        }
        for path, text in files.items():
            (folder / path).write_text(text, encoding="utf-8")
        shutil.copyfile(self._bootstrap, folder / "var/lib/istio/envoy/envoy_bootstrap_tmpl.json")
        for each in (folder, *folder.rglob("*")):
            os.chown(each, USER, USER)
        return folder


def await_quiet(updates: Callable[[], int], before: int) -> None:
    """Waits until `updates` says something else than `before`, and then the same for a while. Where nothing comes at
    all, it ends too: what is asked then shows that."""
    started = since = time.monotonic()
    seen = before
    while time.monotonic() < (since + _QUIET_SECONDS if seen != before else started + _FIRST_SECONDS):
        time.sleep(0.2)
        now = updates()
        if now != seen:
            seen, since = now, time.monotonic()


def _reachable(folder: Path, tools: Mapping[str, Path]) -> Sequence[Path]:
    """The programs at a place of their own: where they are kept, no user but the owner may look."""
    folder.mkdir(parents=True)
    found = []
    for name in ("pilot-agent", "envoy"):
        place = folder / name
        place.touch(mode=0o755)
        subprocess.run(["mount", "--bind", str(tools[name]), str(place)], check=True, capture_output=True)
        found.append(place)
    return found


def _ready(link: Link) -> bool:
    return bool(ask(link, {**_HEALTH, "headers": {}, "patience_seconds": _READY_PATIENCE_SECONDS})["status"] == 200)


def _updates(link: Link) -> int:
    """How often this proxy has; Envoy counts it by kind of configuration."""
    connection = http.client.HTTPConnection(_ADMIN, timeout=_READY_PATIENCE_SECONDS)
    with link.entered():
        connection.connect()
    try:
        connection.request("GET", "/stats?filter=update_success$")
        lines = connection.getresponse().read().decode().splitlines()
    finally:
        connection.close()
    return sum(int(line.rpartition(":")[2]) for line in lines)
