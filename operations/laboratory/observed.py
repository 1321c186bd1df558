"""What a running stack has, read from its API server and from nowhere else. Nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from blueprint import names
from operations.laboratory.hosts import Port
from operations.leftovers import Cluster

Manifest = Mapping[str, Any]

_DONE: Final = ("Succeeded", "Failed")
"""Phases of a pod that has no address any more, though its last one may still be written there."""
_KEPT: Final = ("name", "namespace", "labels")
"""Of an object's metadata: the rest belongs to the server it was read from."""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod that runs and has an address."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    address: str
    """The first of IPv4; "" where it has none."""
    ports: tuple[Port, ...]
    named_ports: Mapping[str, Port]


@dataclass(frozen=True, kw_only=True)
class Observed:
    """One reading of a cluster."""

    namespaces: Sequence[Manifest]
    policies: Sequence[Manifest]
    """Its NetworkPolicies."""
    pods: Sequence[Pod]
    beyond: Mapping[str, Sequence[str]]
    """Pods that cannot be tried here, by name; the key says why."""


def observe(cluster: Cluster) -> Observed:
    """Reads `cluster`. Raises RefusedError where it does not answer."""
    listed = cluster.listed("namespaces", "networkpolicies", "pods")
    return of(listed)


def of(listed: Sequence[Manifest]) -> Observed:
    """The same from objects at hand, of these kinds and others, which are left out."""
    copies = {each["metadata"]["name"] for each in listed if each["kind"] == "Namespace" and _is_copy(each["metadata"])}
    pods, beyond = [], defaultdict(list)
    for each in (each for each in listed if each["kind"] == "Pod"):
        pod = _pod(each)
        if why := _beyond(each, pod, copies):
            beyond[why].append(f"{pod.namespace}/{pod.name}")
        elif pod.address:
            pods.append(pod)
    return Observed(
        namespaces=_of("Namespace", listed),
        policies=_of("NetworkPolicy", listed),
        pods=pods,
        beyond={why: sorted(names) for why, names in sorted(beyond.items())},
    )


def _of(kind: str, listed: Sequence[Manifest]) -> list[Manifest]:
    return [_own(each) for each in listed if each["kind"] == kind]


def _own(thing: Manifest) -> Manifest:
    """What its author wrote."""
    metadata = {key: thing["metadata"][key] for key in _KEPT if key in thing["metadata"]}
    spec = {"spec": thing["spec"]} if thing["kind"] == "NetworkPolicy" else {}
    return {"apiVersion": thing["apiVersion"], "kind": thing["kind"], "metadata": metadata, **spec}


def _is_copy(metadata: Manifest) -> bool:
    """Whether a namespace of these `metadata` is of a copy of the services that another stack made."""
    return names.TENANT_MARK in metadata["name"] and metadata.get("labels", {}).items() >= names.MANAGED.items()


def _beyond(thing: Manifest, pod: Pod, copies: Container[str]) -> str:
    """Why `pod` cannot be tried, though it is there or about to be; "" where it can, or is done and gone."""
    phase = thing.get("status", {}).get("phase", "Pending")
    if phase in _DONE:
        return ""
    if thing["spec"].get("hostNetwork"):
        return "on its node's network, where NetworkPolicies do not hold"
    if phase != "Running":
        return "not running yet"
    if pod.namespace in copies:
        return "another stack's copy of the services"
    return "" if pod.address else "no IPv4 address"


def _pod(thing: Manifest) -> Pod:
    metadata, spec, status = thing["metadata"], thing["spec"], thing.get("status", {})
    addresses = [each["ip"] for each in status.get("podIPs", ())] if status.get("phase") == "Running" else []
    sidecars = [one for one in spec.get("initContainers", ()) if one.get("restartPolicy") == "Always"]
    listed = [port for each in (*spec["containers"], *sidecars) for port in each.get("ports", ())]
    named = [(each.get("name"), Port(each.get("protocol", "TCP"), each["containerPort"])) for each in listed]
    return Pod(
        namespace=metadata["namespace"],
        name=metadata["name"],
        labels=metadata.get("labels", {}),
        address=next((address for address in addresses if ":" not in address), ""),
        ports=tuple(sorted({port for _, port in named if port.protocol in ("TCP", "UDP")})),
        named_ports={name: port for name, port in named if name},
    )
