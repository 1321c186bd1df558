"""Starting, stopping and inspecting the embedded control plane.

A start keeps what runs well; otherwise it stops what is left and starts again on the same data. So it does not matter
whether the last run ended by `stop`, by a kill half-way or by a reboot. Nothing outside one folder is read or written.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from operations.embedded import commands, crds, credentials, nodes, ports, processes, stages
from operations.embedded.commands import APISERVER, CONTROLLERS, ETCD, KWOK, SCHEDULER, START_ORDER
from operations.embedded.failure import not_started, unusable
from operations.embedded.kinds import KINDS, Kind
from operations.embedded.kube_api import KubeApi
from operations.embedded.layout import NAME, Layout
from operations.engine import EngineError, Toolchain
from operations.engine.cache import Progress, lock
from operations.engine.wording import duration

READY_SECONDS = 120.0
"""How long the API server may take: 2 to 4 s measured on two idle cores, 15 s with eight busy processes beside it."""
_BUSY_SECONDS = 20.0
"""How long a running API server may be silent before it is taken for broken and started again."""
_ATTEMPTS = 3
"""Starts with fresh ports when another process takes one between its choice and its use."""
_POLL_SECONDS = 0.1
_REMAINS_SECONDS = 1.0
"""How long the rest of a broken control plane may take to end: an API server without its etcd takes a minute to end."""
_SEEN_SECONDS = 2.0
_SEEN_POLL_SECONDS = 0.01


_CLIENTS: dict[str, Callable[[Layout, Toolchain], list[str]]] = {
    CONTROLLERS: commands.kube_controller_manager,
    SCHEDULER: commands.kube_scheduler,
    KWOK: commands.kwok,
}
"""What works through the API server, in the order of starting."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What `plat doctor` reports about the control plane."""

    running: bool
    """All five components run and the API server is ready."""
    server: str | None
    """`https://127.0.0.1:<port>`; None when it does not answer."""
    kubeconfig: Path
    nodes: int
    crds: int
    version: str
    """The API server's, for example `v1.36.4`; empty when it does not answer."""
    components: tuple[str, ...]
    """Those that run, sorted."""


def start(
    folder: Path, toolchain: Toolchain, *, crds: Path | None, progress: Progress, kinds: Sequence[Kind] = KINDS
) -> Status:
    """Makes the control plane run, with nodes, storage class and the definitions of custom resources.

    `folder` is `<project>/.embedded`; `crds` a folder with strict definitions, or None for permissive ones; `kinds` the
    custom resources there have to be, each with how it becomes ready (`handed_over`: some by a controller of the
    caller's). Idempotent, and safe to call twice at once. About 5 s, and 10 s more when strict definitions are new;
    0.5 s when it all runs.

    Raises:
        EngineError: a component does not start or does not become ready; the text names its log.
    """
    layout = Layout.of(folder)
    try:
        layout.control_plane.mkdir(parents=True, exist_ok=True)
        with lock(layout.control_plane, progress=progress, waiting_for="it is starting or stopping the control plane"):
            api = _running_api(layout) or _begin(layout, toolchain, progress)
            _furnish(layout, toolchain, api, crds, progress, kinds)
    except OSError as error:
        raise unusable(layout, error) from error
    return status(folder, toolchain)


def stop(folder: Path, toolchain: Toolchain) -> bool:  # noqa: ARG001 (kept: the counterpart of start)
    """Ends every component, and returns whether there was one. What was deployed is kept for the next start."""
    layout = Layout.of(folder)
    if not layout.folder.is_dir():
        return processes.stop(layout.control_plane, START_ORDER[::-1])
    with lock(
        layout.control_plane, progress=lambda _: None, waiting_for="it is starting or stopping the control plane"
    ):
        return processes.stop(layout.control_plane, START_ORDER[::-1])


def reset(folder: Path, toolchain: Toolchain) -> bool:
    """Stops the control plane and deletes everything that was deployed to it; returns whether there was anything."""
    stopped = stop(folder, toolchain)
    layout = Layout.of(folder)
    existed = layout.control_plane.is_dir()
    shutil.rmtree(layout.control_plane, ignore_errors=True)
    layout.kubeconfig.unlink(missing_ok=True)
    return stopped or existed


def status(folder: Path, toolchain: Toolchain) -> Status:  # noqa: ARG001 (kept: the counterpart of start)
    """What runs, without changing anything; 50 ms."""
    layout = Layout.of(folder)
    components = tuple(sorted(processes.running(layout.control_plane, START_ORDER)))
    api = _api(layout)
    answers = api is not None and api.ready()
    if api is None or not answers:
        return Status(
            running=False,
            server=None,
            kubeconfig=layout.kubeconfig,
            nodes=0,
            crds=0,
            version="",
            components=components,
        )
    return Status(
        running=set(components) == set(START_ORDER),
        server=api.server,
        kubeconfig=layout.kubeconfig,
        nodes=len(api.names("/api/v1/nodes")),
        crds=len(api.names(crds.PATH)),
        version=api.version(),
        components=components,
    )


def _api(layout: Layout) -> KubeApi | None:
    chosen = ports.recall(layout.ports)
    if chosen is None or not layout.certificate.is_file() or not layout.tokens.is_file():
        return None
    server = f"https://{ports.LOOPBACK}:{chosen.kube_apiserver}"
    return KubeApi(server=server, certificate=layout.certificate, token=credentials.tokens(layout)[NAME])


def _running_api(layout: Layout) -> KubeApi | None:
    """The API server when it runs on its etcd and is ready, possibly after a wait; None when it must be started."""
    servers = (ETCD, APISERVER)
    alive = processes.running(layout.control_plane, servers)
    api = _api(layout)
    if api is None or any(len(alive.get(name, ())) != 1 for name in servers):
        return None
    if _wait(api.ready, layout, servers, seconds=_BUSY_SECONDS) is not None:
        return None
    credentials.write_kubeconfigs(layout, api.server)
    return api


def _begin(layout: Layout, tools: Toolchain, progress: Progress) -> KubeApi:
    """Starts a ready API server on the data of the last run, whatever state that left."""
    started = time.monotonic()
    if processes.stop(layout.control_plane, START_ORDER[::-1], patience_seconds=_REMAINS_SECONDS):
        progress("the last control plane is incomplete: stopping what is left of it")
    progress(f"starting the control plane ({', '.join(START_ORDER)})")
    _renew_certificate(layout)
    credentials.tokens(layout)
    for attempt in range(1, _ATTEMPTS + 1):
        chosen = ports.choose(layout.ports)
        _launch(layout, ETCD, commands.etcd(layout, tools, chosen))
        _launch(layout, APISERVER, commands.kube_apiserver(layout, tools, chosen))
        failed = _wait(lambda: _ready(layout), layout, (ETCD, APISERVER))
        if failed is None:
            break
        processes.stop(layout.control_plane, (APISERVER, ETCD), patience_seconds=_REMAINS_SECONDS)
        if attempt == _ATTEMPTS or "address already in use" not in _words(layout, failed):
            raise _failure(layout, tools, failed)
        ports.forget(layout.ports)
        progress("another process took one of the ports: trying others")
    api = _api(layout)
    if api is None:
        raise _failure(layout, tools, APISERVER)
    credentials.write_kubeconfigs(layout, api.server)
    progress(f"the API server answers at {api.server} after {duration(time.monotonic() - started)}")
    return api


def _furnish(
    layout: Layout, tools: Toolchain, api: KubeApi, strict: Path | None, progress: Progress, kinds: Sequence[Kind]
) -> None:
    """Nodes and storage class, definitions of custom resources, then the clients.

    In this order, because the clients look up their kinds when they start: the garbage collector sees later ones after
    half a minute, kwok never.
    """
    wanted = {item["metadata"]["name"] for item in nodes.objects() if item["kind"] == "Node"}
    if not wanted <= set(api.names("/api/v1/nodes")):
        crds_applied = crds.apply_objects(layout, tools, nodes.objects())
        progress(f"{len(crds_applied) - 1} nodes in {len(nodes.ZONES)} zones")
    started = time.monotonic()
    known = set(api.names(crds.PATH))
    names = crds.install(layout, tools, api, strict, kinds)
    fresh = len(set(names) - known)
    if fresh:
        kind = "strict" if strict is not None else "permissive"
        progress(f"{fresh} {kind} definitions of custom resources in {duration(time.monotonic() - started)}")
    document = stages.document(kinds)
    outdated = not layout.stages.is_file() or layout.stages.read_text(encoding="utf-8") != document
    if outdated or fresh:
        processes.stop(layout.control_plane, (KWOK, CONTROLLERS))
        layout.stages.write_text(document, encoding="utf-8")
    alive = processes.running(layout.control_plane, START_ORDER)
    for name, command in _CLIENTS.items():
        if name not in alive:
            _launch(layout, name, command(layout, tools))
    failed = _wait(lambda: _nodes_ready(api, wanted), layout, tuple(_CLIENTS))
    if failed is not None:
        raise _failure(layout, tools, failed)


def _ready(layout: Layout) -> bool:
    api = _api(layout)
    return api is not None and api.ready()


def _nodes_ready(api: KubeApi, wanted: set[str]) -> bool:
    ready = {
        item["metadata"]["name"]
        for item in api.items("/api/v1/nodes")
        if any(c["type"] == "Ready" and c["status"] == "True" for c in item["status"].get("conditions") or ())
        and not item["spec"].get("taints")
    }
    return wanted <= ready


def _launch(layout: Layout, name: str, command: list[str]) -> None:
    layout.log(name).unlink(missing_ok=True)  # the output of the last run would mislead
    processes.start(command, layout.log(name))
    deadline = time.monotonic() + _SEEN_SECONDS  # until the shell between has become the program
    while name not in processes.running(layout.control_plane, [name]) and time.monotonic() < deadline:
        time.sleep(_SEEN_POLL_SECONDS)


def _wait(
    done: Callable[[], bool], layout: Layout, components: tuple[str, ...], *, seconds: float = READY_SECONDS
) -> str | None:
    """None when `done`; else the component that has ended, or the last of `components` when the time is over."""
    deadline = time.monotonic() + seconds
    while not done():
        alive = processes.running(layout.control_plane, components)
        gone = next((name for name in components if name not in alive), None)
        if gone is not None or time.monotonic() > deadline:
            return gone or components[-1]
        time.sleep(_POLL_SECONDS)
    return None


def _words(layout: Layout, component: str) -> str:
    try:
        return layout.log(component).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _failure(layout: Layout, tools: Toolchain, component: str) -> EngineError:
    words = _words(layout, component)
    return not_started(tools.tools[component], words=words, log=layout.log(component), data=layout.control_plane)


def _renew_certificate(layout: Layout) -> None:
    """The API server makes its certificate for a year: one older than 300 days is made again with its key."""
    if layout.certificate.is_file() and time.time() - layout.certificate.stat().st_mtime > 300 * 86_400:
        shutil.rmtree(layout.certificates)
