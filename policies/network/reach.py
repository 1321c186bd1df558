"""Who reaches whom through NetworkPolicies, by Kubernetes' own rules.

The rules, as networking.k8s.io/v1 states them: a pod no policy selects in a direction is open in it; one that is
selected lets through what any of them names (they only add); a connection needs both ends. `policyTypes` left out
means Ingress, and Egress where there are egress rules. Within one peer both selectors must hold, two peers are
alternatives. An absent selector is not an empty one: `podSelector` alone means the policy's own namespace, an empty
`namespaceSelector` means every namespace, no peers at all mean everyone. An `ipBlock` never means pods.

Pods that do not exist yet count too. Where no known pod has the labels a selector asks for, or only one of several
labels it would take, anyone who may create pods can create one that has them. Such a pod is made up (`End.made_up`),
and reaches and is reached like any other. The same holds for namespaces the run does not declare: only their name is
known.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from policies.network.addresses import NOBODY, Space, block, space
from policies.network.ports import ALL_PORTS, RulePorts, rule_ports
from policies.objects import Object
from policies.objects.selectors import Labels, Matcher, matcher
from policies.objects.values import MalformedError, UndeterminedError, View

Direction = Literal["Ingress", "Egress"]

SIDES: Final[Mapping[Direction, tuple[str, str]]] = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}
"""Direction to the policy's field and the rule's."""

NAME: Final = "kubernetes.io/metadata.name"
"""The label of a namespace that is its name; only the API server sets it."""

EVERYWHERE: Final = space(["0.0.0.0/0", "::/0"])
"""Every address."""


@dataclass(frozen=True, kw_only=True, eq=False)
class End:
    """Pods that are one to every policy: of one namespace, with the same labels."""

    namespace: str
    name: str
    """For a person."""
    labels: Mapping[str, str] = field(default_factory=dict)
    named_ports: Mapping[str, int] | None = None
    """Name of a container's port to the port; None where the containers are not known."""
    made_up: bool = False
    """Whether it stands for a pod that may be added."""

    @property
    def shown(self) -> str:
        """For a person."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What one peer of one policy rule lets in to, or out of, one end."""

    policy: Object
    at: View
    """The peer; the rule, where it names none."""
    ends: Mapping[End, int]
    """Who, and on which ports of the receiving pod."""
    addresses: Space = NOBODY
    ports: int = 0
    """Of `addresses`."""
    anyone: RulePorts | None = None
    """The ports on which it admits every pod and every address; None: only those it names."""

    def lets(self, other: End) -> int:
        """The ports on which it lets `other` through."""
        return self.anyone.of(other.named_ports) if self.anyone else self.ends.get(other, 0)


@dataclass(kw_only=True)
class Isolation:
    """What the policies that select one end let through in one direction."""

    closed: bool = False
    """Whether any policy selects the end in this direction; else everything passes."""
    openings: list[Opening] = field(default_factory=list)

    def lets(self, other: End) -> int:
        """The ports on which it lets `other` through."""
        if not self.closed:
            return ALL_PORTS
        found = 0
        for opening in self.openings:
            found |= opening.lets(other)
        return found


class Reach:
    """The isolation of every end, in both directions."""

    def __init__(
        self,
        ends: Iterable[End],
        namespaces: Mapping[str, Mapping[str, str]],
        policies: Iterable[Object],
        kept: frozenset[str],
    ) -> None:
        """`namespaces` are the labels of each that is declared; a namespace's own name is added to them.
        `kept` are labels of namespaces that only the platform may set."""
        self._kept = kept
        self.unread: dict[Object, UndeterminedError | MalformedError] = {}
        """Policies that cannot be read, and why: what they let through is in no isolation."""
        self._labels = {name: {**labels, NAME: name} for name, labels in namespaces.items()}
        self._ends: dict[str, list[End]] = {name: [] for name in self._labels}
        for end in ends:
            self._ends.setdefault(end.namespace, []).append(end)
        self._made: dict[tuple[str, tuple[tuple[str, str], ...]], End] = {}
        self._isolations: dict[tuple[End, Direction], Isolation] = {}
        self._admitted: dict[str, list[End]] = {}
        known = tuple(policies)
        # Every end a policy selects must be there before any policy is read: the others' peers select them too.
        for read in (self._populate, self._read):
            for policy in known:
                self._tried(read, policy)

    @property
    def places(self) -> tuple[str, ...]:
        """The namespaces that have ends."""
        return tuple(self._ends)

    def ends_of(self, namespace: str) -> tuple[End, ...]:
        """The ends in `namespace`."""
        return tuple(self._ends.get(namespace, ()))

    def isolation(self, end: End, direction: Direction) -> Isolation:
        """The isolation of `end`; open where no policy selects it."""
        return self._isolations.get((end, direction), _OPEN)

    def between(self, source: End, target: End) -> int:
        """The ports of `target` that `source` reaches: what the policies of both ends let through."""
        return self.isolation(source, "Egress").lets(target) & self.isolation(target, "Ingress").lets(source)

    def _tried(self, read: Callable[[Object], None], policy: Object) -> None:
        try:
            read(policy)
        except (UndeterminedError, MalformedError) as error:
            self.unread[policy] = error

    def _populate(self, policy: Object) -> None:
        selector = matcher(policy.spec["podSelector"])
        found = self._borne(policy.namespace, selector)
        self._ends.setdefault(policy.namespace, []).extend(self._strangers(policy.namespace, selector, found))

    def _read(self, policy: Object) -> None:
        spec = policy.spec
        selector = matcher(spec["podSelector"])
        selected = self._borne(policy.namespace, selector)
        for direction in directions(policy):
            field_, side = SIDES[direction]
            rules = [
                (rule_ports(rule), list(rule[side]), rule, [self._peer(policy.namespace, peer) for peer in rule[side]])
                for rule in spec[field_]
            ]
            for end in selected:
                isolation = self._isolations.setdefault((end, direction), Isolation())
                isolation.closed = True
                for opened, peers, rule, admitted in rules:
                    # On the way in the end's own ports have the names; on the way out the others', and no address has.
                    asked = opened if direction == "Egress" else RulePorts(opened.of(end.named_ports))
                    there = asked.of(None)
                    if not peers:
                        everyone = Opening(
                            policy=policy, at=rule, ends={}, addresses=EVERYWHERE, ports=there, anyone=asked
                        )
                        isolation.openings.append(everyone)
                    for peer, (others, addresses) in zip(peers, admitted, strict=True):
                        receiving = (
                            {other: asked.of(other.named_ports) for other in others}
                            if asked.names
                            else dict.fromkeys(others, there)
                        )
                        isolation.openings.append(
                            Opening(policy=policy, at=peer, ends=receiving, addresses=addresses, ports=there)
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
        named = selector.choices(NAME)
        # Nearly every peer names its namespace: no need to ask the others.
        for candidate in self._ends if named is None else named:
            known = self._labels.get(candidate)
            if selector.selects(known) if known is not None else self._may_select(candidate, selector):
                yield candidate

    def _may_select(self, namespace: str, selector: Matcher) -> bool:
        """Whether `namespace`, whose labels are not known, may pass: it may have every label its creator may set."""
        return any(not self._kept & example.keys() for example in selector.given({NAME: namespace}).examples)

    def _selected(self, namespace: str, selector: Matcher) -> list[End]:
        found = self._borne(namespace, selector)
        return [*found, *self._strangers(namespace, selector, found)]

    def _borne(self, namespace: str, selector: Matcher) -> list[End]:
        """The ends of `namespace` whose labels pass."""
        return [end for end in self._ends.get(namespace, ()) if selector.selects(end.labels)]

    def _strangers(self, namespace: str, selector: Matcher, found: Iterable[End]) -> list[End]:
        """Made-up ends for the pods `selector` would take beside those it found."""
        return [
            self._make(namespace, example)
            for example in selector.examples
            if not any(example.items() <= end.labels.items() for end in found)
        ]

    def _make(self, namespace: str, labels: Labels) -> End:
        key = (namespace, tuple(sorted(labels.items())))
        if key not in self._made:
            name = f"any pod labelled {', '.join(f'{label}={value}' for label, value in key[1]) or 'anyhow'}"
            self._made[key] = End(namespace=namespace, name=name, labels=labels, made_up=True)
        return self._made[key]


_OPEN: Final = Isolation()


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
