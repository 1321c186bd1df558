"""What a control plane would make of rendered manifests: addresses of Services, one running pod each, their endpoints.

For the laboratory, which reads a stack: so it can be tried on a catalogue without one, in the time it takes by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address
from typing import Any, Final

Manifest = Mapping[str, Any]

SERVICES: Final = IPv4Address("10.96.1.0")
PODS: Final = IPv4Address("10.244.0.10")
WORKLOADS: Final = ("Deployment", "Rollout")


def running(rendered: Iterable[Manifest], *, replicas: Mapping[str, int] | None = None) -> list[Manifest]:
    """`rendered` with pods, addresses and endpoints; `replicas` by name of a workload, one where it is not named."""
    objects = list(rendered)
    counted = replicas or {}
    addresses = (str(PODS + number) for number in range(1 << 12))
    workloads = [each for each in objects if each["kind"] in WORKLOADS]
    pods = [
        _pod(each, number, next(addresses))
        for each in workloads
        for number in range(counted.get(each["metadata"]["name"], 1))
    ]
    services = [each for each in objects if each["kind"] == "Service"]
    others = [each for each in objects if each["kind"] != "Service"]
    addressed = [_addressed(each, str(SERVICES + number)) for number, each in enumerate(services)]
    return [*others, *addressed, *pods, *(found for each in addressed for found in _endpoints(each, pods))]


def _pod(workload: Manifest, number: int, address: str) -> Manifest:
    template, metadata = workload["spec"]["template"], workload["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{metadata['name']}-{number}",
            "namespace": metadata["namespace"],
            "labels": dict(template["metadata"]["labels"]),
        },
        "spec": template["spec"],
        "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
    }


def _addressed(service: Manifest, address: str) -> Manifest:
    spec = service["spec"]
    if spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None":
        return service
    return {**service, "spec": {**spec, "clusterIP": address}}


def _endpoints(service: Manifest, pods: Iterable[Manifest]) -> Iterator[Manifest]:
    metadata, wanted = service["metadata"], (service["spec"].get("selector") or {}).items()
    chosen = [
        pod
        for pod in pods
        if wanted
        and pod["metadata"]["namespace"] == metadata["namespace"]
        and wanted <= pod["metadata"]["labels"].items()
    ]
    if chosen:
        yield {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{metadata['name']}-0",
                "namespace": metadata["namespace"],
                "labels": {"kubernetes.io/service-name": metadata["name"]},
            },
            "addressType": "IPv4",
            "endpoints": [_endpoint(pod) for pod in chosen],
            "ports": [_port(port, chosen[0]) for port in service["spec"]["ports"]],
        }


def _endpoint(pod: Manifest) -> Manifest:
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": True, "serving": True},
        "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]},
    }


def _port(port: Manifest, pod: Manifest) -> Manifest:
    """A port as the controller writes it: the number of the pod, the protocol and the name of the Service."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, str):
        named = [each for container in pod["spec"]["containers"] for each in container.get("ports", ())]
        target = next(each["containerPort"] for each in named if each.get("name") == target)
    kept = {key: port[key] for key in ("name", "appProtocol") if key in port}
    return {**kept, "port": target, "protocol": port.get("protocol", "TCP")}
