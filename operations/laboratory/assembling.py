"""The hosts of a proof: the pods of the stack, those that stand in for what does not run here, and strangers.

Edges speak of pods that charts, operators and the cluster bring. Where none of them runs, as on the embedded control
plane, a host with their labels replaces them: what policies see of a pod is its labels and its namespace. Beside them
are hosts that no edge speaks of: a stray without labels in every namespace of ours, a stranger elsewhere with the
labels of a service, the internet, a private network, and the clouds' metadata server. Whatever those reach is a fault.
Whoever a policy of the stack lets through beside all these takes part as well (`openings`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from itertools import count
from typing import Final

from blueprint import names, store_names
from operations.laboratory.hosts import PROTOCOLS, Host, Port
from operations.laboratory.observed import Observed, Pod
from operations.laboratory.openings import Openings
from policies.core.facts import Facts
from policies.network.addresses import METADATA, Space, space, union
from policies.network.reach import Direction
from policies.rules.net.edges import copiers, drills, edges, migrations, service_pods, stores
from policies.rules.net.platform import CLOSED_NAMESPACES, STANDING, Edge, Pods, Zone

UNDECLARED: Final = Port("TCP", 64_999)
"""Tried on every host, and declared by nobody: a rule without ports would let it through."""
STAND_INS: Final = IPv4Address("10.245.0.1")
"""First address of those that stand in: beside the pods' 10.244.0.0/16, and as private."""
INTERNET: Final = "8.8.8.8"
"""An address that every table calls public. It is a host in the sandbox: nothing leaves this machine."""
PRIVATE: Final = "172.20.0.1"
"""A private address that no edge of the shop names; one an edge does name comes from the edge."""
NEWCOMERS: Final = "a pod that policies speak of"
"""And that nobody has."""
_OUTSIDE_PORTS: Final = (Port("TCP", 80), Port("TCP", 443), UNDECLARED)
STRANGERS: Final = "default"
"""A namespace that is nobody's."""
_FEW: Final = 32
"""An edge of more ports opens a range nobody listens on: replication between pods of one store."""


def assemble(observed: Observed, facts: Facts, only: Sequence[str]) -> tuple[Host, ...]:
    """The hosts, sorted by name; with `only`, of the services those with these names, and what is theirs."""
    drawn = list(edges(facts))
    known = _Known(facts, drawn, only)
    outside = list(_outside(drawn))
    taken = {pod.address for pod in observed.pods} | {host.address for host in outside}
    addresses = (address for number in range(1 << 16) if (address := str(STAND_INS + number)) not in taken)
    hosts = [known.host(pod) for pod in observed.pods]
    for pods in known.places:
        if not any(host.is_of(pods) for host in hosts):
            hosts.append(known.stand_in(pods, next(addresses)))
    there = {each["metadata"]["name"] for each in observed.namespaces}
    hosts += [_stray(name, next(addresses)) for name in sorted(there & {*known.closed_namespaces})]
    hosts.append(_stranger(facts, next(addresses)))
    hosts += outside
    hosts += _let_through(hosts, observed, known, addresses, _declared(drawn))
    openings = Openings.of(hosts, observed.namespaces, observed.policies)
    taking_part = [host for host in hosts if known.takes_part(host.namespace)]
    taken_names = {f"{pod.namespace}/{pod.name}" for pod in observed.pods}
    wider = (
        replace(
            host,
            name=_apart(host, taken_names),
            served=tuple(sorted({*host.served, *openings.ports(host)})),
        )
        for host in taking_part
    )
    return tuple(sorted(wider, key=lambda host: host.name))


def _apart(host: Host, taken: Container[str]) -> str:
    """Its name; of one that is no pod of the stack, another where a pod of the stack is called so."""
    if not host.stands_in or host.name not in taken:
        return host.name
    return next(name for number in count(2) if (name := f"{host.name}-{number}") not in taken)


def _let_through(
    hosts: Sequence[Host],
    observed: Observed,
    known: _Known,
    addresses: Iterator[str],
    declared: Mapping[Direction, Space],
) -> Iterator[Host]:
    """A host for everybody whom a policy lets through, and who is not among `hosts`."""
    openings = Openings.of(hosts, observed.namespaces, observed.policies)
    for number, end in enumerate(openings.pods(known.closed_namespaces)):
        name = f"a-newcomer-{number}"
        added = Pod(
            namespace=end.namespace, name=name, labels=end.labels, address=next(addresses), ports=(), named_ports={}
        )
        yield replace(known.host(added), group=NEWCOMERS, stands_in=True)
    for address in openings.addresses(hosts, declared):
        yield _other(address, address, served=_OUTSIDE_PORTS)


def _declared(drawn: Iterable[Edge]) -> Mapping[Direction, Space]:
    """The addresses that edges may lead to, or come from."""
    drawn = tuple(drawn)
    return {
        "Egress": union(edge.target.may for edge in drawn if isinstance(edge.target, Zone)),
        "Ingress": union(edge.source.may for edge in drawn if isinstance(edge.source, Zone)),
    }


class _Known:
    """What the edges say about pods."""

    def __init__(self, facts: Facts, drawn: Iterable[Edge], only: Sequence[str]) -> None:
        services = [service.name for service in facts.services or ()]
        self._drawn = tuple(drawn)
        spoken_of = [end for edge in self._drawn for end in (edge.source, edge.target)]
        self.places = (
            *(service_pods(name) for name in services),
            *stores(facts),
            *migrations(facts),
            *drills(facts),
            *copiers(facts),
            # Of whom no edge speaks is not installed in this stack, and nothing would close its pods (Velero's).
            *(each for each in STANDING if not each.closed or each in spoken_of),
        )
        self._tenants = {place for name in services for place in _namespaces(name)}
        self._chosen = {place for name in only or services for place in _namespaces(name)}
        self.closed_namespaces = (*self._tenants, *CLOSED_NAMESPACES)

    def takes_part(self, namespace: str | None) -> bool:
        return namespace not in self._tenants or namespace in self._chosen

    def host(self, pod: Pod) -> Host:
        """A pod of the stack."""
        place = next((each for each in self.places if _is_of(pod, each)), None)
        return Host(
            name=f"{pod.namespace}/{pod.name}",
            group=_group(place) if place else f"{pod.namespace}/{pod.name}",
            namespace=pod.namespace,
            labels=pod.labels,
            address=pod.address,
            served=self._served(place, pod.ports),
            named_ports=pod.named_ports,
            closed=place.closed if place else pod.namespace in self.closed_namespaces,
            stands_in=False,
        )

    def stand_in(self, place: Pods, address: str) -> Host:
        """A host for pods that edges speak of."""
        return Host(
            name=f"{place.namespace}/{place.name}",
            group=_group(place),
            namespace=place.namespace,
            labels=place.labels,
            address=address,
            served=self._served(place, ()),
            named_ports={},
            closed=place.closed,
            stands_in=True,
        )

    def _served(self, place: Pods | None, own: Iterable[Port]) -> tuple[Port, ...]:
        """Its own ports and those edges lead to, each with both protocols."""
        led_to = {port for edge in self._drawn if edge.target == place for port in _ports(edge.ports)}
        numbers = {port.number for port in (*own, *led_to)}
        return tuple(sorted({UNDECLARED, *(Port(way, number) for number in numbers for way in ("TCP", "UDP"))}))


def _namespaces(service: str) -> tuple[str, ...]:
    """Those a service may have: its pods', its stores' and its restore drills'."""
    return service, names.data_namespace(service), store_names.drill_namespace(service)


def _stranger(facts: Facts, address: str) -> Host:
    """With the labels of the first service that calls others: labels alone must open nothing elsewhere."""
    callers = [service.name for service in facts.services or () if service.spec.consumes]
    labels = names.selector(callers[0]) if callers else {}
    return _other(f"{STRANGERS}/a-stranger", address, namespace=STRANGERS, labels=labels, closed=False)


def _stray(namespace: str, address: str) -> Host:
    """Without labels: only what closes a whole namespace closes it."""
    return _other(f"{namespace}/a-stray", address, group="a pod without labels", namespace=namespace, closed=True)


def _outside(drawn: Iterable[Edge]) -> Iterator[Host]:
    """Who is not in the cluster: the internet, the networks that edges name, and two that none may reach."""
    drawn = tuple(drawn)
    zones = {zone.name: zone for edge in drawn for zone in (edge.source, edge.target) if isinstance(zone, Zone)}
    asked = {port for edge in drawn if isinstance(edge.target, Zone) for port in _ports(edge.ports)}
    named = {METADATA[0]: "the metadata server", INTERNET: "the internet", PRIVATE: "a private network"}
    found = {address: name for name, zone in sorted(zones.items()) if (address := _address_in(zone))}
    for address, name in sorted({**named, **found}.items()):
        yield _other(name, address, served=(*_OUTSIDE_PORTS, *asked))


def _address_in(zone: Zone) -> str:
    """The second address of a network that an edge names, or its only one; "" of the internet, and of IPv6 alone."""
    if not zone.must or zone.must.holds(space([INTERNET])):
        return ""
    first, last = zone.must.runs[0]
    return str(IPv4Address(min(first + 1, last))) if first < 1 << 32 else ""


def _other(
    name: str,
    address: str,
    *,
    group: str = "",
    namespace: str | None = None,
    labels: Mapping[str, str] | None = None,
    closed: bool = False,
    served: Iterable[Port] = (UNDECLARED,),
) -> Host:
    return Host(
        name=name,
        group=group or name,
        namespace=namespace,
        labels=labels or {},
        address=address,
        served=tuple(sorted(set(served))),
        named_ports={},
        closed=closed,
        stands_in=True,
    )


def _ports(some: int) -> Iterator[Port]:
    """A set of ports, one by one; nothing where it is a range nobody listens on."""
    if some.bit_count() > _FEW:
        return
    while some:
        lowest = some & -some
        which, number = divmod(lowest.bit_length() - 1, 1 << 16)
        yield Port(PROTOCOLS[which], number)
        some ^= lowest


def _group(pods: Pods) -> str:
    """A service by its name alone, everything else with its namespace."""
    return pods.name if pods.name == pods.namespace else f"{pods.namespace}/{pods.name}"


def _is_of(pod: Pod, pods: Pods) -> bool:
    return pod.namespace == pods.namespace and pods.labels.items() <= pod.labels.items()
