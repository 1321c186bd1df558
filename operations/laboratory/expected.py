"""What ought to connect, from the edges of the catalogue and the platform: the judge's model, not the derivation's.

A connection has two ends. An end that the platform closes lets through what an edge says, at either end by itself;
one that it does not close lets everything through. Where it closes neither, nothing is expected: other people's
policies may close both, and they are none of ours. Edges that *may* exist are others' business (an operator's own
policies): what only such an edge covers is left open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

from operations.laboratory.hosts import Host, Port
from policies.core.facts import Facts
from policies.network.addresses import space
from policies.rules.net.edges import edges
from policies.rules.net.platform import Edge, Place, Pods, ServiceNamespaces, Zone


class Wanted(Enum):
    """What ought to happen to one attempt."""

    PASSES = "passes"
    REFUSED = "is refused"
    EITHER = "may pass"


class Expectation:
    """What every attempt between `hosts` ought to do."""

    def __init__(self, hosts: Sequence[Host], facts: Facts) -> None:
        self._services = frozenset(facts.service)
        self._must: defaultdict[tuple[Host, Host, str], int] = defaultdict(int)
        self._may: defaultdict[tuple[Host, Host, str], int] = defaultdict(int)
        self._why: defaultdict[tuple[Host, Host], list[Edge]] = defaultdict(list)
        for edge in edges(facts):
            self._draw(edge, hosts)

    def of(self, source: Host, target: Host, port: Port) -> Wanted:
        """What ought to happen when `source` asks `target` on `port`."""
        if not source.closed and not target.closed and not self._must[source, target, "out"] & port.bit:
            return Wanted.EITHER  # others' policies may close both
        ends = [
            self._end(source, target, port, closed=end.closed, way=way)
            for end, way in ((source, "out"), (target, "in"))
        ]
        if Wanted.REFUSED in ends:
            return Wanted.REFUSED
        return Wanted.EITHER if Wanted.EITHER in ends else Wanted.PASSES

    def why(self, source: Host, target: Host, port: Port) -> tuple[str, ...]:
        """The edges that say so; none where both ends are open, or no edge does."""
        found = {edge.why for edge in self._why[source, target] if edge.ports & port.bit and edge.must}
        return tuple(sorted(found))

    def _end(self, source: Host, target: Host, port: Port, *, closed: bool, way: str) -> Wanted:
        if not closed or self._must[source, target, way] & port.bit:
            return Wanted.PASSES
        return Wanted.EITHER if self._may[source, target, way] & port.bit else Wanted.REFUSED

    def _draw(self, edge: Edge, hosts: Sequence[Host]) -> None:
        for way, here, there in (("out", edge.source, edge.target), ("in", edge.target, edge.source)):
            far = list(self._far(there, hosts))
            for near in self._near(here, hosts):
                for other, sure in far:
                    if near is not other:
                        source, target = (near, other) if way == "out" else (other, near)
                        self._may[source, target, way] |= edge.ports
                        if edge.must and sure:
                            self._must[source, target, way] |= edge.ports
                            self._why[source, target].append(edge)

    def _near(self, place: Place, hosts: Iterable[Host]) -> Iterator[Host]:
        """Whose own policies say so. An edge of every service at once is the platform's end only, unless it says so."""
        match place:
            case Pods():
                yield from (host for host in hosts if host.is_of(place))
            case ServiceNamespaces(all_at_once=True):
                yield from (host for host in hosts if host.namespace in self._services)

    def _far(self, place: Place, hosts: Iterable[Host]) -> Iterator[tuple[Host, bool]]:
        """Whom a policy names, and whether all of it must be reachable."""
        for host in hosts:
            match place:
                case Pods():
                    if host.is_of(place):
                        yield host, True
                case ServiceNamespaces():
                    if host.namespace in self._services:
                        yield host, True
                case Zone():
                    # Whether a range of addresses means pods too is for each network plug-in to say (Kubernetes'
                    # API reference of NetworkPolicy): a pod within it is left open.
                    here = space([host.address])
                    if place.may.holds(here):
                        yield host, place.must.holds(here) and not host.is_pod
