"""Connections as plain values, and how the analyser's text becomes them.

Every permission is taken apart into its smallest pieces (`Atom`), so that two tools that cut the same permission
differently still compare equal; `words` puts them together again for a person. Addresses are compared by zones.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, NamedTuple

ANY: Final = "*"
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
"""Every method the analyser knows."""
TOKENS: Final = ("token", "none")


class Atom(NamedTuple):
    """The smallest thing that is allowed or not."""

    transport: str
    """tcp, udp, or `not tcp` for everything else at once."""
    port: str
    method: str = ANY
    path: str = ANY
    token: str = ANY
    """`token`: only a request with a token; `none`: only one without; *: either."""


Pair = tuple[str, str]
Connections = Mapping[Pair, frozenset[Atom]]
"""(from, to) → what is allowed. Ends are namespace/workload or the name of a zone of addresses."""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """Addresses that are one thing to us."""

    name: str
    ranges: tuple[tuple[int, int], ...]
    """First and last, as numbers; IPv6 above IPv4."""


_IPV6: Final = 1 << 40
"""Added to an IPv6 address, so that both kinds are one line of numbers."""


def number(address: str) -> int:
    """`address` on that line."""
    parsed = ip_address(address)
    return int(parsed) + (_IPV6 if parsed.version == 6 else 0)


def zone(name: str, cidrs: Iterable[str], less: Iterable[Zone] = ()) -> Zone:
    """The addresses of `cidrs` that are in none of `less`."""
    ranges = [(number(str(net[0])), number(str(net[-1]))) for net in (ip_network(cidr, strict=True) for cidr in cidrs)]
    for low, high in (taken for other in less for taken in other.ranges):
        ranges = [
            piece
            for first, last in ranges
            for piece in ((first, min(last, low - 1)), (max(first, high + 1), last))
            if piece[0] <= piece[1]
        ]
    return Zone(name=name, ranges=tuple(sorted(set(ranges))))


_LINE: Final = re.compile(r"(?P<source>\S.*?) => (?P<target>.+?) : (?P<allowed>.+)")
_FIELD: Final = re.compile(r"(?:^|,)(protocols|dst_ports|methods|paths|hosts):")
_POD: Final = re.compile(r"([^/\s]+)/(\S+?)-\d+")
"""A pod of a workload: namespace, workload, and which of its pods."""

MANY_PORTS: Final = 32
"""A longer range stays one range: nobody asked for it."""

_SECTIONS: Final = {"TCP Connections:": ("tcp",), "non-TCP Connections:": ("not tcp",)}
"""With a mesh the answer comes in two parts, without one in one."""


def connections(text: str, paths: Mapping[str, str], zones: tuple[Zone, ...]) -> Connections:
    """The analyser's answer; `paths` spells its paths back."""
    found: defaultdict[Pair, set[Atom]] = defaultdict(set)
    ranges: defaultdict[tuple[str, str, Atom], list[tuple[int, int]]] = defaultdict(list)
    transports: tuple[str, ...] = ("tcp", "not tcp")
    for line in text.splitlines():
        transports = _SECTIONS.get(line, transports)
        if not (read := _LINE.fullmatch(line)):
            continue
        source, target = _end(read["source"]), _end(read["target"])
        for atom in _atoms(read["allowed"], paths, transports):
            if not isinstance(target, str):
                ranges[str(source), "to", atom].append(target)
            elif not isinstance(source, str):
                ranges[target, "from", atom].append(source)
            else:
                found[source, target].add(atom)
    for (pod, direction, atom), covered in ranges.items():
        for name in _covered(covered, zones):
            found[(pod, name) if direction == "to" else (name, pod)].add(atom)
    return {pair: normal(atoms) for pair, atoms in found.items()}


def _covered(covered: list[tuple[int, int]], zones: tuple[Zone, ...]) -> Iterator[str]:
    """The zones that are wholly covered, and what is covered of the others."""
    for of in zones:
        size = sum(last - first + 1 for first, last in of.ranges)
        parts = [
            (max(first, low), min(last, high))
            for first, last in of.ranges
            for low, high in set(covered)
            if max(first, low) <= min(last, high)
        ]
        if sum(last - first + 1 for first, last in parts) == size:
            yield of.name
        elif parts:
            shown = ", ".join(f"{_address(first)} to {_address(last)}" for first, last in sorted(parts)[:3])
            yield f"{shown} of {of.name}"


def _address(line: int) -> str:
    return str(IPv6Address(line - _IPV6) if line >= _IPV6 else IPv4Address(line))


def _end(reported: str) -> str | tuple[int, int]:
    """namespace/workload, or the first and last number of a range of addresses."""
    if pod := _POD.fullmatch(reported):
        return f"{pod[1]}/{pod[2]}"
    if "/" in reported:
        return reported
    first, _, last = reported.partition("-")
    return number(first), number(last or first)


def _atoms(allowed: str, paths: Mapping[str, str], transports: tuple[str, ...]) -> Iterator[Atom]:
    if allowed == "All connections":
        yield from (Atom(transport, ANY) for transport in transports)
        return
    assert not allowed.startswith("All but"), f"the analyser says what is forbidden, which nobody reads: {allowed}"
    for cube in re.findall(r"\{([^}]*)\}", allowed):
        words = _FIELD.split(cube)
        reported = dict(zip(words[1::2], words[2::2], strict=True))
        for transport in reported["protocols"].lower().split(", ") if "protocols" in reported else transports:
            for port in _ports(reported.get("dst_ports")):
                for method in _listed(reported.get("methods"), METHODS):
                    for path in _listed(reported.get("paths"), ()):
                        for token in _listed(reported.get("hosts"), TOKENS):
                            yield Atom(transport, port, method, paths.get(path, path), token)


def _ports(reported: str | None) -> Iterator[str]:
    for piece in reported.split(",") if reported else ():
        first, _, last = piece.partition("-")
        if last and int(last) - int(first) > MANY_PORTS:
            yield piece
        else:
            yield from (str(port) for port in range(int(first), int(last or first) + 1))
    if not reported:
        yield ANY


def _listed(reported: str | None, every: tuple[str, ...]) -> list[str]:
    if reported is None or reported == "*":
        return [ANY]
    if reported.startswith("all but "):
        missing = reported.removeprefix("all but ").split(", ")
        return [value for value in every if value not in missing] or [reported]
    return reported.split(", ")


def normal(atoms: Iterable[Atom]) -> frozenset[Atom]:
    """`atoms` in the one form in which equal permissions are equal: what a wider one covers is gone, and methods and
    tokens are written out where any request is not."""
    rest = set(atoms)
    whole = {atom for atom in rest if atom[2:] == (ANY, ANY, ANY)}
    every = {atom.transport for atom in whole if atom.port == ANY}
    if "not tcp" in every:
        rest = {atom for atom in rest if atom.transport in ("tcp", "not tcp")}
        whole &= rest
    whole = {atom for atom in whole if atom.port == ANY or atom.transport not in every}
    spread = {
        atom._replace(method=method, token=token)
        for atom in rest
        if not {(atom.transport, ANY), (atom.transport, atom.port)} & {one[:2] for one in whole}
        for method in (METHODS if atom.method == ANY else (atom.method,))
        for token in (TOKENS if atom.token == ANY else (atom.token,))
    }
    return frozenset(whole | {atom for atom in spread if atom.path == ANY or atom._replace(path=ANY) not in spread})


def words(found: Connections) -> list[str]:
    """`found` for a person: `a → b tcp/8003 GET /v1/x`, sorted."""
    return sorted(f"{source} → {target} {said}" for (source, target), atoms in found.items() for said in _said(atoms))


def _said(atoms: frozenset[Atom]) -> Iterator[str]:
    grouped: defaultdict[tuple[str, str, str], set[tuple[str, str]]] = defaultdict(set)
    for transport, port, method, path, token in atoms:
        grouped[transport, port, path].add((method, token))
    for (transport, port, path), asks in sorted(grouped.items()):
        socket = transport if port == ANY else f"{transport}/{port}"
        if (ANY, ANY) in asks:
            yield socket
            continue
        tokens: defaultdict[str, list[str]] = defaultdict(list)
        for method in sorted({method for method, _ in asks}):
            has = {token for of, token in asks if of == method}
            tokens[
                "" if has == set(TOKENS) else f" ({'without a token' if has == {'none'} else sorted(has)[0]})"
            ].append(method)
        for token, methods in sorted(tokens.items()):
            said = "any method" if len(methods) == len(METHODS) else ",".join(methods)
            yield f"{socket} {said} {'any path' if path == ANY else path}{token}"


def difference(found: Connections, expected: Connections) -> list[str]:
    """What is allowed and should not be, what should be and is not, in words."""
    return [f"Extra: {said}" for said in words(_beyond(found, expected))] + [
        f"Missing: {said}" for said in words(_beyond(expected, found))
    ]


def _beyond(some: Connections, others: Connections) -> Connections:
    """What `some` has and `others` has not, be it as part of something wider."""
    empty: frozenset[Atom] = frozenset()
    return {
        pair: frozenset(atom for atom in atoms if not _wider(atom) & others.get(pair, empty))
        for pair, atoms in some.items()
    }


def _wider(atom: Atom) -> set[Atom]:
    """`atom` and what covers it."""
    wider = {atom, atom._replace(path=ANY), Atom(atom.transport, atom.port), Atom(atom.transport, ANY)}
    return wider if atom.transport == "tcp" else {*wider, Atom("not tcp", ANY)}
