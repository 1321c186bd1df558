"""Sets of ports, and which of them a rule of a NetworkPolicy opens on the pod that receives.

A port without protocol is TCP, one with a name is looked up in the receiving pod's containers, no ports at all are
all ports. Of a pod whose containers are not known, a name may be any port: what could be open counts as open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from policies.objects.pods import Pod
from policies.objects.values import MalformedError, View

PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_PORTS: Final = 1 << 16


@lru_cache(maxsize=256)
def ports(protocol: str, first: int, last: int | None = None) -> int:
    """A set of ports, as bits of a number: `protocol` from `first` to `last`, or `first` alone.

    A number of up to 24 KB, and the same few are asked for by every policy.
    """
    width = (first if last is None else last) - first + 1
    return ((1 << max(width, 0)) - 1) << (PROTOCOLS.index(protocol) * _PORTS + first)


ALL_PORTS: Final = sum(ports(protocol, 1, _PORTS - 1) for protocol in PROTOCOLS)
"""Every port of every protocol."""


def shown(some: int) -> str:
    """A set of ports for a person: `TCP 53, UDP 53`, `every port`."""
    if some == ALL_PORTS:
        return "every port"
    found = []
    while some:
        start = (some & -some).bit_length() - 1
        width = (~(some >> start) & ((some >> start) + 1)).bit_length() - 1
        some &= ~(((1 << width) - 1) << start)
        protocol, first = PROTOCOLS[start // _PORTS], start % _PORTS
        found.append(f"{protocol} {first}" if width == 1 else f"{protocol} {first}-{first + width - 1}")
    return ", ".join(found[:4]) + (" and others" if len(found) > 4 else "")


def named_ports(pod: Pod) -> Mapping[str, int]:
    """The named ports of a pod's containers that keep running."""
    found: dict[str, int] = {}
    for container in pod.containers:
        for port in container.view["ports"] if container.role == "container" or container.is_sidecar else ():
            if name := port["name"].word:
                found[name] = found.get(name, 0) | ports(_protocol(port["protocol"]), _number(port["containerPort"]))
    return found


@dataclass(frozen=True)
class RulePorts:
    """The ports of a rule; the named ones differ from pod to pod."""

    numbers: int
    names: tuple[tuple[str, str], ...] = ()
    """Protocol and name."""

    def of(self, named: Mapping[str, int] | None) -> int:
        """On the pod that receives, whose ports are `named`; None where they are not known."""
        found = self.numbers
        for protocol, name in self.names:
            found |= ports(protocol, 1, _PORTS - 1) & (ALL_PORTS if named is None else named.get(name, 0))
        return found


def rule_ports(rule: View) -> RulePorts:
    """The ports `rule` opens."""
    if rule["ports"].is_empty:
        return RulePorts(ALL_PORTS)
    numbers, named = 0, []
    for each in rule["ports"]:
        protocol, port = _protocol(each["protocol"]), each["port"]
        if not port.is_set:
            numbers |= ports(protocol, 1, _PORTS - 1)
        elif isinstance(port.value, str):
            named.append((protocol, port.word))
        else:
            first, last = _number(port), _number(each["endPort"]) if each["endPort"].is_set else None
            numbers |= ports(protocol, first, last)
    return RulePorts(numbers, tuple(named))


def _number(port: View) -> int:
    number = port.number
    if number is None or not 0 < number < _PORTS:
        raise MalformedError(port.path, port.value, "a port")
    return int(number)


def _protocol(written: View) -> str:
    protocol = written.text or "TCP"
    if protocol not in PROTOCOLS:
        raise MalformedError(written.path, protocol, "TCP, UDP or SCTP")
    return protocol
