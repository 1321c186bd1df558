"""What a running stack has, read from its API server and from nowhere else. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from operations.laboratory.hosts import Port
from operations.leftovers import Cluster

Manifest = Mapping[str, Any]

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
    beyond: Sequence[str]
    """Pods that have no IPv4 address, by name: nobody can try them here."""


def observe(cluster: Cluster) -> Observed:
    """Reads `cluster`. Raises RefusedError where it does not answer."""
    listed = cluster.listed("namespaces", "networkpolicies", "pods")
    return of(listed)


def of(listed: Sequence[Manifest]) -> Observed:
    """The same from objects at hand, of these kinds and others, which are left out."""
    pods = [pod for each in listed if each["kind"] == "Pod" for pod in _pods(each)]
    return Observed(
        namespaces=_of("Namespace", listed),
        policies=_of("NetworkPolicy", listed),
        pods=[pod for pod in pods if pod.address],
        beyond=[f"{pod.namespace}/{pod.name}" for pod in pods if not pod.address],
    )


def _of(kind: str, listed: Sequence[Manifest]) -> list[Manifest]:
    return [_own(each) for each in listed if each["kind"] == kind]


def _own(thing: Manifest) -> Manifest:
    """What its author wrote."""
    metadata = {key: thing["metadata"][key] for key in _KEPT if key in thing["metadata"]}
    spec = {"spec": thing["spec"]} if thing["kind"] == "NetworkPolicy" else {}
    return {"apiVersion": thing["apiVersion"], "kind": thing["kind"], "metadata": metadata, **spec}


def _pods(thing: Manifest) -> Iterator[Pod]:
    """The pod, if it is one that NetworkPolicies are about: it has an address of its own, and is there to stay."""
    metadata, spec, status = thing["metadata"], thing["spec"], thing.get("status", {})
    addresses = [each["ip"] for each in status.get("podIPs", ())]
    if addresses and status.get("phase") == "Running" and not spec.get("hostNetwork"):
        sidecars = [one for one in spec.get("initContainers", ()) if one.get("restartPolicy") == "Always"]
        listed = [port for each in (*spec["containers"], *sidecars) for port in each.get("ports", ())]
        named = [(each.get("name"), Port(each.get("protocol", "TCP"), each["containerPort"])) for each in listed]
        yield Pod(
            namespace=metadata["namespace"],
            name=metadata["name"],
            labels=metadata.get("labels", {}),
            address=next((address for address in addresses if ":" not in address), ""),
            ports=tuple(sorted({port for _, port in named if port.protocol in ("TCP", "UDP")})),
            named_ports={name: port for name, port in named if name},
        )
