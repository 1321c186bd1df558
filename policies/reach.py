"""Who reaches whom through NetworkPolicies, by Kubernetes' own rules.

The rules, as networking.k8s.io/v1 states them: a pod no policy selects in a direction is open in it; one that is
selected lets through what any of them names (they only add); a connection needs both ends. `policyTypes` left out
means Ingress, and Egress where there are egress rules. Within one peer both selectors must hold, two peers are
alternatives. An absent selector is not an empty one: `podSelector` alone means the policy's own namespace, an empty
`namespaceSelector` means every namespace, no peers at all mean everyone. A port without protocol is TCP, one with a
name is looked up in the receiving pod's containers, no ports at all are all ports. An `ipBlock` never means pods.

Pods that nobody has are part of the answer: a peer that admits a namespace in which no pod of ours bears the labels
admits whoever puts them on, so such a pod is made up (`End.made_up`) and reached, or reaches, like any other.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from policies.addresses import NOBODY, Space, block, space
from policies.matching import Matcher, matcher
from policies.objects import Object
from policies.pods import Pod
from policies.values import MalformedError, UndeterminedError, View

Direction = Literal["Ingress", "Egress"]

SIDES: Final[Mapping[Direction, tuple[str, str]]] = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}
"""Direction to the policy's field and the rule's."""

NAME: Final = "kubernetes.io/metadata.name"
"""The label of a namespace that is its name; the API server sets it and nobody else can."""

PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_PORTS: Final = 1 << 16


def ports(protocol: str, first: int, last: int | None = None) -> int:
    """A set of ports, as bits of a number: `protocol` from `first` to `last`, or `first` alone."""
    width = (first if last is None else last) - first + 1
    return ((1 << max(width, 0)) - 1) << (PROTOCOLS.index(protocol) * _PORTS + first)


ALL_PORTS: Final = sum(ports(protocol, 1, _PORTS - 1) for protocol in PROTOCOLS)
"""Every port of every protocol."""
EVERYWHERE: Final = space(["0.0.0.0/0", "::/0"])
"""Every address."""


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


@dataclass(frozen=True, kw_only=True, eq=False)
class End:
    """Pods that are one to every policy: of one namespace, with the same labels."""

    namespace: str
    name: str
    """For a person."""
    labels: Mapping[str, str] = field(default_factory=dict)
    named_ports: Mapping[str, int] = field(default_factory=dict)
    """Name of a container's port to the port."""
    made_up: bool = False
    """Whether it stands for a pod somebody may add."""

    @property
    def shown(self) -> str:
        """For a person."""
        return f"{self.namespace}/{self.name}"


def named_ports(pod: Pod) -> Mapping[str, int]:
    """The named ports of a pod's containers that keep running."""
    found: dict[str, int] = {}
    for container in pod.containers:
        for port in container.view["ports"] if container.role == "container" or container.is_sidecar else ():
            name, number = port["name"].text, port["containerPort"].number
            if name and number:
                found[name] = found.get(name, 0) | ports(_protocol(port["protocol"]), int(number))
    return found


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What one peer of one rule lets through one end's wall."""

    policy: Object
    at: View
    """The peer; the rule, where it names none."""
    ends: Mapping[End, int]
    """Who, and on which ports of the receiving pod."""
    addresses: Space = NOBODY
    ports: int = 0
    """Of `addresses`."""
    anyone: bool = False
    """Whether it admits every pod and every address."""


@dataclass(kw_only=True)
class Wall:
    """One end's wall in one direction."""

    closed: bool = False
    """Whether any policy selects the end in this direction; else everything passes."""
    openings: list[Opening] = field(default_factory=list)

    def lets(self, other: End) -> int:
        """The ports on which it lets `other` through."""
        if not self.closed:
            return ALL_PORTS
        found = 0
        for opening in self.openings:
            found |= opening.ports if opening.anyone else opening.ends.get(other, 0)
        return found


class Reach:
    """Everybody's walls."""

    def __init__(
        self, ends: Iterable[End], namespaces: Mapping[str, Mapping[str, str]], policies: Iterable[Object]
    ) -> None:
        """`namespaces` are the labels of each; a namespace's own name is added to them."""
        self.unread: dict[Object, UndeterminedError | MalformedError] = {}
        """Policies that cannot be read, and why: what they let through is in no wall."""
        self._labels = {name: {**labels, NAME: name} for name, labels in namespaces.items()}
        self._ends: dict[str, list[End]] = {name: [] for name in self._labels}
        for end in ends:
            self._ends.setdefault(end.namespace, []).append(end)
            self._labels.setdefault(end.namespace, {NAME: end.namespace})
        self._made: dict[tuple[str, tuple[tuple[str, str], ...]], End] = {}
        self._walls: dict[tuple[End, Direction], Wall] = {}
        self._admitted: dict[str, list[End]] = {}
        for policy in policies:
            try:
                self._read(policy)
            except (UndeterminedError, MalformedError) as error:
                self.unread[policy] = error

    def ends_of(self, namespace: str) -> tuple[End, ...]:
        """The ends in `namespace`."""
        return tuple(self._ends.get(namespace, ()))

    def wall(self, end: End, direction: Direction) -> Wall:
        """The wall of `end`; open where no policy selects it."""
        return self._walls.get((end, direction), _OPEN)

    def between(self, source: End, target: End) -> int:
        """The ports of `target` that `source` reaches: what both walls let through."""
        return self.wall(source, "Egress").lets(target) & self.wall(target, "Ingress").lets(source)

    def _read(self, policy: Object) -> None:
        spec = policy.spec
        selector = matcher(spec["podSelector"])
        selected = [end for end in self._ends.get(policy.namespace, ()) if selector.selects(end.labels)]
        for direction in directions(policy):
            field_, side = SIDES[direction]
            rules = [
                (rule_ports(rule), list(rule[side]), rule, [self._peer(policy.namespace, peer) for peer in rule[side]])
                for rule in spec[field_]
            ]
            for end in selected:
                wall = self._walls.setdefault((end, direction), Wall())
                wall.closed = True
                for opened, peers, rule, admitted in rules:
                    own = opened.of(end)
                    if not peers:
                        everyone = Opening(
                            policy=policy, at=rule, ends={}, addresses=EVERYWHERE, ports=own, anyone=True
                        )
                        wall.openings.append(everyone)
                    for peer, (others, addresses) in zip(peers, admitted, strict=True):
                        receiving = (
                            {other: opened.of(other) for other in others}
                            if direction == "Egress" and opened.names
                            else dict.fromkeys(others, own)
                        )
                        wall.openings.append(
                            Opening(policy=policy, at=peer, ends=receiving, addresses=addresses, ports=own)
                        )

    def _peer(self, own: str, peer: View) -> tuple[list[End], Space]:
        """The ends and the addresses a peer names, seen from the namespace `own`."""
        if peer["ipBlock"].is_set:
            return [], space([block(peer["ipBlock"])])
        if not peer["namespaceSelector"].is_set and not peer["podSelector"].is_set:
            raise MalformedError(peer.path, peer.value, "a selector or an ipBlock")
        # Many peers say the same, and one that means every namespace is dear to follow.
        key = repr((own, peer["namespaceSelector"].value, peer["podSelector"].value))
        if key not in self._admitted:
            pods, chosen = matcher(peer["podSelector"]), peer["namespaceSelector"]
            namespaces = self._namespaces(matcher(chosen)) if chosen.is_set else (own,)
            self._admitted[key] = [end for name in namespaces for end in self._selected(name, pods)]
        return self._admitted[key], NOBODY

    def _namespaces(self, selector: Matcher) -> Iterator[str]:
        name = selector.labels.get(NAME)
        # Nearly every peer names its namespace: no need to ask the others.
        for candidate in self._labels if name is None else (name,):
            if selector.selects(self._labels.get(candidate, {NAME: candidate})):
                yield candidate

    def _selected(self, namespace: str, selector: Matcher) -> Iterable[End]:
        found = [end for end in self._ends.get(namespace, ()) if selector.selects(end.labels)]
        example = None if found else selector.example
        if example is None:
            return found
        key = (namespace, tuple(sorted(example.items())))
        if key not in self._made:
            name = f"any pod labelled {', '.join(f'{label}={value}' for label, value in key[1]) or 'anyhow'}"
            self._made[key] = End(namespace=namespace, name=name, labels=example, made_up=True)
        return (self._made[key],)


_OPEN: Final = Wall()


def directions(policy: Object) -> tuple[Direction, ...]:
    """The directions `policy` closes, as the API server fills them in."""
    written = policy.spec["policyTypes"].words
    if not written:
        return ("Ingress",) if policy.spec["egress"].is_empty else ("Ingress", "Egress")
    for each in policy.spec["policyTypes"]:
        if each.word not in SIDES:
            raise MalformedError(each.path, each.value, "Ingress or Egress")
    return tuple(direction for direction in SIDES if direction in written)


def is_empty_selector(selector: View) -> bool:
    """Whether a selector selects everything: nothing in it. The caller tells absent from empty."""
    return selector["matchLabels"].is_empty and selector["matchExpressions"].is_empty


@dataclass(frozen=True, kw_only=True)
class RulePorts:
    """The ports of a rule; the named ones differ from pod to pod."""

    numbers: int
    names: tuple[tuple[str, str], ...]
    """Protocol and name."""

    def of(self, end: End) -> int:
        """On the pod that receives."""
        found = self.numbers
        for protocol, name in self.names:
            found |= end.named_ports.get(name, 0) & ports(protocol, 1, _PORTS - 1)
        return found


def rule_ports(rule: View) -> RulePorts:
    """The ports `rule` opens."""
    if rule["ports"].is_empty:
        return RulePorts(numbers=ALL_PORTS, names=())
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
    return RulePorts(numbers=numbers, names=tuple(named))


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
