"""Policies of other engines and for the whole cluster: none may outrank a namespace's NetworkPolicies."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, Selector, Violation
from policies.network.addresses import Block, cidr_at, covers_everything
from policies.objects import Object
from policies.objects.values import View
from policies.rules.net.group import FOUNDATION, NET

_BASELINE: Final = "BaselineAdminNetworkPolicy"
_TIERED: Final = "ClusterNetworkPolicy"
CLUSTER_KINDS: Final = frozenset(
    {"AdminNetworkPolicy", _BASELINE, _TIERED, "GlobalNetworkPolicy", "CiliumClusterwideNetworkPolicy"}
)
"""Policies of no namespace, of any engine; the first two became the third in Kubernetes' v1alpha2, and
Antrea and AWS call theirs so too."""
CLUSTER: Final = Selector[Object](
    lambda thing: (thing,) if thing.is_kubernetes and thing.kind in CLUSTER_KINDS else (),
    reads=", ".join(sorted(CLUSTER_KINDS)),
)

_ALLOWING: Final = frozenset({"allow", "accept"})
"""Actions that end the evaluation in the connection's favour, in small letters."""
_CILIUM: Final = ".cilium.io"
"""Cilium's rules have no action: `ingress` and `egress` allow, `ingressDeny` and `egressDeny` do not."""


@NET.resource(
    "net-admin-policies",
    "M/M/M",
    CRITICAL,
    CLUSTER,
    why="What a policy of the whole cluster allows, no policy of a namespace can forbid.",
    cure="Remove the rule that allows; a namespace's own NetworkPolicies open what must be open",
    where=FOUNDATION,
    sources=("netpol-analyzer anp tests",),
)
def admin_policies(policy: Object, _: Facts) -> Iterator[Violation]:
    for label, value in names.MANAGED.items():
        if policy.labels[label].text != value:
            yield Violation(
                policy.labels[label], "is not the platform's, and only the platform rules the whole cluster"
            )
    # Only the newer kind has tiers: in the older one the API server drops the word, and the rule outranks.
    baseline = policy.kind == _BASELINE or (policy.kind == _TIERED and policy.spec["tier"].text == "Baseline")
    for spec in _specs(policy):
        for direction in ("ingress", "egress"):
            for rule in spec[direction]:
                if policy.sort.endswith(_CILIUM):
                    yield Violation(rule, "lets through what the namespaces close")
                elif rule["action"].word.lower() in _ALLOWING and not baseline:
                    yield Violation(
                        rule["action"], f"is {rule['action'].word}, which outranks the namespaces' policies"
                    )


def _specs(policy: Object) -> Iterator[View]:
    """Cilium also takes several specs in one object."""
    yield policy.spec
    if policy.sort.endswith(_CILIUM):
        yield from policy.root["specs"]


_ENTITIES: Final = frozenset({"all", "world", "world-ipv4", "world-ipv6", "cluster"})
"""Cilium's words for more than one namespace's pods."""
_OF_NAMESPACES: Final = ("io.kubernetes.pod.namespace", "io.cilium.k8s.namespace.labels.")
"""Cilium's labels of a pod's namespace, and of that namespace's labels, before which it may write `k8s:`."""
_VAGUE: Final = frozenset({"Exists", "NotIn", "DoesNotExist"})
"""Operators that say of a namespace that there is one, or what it is not."""


def cilium(policy: Object) -> Iterator[Violation]:
    """Where a CiliumNetworkPolicy admits all peers. A rule that names none does; `fromEndpoints: [{}]` means the
    policy's own namespace."""
    for spec in _specs(policy):
        for direction, way in (("ingress", "from"), ("egress", "to")):
            for rule in spec[direction]:
                named = [key for key in rule.keys if key.startswith(way) and key != "toPorts"]
                if all(rule[key].is_empty for key in named):
                    yield Violation(rule, "names no peers, and so admits all")
                yield from _cilium_peers(rule, way)
            yield from together(spec[direction], {rule: _cilium_ranges(rule, way) for rule in spec[direction]})


def _cilium_peers(rule: View, way: str) -> Iterator[Violation]:
    for entity in rule[f"{way}Entities"]:
        if entity.word in _ENTITIES:
            yield Violation(entity, f"is {entity.word}")
    for endpoint in rule[f"{way}Endpoints"]:
        for term in endpoint["matchExpressions"]:
            if any(word in term["key"].word for word in _OF_NAMESPACES) and term["operator"].word in _VAGUE:
                yield Violation(term, "is every namespace")
    for name in rule["toFQDNs"]:
        if name["matchPattern"].word.strip("*.") == "" and name["matchPattern"].is_set:
            yield Violation(name["matchPattern"], "is every host")


def _cilium_ranges(rule: View, way: str) -> list[str | Block]:
    sets = (
        Block(cidr_at(each["cidr"]), tuple(cidr_at(excluded) for excluded in each["except"]))
        for each in rule[f"{way}CIDRSet"]
    )
    return [*(cidr_at(each) for each in rule[f"{way}CIDR"]), *sets]


def together(rules: View, ranges: Mapping[View, Sequence[str | Block]]) -> Iterator[Violation]:
    """Where the ranges of one rule are every address there is, or those of all rules of a direction together."""
    wide = [place for place, held in ranges.items() if covers_everything(held)]
    yield from (Violation(place, "has ranges that are every address there is") for place in wide)
    if not wide and covers_everything([each for held in ranges.values() for each in held]):
        yield Violation(rules, "has ranges that together are every address there is")


_EVERY: Final = frozenset({"", "all()", "global()", "has(kubernetes.io/metadata.name)", "has(projectcalico.org/name)"})
"""Calico's selectors that select everything; `global()` also what is in no namespace. Every namespace has a name."""
_NARROWS: Final = ("nets", "services", "serviceAccounts", "domains")


def calico(policy: Object) -> Iterator[Violation]:
    """Where a Calico NetworkPolicy admits all peers. Without a namespaceSelector a selector means its own namespace."""
    for direction, side in (("ingress", "source"), ("egress", "destination")):
        nets: dict[View, list[str]] = {}
        for rule in policy.spec[direction]:
            if rule["action"].word.lower() not in _ALLOWING:
                continue
            peer = rule[side]
            selected, namespaces = peer["selector"], peer["namespaceSelector"]
            narrowed = any(not peer[field].is_empty for field in _NARROWS)
            own = bool(selected.word) and not namespaces.word
            if not narrowed and not own and {_spelled(selected), _spelled(namespaces)} <= _EVERY:
                yield Violation(peer, "names no peers, and so admits all")
            nets[peer["nets"]] = [cidr_at(each) for each in peer["nets"]]
        yield from together(policy.spec[direction], nets)


def _spelled(selector: View) -> str:
    return "".join(selector.word.split())
