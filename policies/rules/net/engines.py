"""Policies of other engines and for the whole cluster: nothing may outrank a namespace's walls."""

from collections.abc import Iterator
from typing import Final

from blueprint import names
from policies.addresses import Block, cidr_at, covers_everything
from policies.facts import Facts
from policies.objects import Object
from policies.rule import CRITICAL, Breach, sorts
from policies.rules.net.standard import FOUNDATION, NET
from policies.values import View

CLUSTER_SORTS: Final = (
    "AdminNetworkPolicy.policy.networking.k8s.io",
    "BaselineAdminNetworkPolicy.policy.networking.k8s.io",
    "ClusterNetworkPolicy.policy.networking.k8s.io",
    "GlobalNetworkPolicy.crd.projectcalico.org",
    "GlobalNetworkPolicy.projectcalico.org",
    "CiliumClusterwideNetworkPolicy.cilium.io",
)
"""Policies of no namespace; the first two became the third in v1alpha2."""

_ALLOWING: Final = frozenset({"allow", "accept"})
"""Actions that end the evaluation in the connection's favour, in small letters."""
_CILIUM: Final = ".cilium.io"
"""Cilium's rules have no action: `ingress` and `egress` allow, `ingressDeny` and `egressDeny` do not."""


@NET.resource(
    "net-admin-policies",
    "M/M/M",
    CRITICAL,
    sorts(*CLUSTER_SORTS),
    why="What a policy of the whole cluster allows, no policy of a namespace can forbid.",
    cure="Remove the rule that allows; a namespace's own NetworkPolicies open what must be open",
    where=FOUNDATION,
    sources=("netpol-analyzer anp tests",),
)
def admin_policies(policy: Object, _: Facts) -> Iterator[Breach]:
    for label, value in names.MANAGED.items():
        if policy.labels[label].text != value:
            yield Breach(policy.labels[label], "is not the platform's, and only the platform rules the whole cluster")
    baseline = policy.kind.startswith("Baseline") or policy.spec["tier"].text == "Baseline"
    for spec in _specs(policy):
        for direction in ("ingress", "egress"):
            for rule in spec[direction]:
                if policy.sort.endswith(_CILIUM):
                    yield Breach(rule, "lets through what the namespaces close")
                elif rule["action"].word.lower() in _ALLOWING and not baseline:
                    yield Breach(rule["action"], f"is {rule['action'].word}, which outranks the namespaces' policies")


def _specs(policy: Object) -> Iterator[View]:
    """Cilium also takes several specs in one object."""
    yield policy.spec
    if policy.sort.endswith(_CILIUM):
        yield from policy.root["specs"]


_ENTITIES: Final = frozenset({"all", "world", "world-ipv4", "world-ipv6", "cluster"})
"""Cilium's words for more than one namespace's pods."""
_POD_NAMESPACE: Final = "io.kubernetes.pod.namespace"
"""Cilium's label of a pod's namespace, before which it may write `k8s:`."""


def cilium(policy: Object) -> Iterator[Breach]:
    """Where a CiliumNetworkPolicy admits everybody. A rule that names no peers does; `fromEndpoints: [{}]` means the
    policy's own namespace."""
    for spec in _specs(policy):
        for direction, way in (("ingress", "from"), ("egress", "to")):
            for rule in spec[direction]:
                named = [key for key in rule.keys if key.startswith(way) and key != "toPorts"]
                if all(rule[key].is_empty for key in named):
                    yield Breach(rule, "names nobody, and so admits everybody")
                yield from _cilium_peers(rule, way)


def _cilium_peers(rule: View, way: str) -> Iterator[Breach]:
    for entity in rule[f"{way}Entities"]:
        if entity.word in _ENTITIES:
            yield Breach(entity, f"is {entity.word}")
    for endpoint in rule[f"{way}Endpoints"]:
        for term in endpoint["matchExpressions"]:
            if term["key"].word.endswith(_POD_NAMESPACE) and term["operator"].word == "Exists":
                yield Breach(term, "is every namespace")
    for name in rule["toFQDNs"]:
        if name["matchPattern"].word.strip("*.") == "" and name["matchPattern"].is_set:
            yield Breach(name["matchPattern"], "is every host")
    plain = [cidr_at(each) for each in rule[f"{way}CIDR"]]
    sets = [
        Block(cidr_at(each["cidr"]), tuple(cidr_at(less) for less in each["except"])) for each in rule[f"{way}CIDRSet"]
    ]
    if covers_everything([*plain, *sets]):
        yield Breach(rule, "has ranges that are every address there is")


_EVERY: Final = frozenset({"", "all()", "global()"})
"""Calico's selectors that select everything; `global()` also what is in no namespace."""
_NARROWS: Final = ("nets", "services", "serviceAccounts", "domains")


def calico(policy: Object) -> Iterator[Breach]:
    """Where a Calico NetworkPolicy admits everybody. Without a namespaceSelector a selector means its own namespace."""
    for direction, side in (("ingress", "source"), ("egress", "destination")):
        for rule in policy.spec[direction]:
            if rule["action"].word.lower() not in _ALLOWING:
                continue
            peer = rule[side]
            selected, namespaces = peer["selector"], peer["namespaceSelector"]
            narrowed = any(not peer[field].is_empty for field in _NARROWS)
            own = selected.is_set and not namespaces.is_set
            if not narrowed and not own and {_told(selected), _told(namespaces)} <= _EVERY:
                yield Breach(peer, "names nobody, and so admits everybody")
            if covers_everything([cidr_at(each) for each in peer["nets"]]):
                yield Breach(peer["nets"], "is every address there is")


def _told(selector: View) -> str:
    return "".join(selector.word.split())
