"""Which policy lets a connection through, or which end has none for it: for the words about a difference.

Read from the policies by Kubernetes' rules (`policies.network.reach`). The packets decided; this only finds the line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from operations.laboratory.hosts import Host, Port
from operations.laboratory.openings import end_of, reach_of
from policies.network.addresses import space
from policies.network.reach import Direction

_ENDS: tuple[tuple[Direction, str], ...] = (("Egress", "out of"), ("Ingress", "in to"))


class Letting:
    """The policies of one proof."""

    def __init__(self, hosts: Sequence[Host], namespaces: Sequence[Mapping[str, Any]], policies: Sequence[Any]) -> None:
        self._ends = {host: end_of(host) for host in hosts if host.is_pod}
        self._reach = reach_of(self._ends.values(), namespaces, policies)

    def through(self, source: Host, target: Host, port: Port) -> tuple[str, ...]:
        """What lets `source` reach `target`, at either end."""
        return tuple(
            f"{way} {here.name}: {' and '.join(sorted(set(self._policies(here, there, port, direction))))}"
            for here, there, direction, way in _both(source, target)
            if here in self._ends
        )

    def missing(self, source: Host, target: Host, port: Port) -> tuple[str, ...]:
        """The ends at which nothing lets `source` reach `target`."""
        return tuple(
            f"no NetworkPolicy lets it {way} {here.name}"
            for here, there, direction, way in _both(source, target)
            if here in self._ends and not list(self._policies(here, there, port, direction))
        )

    def _policies(self, here: Host, there: Host, port: Port, direction: Direction) -> Iterator[str]:
        isolation = self._reach.isolation(self._ends[here], direction)
        if not isolation.closed:
            yield f"no NetworkPolicy closes it for {direction}"
        for opening in isolation.openings:
            far = self._ends.get(there)
            opened = opening.lets(far) if far else 0
            if opening.addresses.holds(space([there.address])):
                opened |= opening.ports
            if opened & port.bit:
                yield f"NetworkPolicy {opening.policy.namespace}/{opening.policy.name}"


def _both(source: Host, target: Host) -> tuple[tuple[Host, Host, Direction, str], ...]:
    return tuple(
        (here, there, direction, way)
        for (direction, way), here, there in zip(_ENDS, (source, target), (target, source), strict=True)
    )
