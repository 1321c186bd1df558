"""Egress from the mesh, and addresses that are taken for a part of it: what ServiceEntries and their like declare."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import HIGH, Violation, sorts
from policies.mesh.scope import SERVICE_ENTRY, host, is_private
from policies.network.addresses import cidr_at, covers_everything
from policies.objects import Object
from policies.objects.values import View
from policies.rules.mesh.group import MESH

WORKLOAD_ENTRY: Final = "WorkloadEntry.networking.istio.io"
WORKLOAD_GROUP: Final = "WorkloadGroup.networking.istio.io"

NAMED: Final = frozenset({"GRPC", "GRPC-WEB", "HTTP", "HTTP2", "HTTPS", "TLS"})
"""Protocols in which a client names the host it wants; of others a proxy sees the address alone."""


@MESH.resource(
    "mesh-service-entry",
    "M/M/M",
    HIGH,
    sorts(SERVICE_ENTRY, WORKLOAD_ENTRY, WORKLOAD_GROUP),
    why="A ServiceEntry opens a way out of the mesh, or takes the name of a service in it.",
    cure="Declare the host under egress, export it to . alone; name nothing in the cluster, and no address as a pod",
    where="services/{service}.yaml: spec.egress",
    sources=("Istio: Egress",),
)
def service_entry(thing: Object, facts: Facts) -> Iterator[Violation]:
    yield from _KINDS[thing.sort](thing, facts)


def _stand_in(_: Object, __: Facts) -> Iterator[Violation]:
    """Istio sends a Service's requests to every WorkloadEntry its selector matches, in plaintext if it says so."""
    yield Violation("kind", "lets an address stand for a pod, and the catalogue declares no such thing")


def _entry(thing: Object, facts: Facts) -> Iterator[Violation]:
    spec = thing.spec
    if spec["location"].is_set and spec["location"].word != "MESH_EXTERNAL":
        yield Violation(spec["location"], f"is {spec['location'].word or 'empty'}")
    unresolved = spec["resolution"].word in ("", "NONE")
    if unresolved:
        yield from _anywhere(spec)
    allowed = _allowed(thing.namespace, facts)
    if allowed is not None and not is_private(thing):
        yield Violation(spec["exportTo"], "is wider than the own namespace, so its callers get out by it too")
    ports = {place.quantity or "not set": place for place in _ports(spec)}
    for place in spec["hosts"]:
        name = place.word.lower().removesuffix(".")
        if _is_inside(name, facts):
            yield Violation(place, f"is {name}, a name inside the cluster")
        elif "*" in name and unresolved:
            yield Violation(place, f"is {name} and nothing resolves it, so a client may go to any address")
        elif allowed is not None and name not in allowed:
            yield Violation(place, f"is {name}, which the service does not declare")
        elif allowed is not None:
            for number, at in ports.items():
                if number not in allowed[name]:
                    yield Violation(at, f"is {number}, which the service does not declare for {name}")
    for end in spec["endpoints"]:
        address = end["address"]
        if allowed is not None and address.word.lower() not in allowed:
            yield Violation(address, "is where the host is sent to, which the service does not declare")


def _ports(spec: View) -> Iterator[View]:
    """Every port clients name, or their requests end at."""
    for port in spec["ports"]:
        yield port["number"]
        if port["targetPort"].is_set:
            yield port["targetPort"]
    for end in spec["endpoints"]:
        yield from (number for _, number in end["ports"].entries())


def _anywhere(spec: View) -> Iterator[Violation]:
    """What nothing resolves goes where the client says: of bytes that name no host, to any address but for a list."""
    if spec["addresses"].is_empty:
        for port in spec["ports"]:
            if port["protocol"].word.upper() not in NAMED:
                what = port["protocol"].word or "not set"
                yield Violation(
                    port["protocol"], f"is {what} and nothing resolves it, so a client may go to any address"
                )
    elif covers_everything([cidr_at(address) for address in spec["addresses"]]):
        yield Violation(spec["addresses"], "is every address there is")


def _allowed(namespace: str, facts: Facts) -> Mapping[str, frozenset[str]] | None:
    """Hosts the catalogue lets `namespace` reach, with their ports; None without a catalogue."""
    if facts.services is None:
        return None
    found: dict[str, set[str]] = {}
    if namespace in facts.service:
        for egress in facts.service[namespace].spec.egress:
            found.setdefault(egress.host, set()).add(str(egress.port))
    return {name: frozenset(ports) for name, ports in found.items()}


def _is_inside(name: str, facts: Facts) -> bool:
    known = {*facts.service, *names.PLATFORM_NAMESPACES, *names.CLUSTER_NAMESPACES}
    meant = host(name, "", known)
    parts = name.split(".")
    return bool(meant.namespace) or "." not in name or name.endswith(f".{names.DOMAIN}") or parts[-1] == "svc"


_KINDS: Final[Mapping[str, Callable[[Object, Facts], Iterator[Violation]]]] = {
    SERVICE_ENTRY: _entry,
    WORKLOAD_ENTRY: _stand_in,
    WORKLOAD_GROUP: _stand_in,
}
