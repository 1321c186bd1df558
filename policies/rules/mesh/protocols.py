"""What is spoken on a port: said, not guessed from its first bytes."""

from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import MEDIUM, Breach
from policies.mesh.scope import is_outside
from policies.objects import Object
from policies.objects.values import View
from policies.rules.mesh.standard import MESH, SERVICES, has_mesh

HTTP: Final = frozenset({"http", "http2", "grpc", "grpc-web"})
PROTOCOLS: Final = HTTP | {"https", "mongo", "mysql", "redis", "tcp", "tls", "udp"}
"""What Istio takes for a protocol (istio/istio: pkg/config/protocol, pkg/config/kube/conversion.go)."""
QUALIFIED: Final = {"kubernetes.io/h2c": "http2", "kubernetes.io/ws": "http", "kubernetes.io/wss": "https"}


def protocol(port: View) -> str | None:
    """What `port` of a Service says it speaks; None where Istio would guess. appProtocol wins over the name."""
    if port["protocol"].text == "UDP":
        return "udp"
    said = (port["appProtocol"].text if port["appProtocol"].is_set else port["name"].word) or ""
    said = QUALIFIED.get(said, said).lower()
    first = "grpc-web" if said.split("-")[:2] == ["grpc", "web"] else said.partition("-")[0]
    return first if first in PROTOCOLS else None


def speaks_http(port: View) -> bool:
    """Whether requests on `port` of a Service can be told apart."""
    return protocol(port) in HTTP


@MESH.resource(
    "mesh-service-port-protocol",
    "A/M/M",
    MEDIUM,
    SERVICES,
    why="A proxy that must guess the protocol holds back the first bytes, and rules about methods and paths may miss.",
    cure="Set appProtocol, or begin the port's name with the protocol, such as http-metrics",
    where="services/{service}.yaml: spec.service.ports",
    sources=("Istio: Protocol Selection", "istioctl IST0118"),
)
def port_protocol(thing: Object, facts: Facts) -> Iterator[Breach]:
    if not has_mesh(facts) or is_outside(thing.namespace, facts):
        return
    for port in thing.spec["ports"]:
        if protocol(port) is None:
            field = "appProtocol" if port["appProtocol"].is_set or not port["name"].is_set else "name"
            yield Breach(port[field], "names no protocol Istio knows" if port[field].is_set else "is not set")
