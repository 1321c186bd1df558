"""Default deny in every namespace, and no NetworkPolicy rule so wide that it undoes it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CRITICAL, MEDIUM, Violation, sorts
from policies.core.world import World
from policies.network.addresses import block, covers_everything
from policies.network.ports import rule_ports
from policies.network.reach import NAME, SIDES, Direction, directions, is_empty_selector
from policies.objects import Object
from policies.objects.selectors import texts
from policies.objects.values import View
from policies.rules.net.engines import calico, cilium
from policies.rules.net.group import FOREIGN_SORTS, NET, PLATFORM, POLICIES, POLICY_SORTS, rules
from policies.rules.net.platform import DNS, DNS_PORTS, GATEWAY, public_ports

NAMESPACES: Final = sorts("Namespace")


@NET.stack(
    "net-default-deny",
    "M/M/M",
    CRITICAL,
    NAMESPACES,
    why="Without it every pod that no other policy selects may connect to all others, and all others to it.",
    cure="Add a NetworkPolicy with an empty podSelector, both policyTypes and no rules",
    where=PLATFORM,
    sources=("NSA C-0030", "CIS-EKS 4.3.2", "Polaris missingNetworkPolicy", "EKS best practices: network"),
)
def default_deny(thing: Object, world: World) -> Iterator[Violation]:
    if thing.name not in world.service_namespaces and thing.name not in world.data_namespaces:
        return
    closed: set[Direction] = set()
    for policy in world.within(thing.name, *POLICY_SORTS):
        spec = policy.spec
        # Only a policy without rules: a rule added to it would apply to every pod of the namespace.
        if is_empty_selector(spec["podSelector"]) and spec["ingress"].is_empty and spec["egress"].is_empty:
            closed |= set(directions(policy))
    if missing := [direction for direction in SIDES if direction not in closed]:
        yield Violation("", f"has no NetworkPolicy that closes every pod for {' and '.join(missing)}")


@NET.resource(
    "net-selectors-scoped",
    "A/A/M",
    MEDIUM,
    POLICIES,
    why="A rule for all pods of a namespace also opens the pod that is added tomorrow.",
    cure="Select the pods the rule is for; only default deny and DNS are for all",
    where=PLATFORM,
    sources=("Kyverno restrict-networkpolicy-empty-podselector",),
)
def selectors_scoped(policy: Object, _: Facts) -> Iterator[Violation]:
    selector = policy.spec["podSelector"]
    if _is_any(selector) and not all(_asks_names(direction, rule) for direction, rule in rules(policy)):
        yield Violation(selector, "selects every pod of the namespace, and opens more than DNS")


def _asks_names(direction: Direction, rule: View) -> bool:
    """Whether a rule opens the way to the resolver and no other."""
    opened = rule_ports(rule)
    return (
        direction == "Egress"
        and not rule["to"].is_empty
        and not opened.names
        and not opened.numbers & ~DNS_PORTS
        and all(_is_dns(peer) for peer in rule["to"])
    )


def _is_dns(peer: View) -> bool:
    return (
        peer.at("namespaceSelector", "matchLabels", NAME).text == DNS.namespace
        and texts(peer.at("podSelector", "matchLabels")).items() >= DNS.labels.items()
    )


@NET.resource(
    "net-no-allow-all",
    "M/M/M",
    CRITICAL,
    sorts(*POLICY_SORTS, *FOREIGN_SORTS),
    why="A rule without peers admits every pod and address; no other policy takes that back, since policies only add.",
    cure="Name the peers: namespaceSelector and podSelector in one item, or the addresses",
    where=PLATFORM,
    sources=("CIS-EKS 4.3.2", "NSA C-0030"),
)
def no_allow_all(policy: Object, facts: Facts) -> Iterator[Violation]:
    if policy.sort in _READERS:
        yield from _READERS[policy.sort](policy)
    elif not _is_public_gateway(policy, public_ports(facts)):
        yield from _kubernetes(policy)


_READERS: Final[Mapping[str, Callable[[Object], Iterator[Violation]]]] = {
    sort: cilium if sort.endswith(".cilium.io") else calico for sort in FOREIGN_SORTS
}


def _kubernetes(policy: Object) -> Iterator[Violation]:
    for direction, (field, side) in SIDES.items():
        blocks = []
        for rule in policy.spec[field]:
            peers = list(rule[side])
            if not peers:
                yield Violation(rule[side], "names no peers, and so admits all")
            for peer in peers:
                yield from _too_wide(peer, alone=len(peers) == 1)
                if peer["ipBlock"].is_set:
                    held = block(peer["ipBlock"])
                    blocks.append(held)
                    if covers_everything([held]):
                        yield Violation(peer.at("ipBlock", "cidr"), "is every address there is")
        if covers_everything(blocks) and not any(covers_everything([held]) for held in blocks):
            yield Violation(policy.spec[field], f"has ranges that together are every address there is ({direction})")


def _too_wide(peer: View, *, alone: bool) -> Iterator[Violation]:
    namespaces, selected = peer["namespaceSelector"], peer["podSelector"]
    if not any(peer[field].is_set for field in ("ipBlock", "namespaceSelector", "podSelector")):
        yield Violation(peer, "names no pods and no addresses")
    if namespaces.is_set and _is_any(namespaces) and _is_any(selected):
        yield Violation(namespaces, "is every namespace, and no podSelector beside it narrows it")
    if selected.is_set and not namespaces.is_set and _is_any(selected) and not alone:
        yield Violation(selected, "is every pod of the namespace, as an alternative to the other items")


_VAGUE: Final = frozenset({"NotIn", "DoesNotExist"})


def _is_any(selector: View) -> bool:
    """Whether a selector takes every pod or namespace, or all but a few: it is empty, or only excludes."""
    return not selector["matchLabels"].keys and all(
        term["operator"].word in _VAGUE or (term["operator"].word == "Exists" and term["key"].word == NAME)
        for term in selector["matchExpressions"]
    )


def _is_public_gateway(policy: Object, public: int) -> bool:
    """Whether it is the one policy that may admit every address: to the gateway's pods, on its `public` ports."""
    opened = [rule_ports(rule) for rule in policy.spec["ingress"]]
    return (
        policy.namespace == GATEWAY.namespace
        and texts(policy.spec.at("podSelector", "matchLabels")).items() >= GATEWAY.labels.items()
        and policy.spec["egress"].is_empty
        and not any(each.names or each.numbers & ~public for each in opened)
        and all(peer["ipBlock"].is_set for rule in policy.spec["ingress"] for peer in rule["from"])
        and not any(rule["from"].is_empty for rule in policy.spec["ingress"])
    )
