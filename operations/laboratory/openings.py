"""Whom the policies let through beside the hosts there are: pods that may be added, addresses, ports.

A policy that opens a port on which no container listens, to labels that no pod has or to a network nobody is in, opens
it all the same: to whoever comes next. What is tried must therefore follow from the policies as well as from the pods.
They are read by Kubernetes' rules (`policies.network.reach`); what that overlooks is tried less, and never less than
the pods and edges ask for. Policies that say what is declared add nothing here.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Final

from operations.laboratory.hosts import PROTOCOLS, Host, Port
from policies.network.addresses import INTERNET, NOWHERE, PRIVATE, Space, space
from policies.network.reach import NAME, SIDES, Direction, End, Isolation, Opening, Reach
from policies.objects import Object
from policies.objects.selectors import matcher
from policies.rules.net.group import TRUSTED, peers

Manifest = Mapping[str, Any]

_IPV4: Final = space(["0.0.0.0/0"])
_NOBODYS: Final = space([*NOWHERE, "169.254.0.0/23"])
"""Where no host can be: what is nowhere, and link-local addresses by which the laboratory's hosts call their node."""
_RANGES: Final = tuple(space([cidr]) for cidr in PRIVATE)
_DIRECTIONS: Final[tuple[Direction, ...]] = tuple(SIDES)


def end_of(host: Host) -> End:
    """`host` as policies see it; it must be a pod."""
    assert host.namespace is not None  # noqa: S101  (asked for pods alone)
    named = {name: port.bit for name, port in host.named_ports.items()}
    return End(namespace=host.namespace, name=host.name, labels=host.labels, named_ports=named)


def reach_of(ends: Iterable[End], namespaces: Sequence[Manifest], policies: Sequence[Manifest]) -> Reach:
    """Who reaches whom by `policies`."""
    labels = {each["metadata"]["name"]: each["metadata"].get("labels", {}) for each in namespaces}
    return Reach(ends, labels, [Object(type="", props=policy) for policy in policies], TRUSTED)


def missing_namespaces(namespaces: Sequence[Manifest], policies: Sequence[Manifest]) -> Iterator[Manifest]:
    """A namespace for every peer that chooses its pods by labels of namespaces, none of which is there."""
    there = {each["metadata"]["name"]: {**each["metadata"].get("labels", {})} for each in namespaces}
    given = [Object(type="", props=policy) for policy in policies]
    for chosen in (peer["namespaceSelector"] for policy in given for _, peer in peers(policy)):
        asked = matcher(chosen)
        found = chosen.is_set and any(asked.selects({NAME: name, **labels}) for name, labels in there.items())
        for labels in asked.examples if chosen.is_set and not found else ():
            name = labels.get(NAME, f"a-namespace-{len(there)}")
            if name not in there:
                there[name] = dict(labels)
                yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels)}}


@dataclass(frozen=True, kw_only=True)
class Openings:
    """What one reading of the policies lets through."""

    _isolations: Sequence[tuple[End, Direction, Isolation]]
    _ends: Mapping[Host, End]
    _selected: Sequence[End]

    @classmethod
    def of(cls, hosts: Iterable[Host], namespaces: Sequence[Manifest], policies: Sequence[Manifest]) -> Openings:
        """What `policies` let through at those of `hosts` that are pods."""
        ends = {host: end_of(host) for host in hosts if host.is_pod}
        reach = reach_of(ends.values(), namespaces, policies)
        isolations = [(end, way, reach.isolation(end, way)) for end in ends.values() for way in _DIRECTIONS]
        selected = [end for place in reach.places for end in reach.ends_of(place)]
        return cls(_isolations=isolations, _ends=ends, _selected=selected)

    def pods(self, closed: Container[str]) -> Sequence[End]:
        """Pods nobody has, and that policies speak of: each that one selects, and of those a peer lets through one,
        in a namespace that is not `closed` if it can be, as nothing but this peer keeps that one out. Sorted."""
        made = {end for end in self._selected if end.made_up}
        for _, _, opening in self._each():
            coming = [end for end in opening.ends if end.made_up]
            made |= {*sorted(coming, key=lambda end: (end.namespace in closed, end.shown))[:1]}
        return sorted(made, key=lambda end: end.shown)

    def addresses(self, hosts: Iterable[Host], declared: Mapping[Direction, Space]) -> Sequence[str]:
        """An address in everything that is let through and in which none of `hosts` is outside the cluster; sorted.
        What is `declared` in a direction is asked for one address altogether, everything else for one a range."""
        known = [space([host.address]) for host in hosts if not host.is_pod]
        free = _IPV4 - _NOBODYS - space([host.address for host in hosts])
        found = []
        for _, way, opening in self._each():
            here = opening.addresses & _IPV4
            for part in (here, here & INTERNET, *((here - declared[way]) & each for each in _RANGES)):
                if not any(part.holds(each) for each in known) and (left := part & free):
                    first, last = left.runs[0]
                    found.append(str(IPv4Address(min(first + 1, last))))
                    known.append(space([found[-1]]))
        return sorted(found)

    def ports(self, host: Host) -> Iterator[Port]:
        """Ports of `host` that somebody is let through to and that are not tried yet: one of every gap between those
        that are. TCP and UDP."""
        tried = sum(port.bit for port in host.served)
        opened = 0
        for end, way, opening in self._each():
            if way == "Ingress" and end is self._ends.get(host):
                opened |= opening.ports | _all(opening)
            elif way == "Egress" and not host.closed:
                opened |= opening.lets(self._ends[host]) if host.is_pod else 0
                opened |= opening.ports if opening.addresses.holds(space([host.address])) else 0
        yield from _first_of_each_run(opened & ~tried)

    def _each(self) -> Iterator[tuple[End, Direction, Opening]]:
        for end, way, isolation in self._isolations:
            for opening in isolation.openings:
                yield end, way, opening


def _all(opening: Opening) -> int:
    """The ports it lets anyone through on."""
    found = opening.anyone.numbers if opening.anyone else 0
    for ports in opening.ends.values():
        found |= ports
    return found


def _first_of_each_run(some: int) -> Iterator[Port]:
    starts = some & ~(some << 1)
    while starts:
        lowest = starts & -starts
        which, number = divmod(lowest.bit_length() - 1, 1 << 16)
        if which < len(PROTOCOLS):
            yield Port(PROTOCOLS[which], number)
        starts ^= lowest
