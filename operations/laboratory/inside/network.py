"""Every host tries every other, before and behind kube-router; what connected, as indices of the given hosts."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from operations.engine import Toolchain
from operations.laboratory.inside import kube_router
from operations.laboratory.inside.api_server import ApiServer, Manifest
from operations.laboratory.inside.asking import Ask, Exchange
from operations.laboratory.inside.events import Events
from operations.laboratory.inside.failing import FailedError
from operations.laboratory.inside.links import NODE_ADDRESS, connect
from operations.laboratory.inside.memory import held_bytes

NODE: Final = "laboratory"
_EVERY: Final = 500
"""Attempts between two words about how far it is."""


def observe(job: Mapping[str, Any], events: Events) -> Mapping[str, Any]:
    """Does `job`: `hosts` (address, served, pod, outside), `objects`, `tools`. See `operations.laboratory.network`.

    Raises:
        FailedError: the laboratory does not work, so that nothing was observed.
    """
    folder, hosts = Path("/run/laboratory"), job["hosts"]
    started = time.monotonic()
    try:
        links = connect([host["address"] for host in hosts])
    except subprocess.CalledProcessError as error:
        raise FailedError(f"the hosts cannot be made: {error.stderr}") from error
    exchange = Exchange(links)
    exchange.answer({index: [tuple(each) for each in host["served"]] for index, host in enumerate(hosts)})
    _check(exchange, hosts)
    events.fact(f"{len(hosts)} hosts that answer while there are no policies, after {time.monotonic() - started:.1f} s")
    api = ApiServer(folder, Toolchain(tools={name: Path(path) for name, path in job["tools"].items()}, origin={}))
    pods = [_pod(host) for host in hosts if host["pod"]]
    api.create([_node(), *job["objects"], *pods])
    rules = kube_router.start(
        Path(job["tools"]["kube-router"]), api.kubeconfig, NODE, pods=len(pods), log=folder / "kube-router.log"
    )
    events.fact(f"kube-router has made {rules} rules after {time.monotonic() - started:.1f} s")
    asks = list(_asks(hosts))
    found = exchange.reached(asks, events.counting(len(asks), "attempts", _EVERY))
    return {
        "attempts": len(asks),
        "reached": sorted([ask.source, ask.target, ask.protocol, ask.port] for ask in found),
        "rules": rules,
        "memory_bytes": held_bytes(),
        "seconds": round(time.monotonic() - started, 1),
    }


def _asks(hosts: Sequence[Mapping[str, Any]]) -> Iterator[Ask]:
    """Every pair, both ways, but for two that are both outside the cluster."""
    for source, asking in enumerate(hosts):
        for target, asked in enumerate(hosts):
            if source != target and (asking["pod"] or asked["pod"]):
                for protocol, port in asked["served"]:
                    yield Ask(source, target, protocol, port)


def _check(exchange: Exchange, hosts: Sequence[Mapping[str, Any]]) -> None:
    """Without policies everything connects: else a refusal later would say nothing."""
    last = len(hosts) - 1
    asks: list[Ask] = []
    for index, host in enumerate(hosts):
        asks += [Ask((index or last) - 1, index, protocol, port) for protocol, port in host["served"]]
    found = exchange.reached(asks, lambda: None)
    if missing := [ask for ask in asks if ask not in found]:
        few = ", ".join(f"{hosts[ask.target]['address']}:{ask.port}/{ask.protocol}" for ask in missing[:5])
        raise FailedError(f"{len(missing)} of {len(asks)} ports answer nobody even without policies: {few}")


def _pod(host: Mapping[str, Any]) -> Manifest:
    """The host as kube-router reads it, with the addresses a kubelet would report."""
    pod = host["pod"]
    return {
        **pod,
        "spec": {**pod["spec"], "nodeName": NODE},
        "status": {
            "phase": "Running",
            "hostIP": NODE_ADDRESS,
            "hostIPs": [{"ip": NODE_ADDRESS}],
            "podIP": host["address"],
            "podIPs": [{"ip": host["address"]}],
        },
    }


def _node() -> Manifest:
    addresses = [{"type": "InternalIP", "address": NODE_ADDRESS}, {"type": "Hostname", "address": NODE}]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": NODE},
        "spec": {},
        "status": {"addresses": addresses},
    }
