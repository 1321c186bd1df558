"""The group, and what its modules read in the same way."""

from collections.abc import Iterator
from typing import Final

from blueprint import names
from policies.core.rule import Group, sorts
from policies.network.reach import SIDES, Direction
from policies.objects import Object
from policies.objects.values import View

NET: Final = Group("NET", "Who reaches whom")

POLICY_SORTS: Final = ("NetworkPolicy.networking.k8s.io", "NetworkPolicy.extensions")
"""The API's, and the name it had before Kubernetes 1.16; the fields are the same."""
POLICIES: Final = sorts(*POLICY_SORTS)

FOREIGN: Final = ("NetworkPolicy", "PolicyEndpoint", "RedirectPolicy")
"""How other engines' kinds end that let through beside what NetworkPolicies say, or lead elsewhere: every engine has
kinds of its own (Antrea's, GKE's FQDNNetworkPolicy, what AWS' plug-in makes of policies), and they are many."""
FOREIGN_SORTS: Final = (
    "CiliumNetworkPolicy.cilium.io",
    "NetworkPolicy.crd.projectcalico.org",
    "NetworkPolicy.projectcalico.org",
)
"""Those of one namespace whose rules can be read here."""

TRUSTED: Final = frozenset({names.SERVICE_LABEL})
"""Labels of namespaces by which the platform's own namespaces may know a peer: only the platform sets them."""

CONSUMES: Final = "services/{service}.yaml: spec.consumes"
PLATFORM: Final = "blueprint/isolation.py and manifests/isolation.py, for every service"
FOUNDATION: Final = "blueprint/foundation.py"


def is_foreign(thing: Object) -> bool:
    """Whether `thing` is another engine's policy."""
    return thing.is_kubernetes and thing.kind.endswith(FOREIGN) and thing.sort not in POLICY_SORTS


def rules(policy: Object) -> Iterator[tuple[Direction, View]]:
    """Each rule of a NetworkPolicy with its direction, whether or not `policyTypes` puts it in force: a rule without
    effect today has one as soon as its type is added."""
    for direction, (field, _) in SIDES.items():
        for rule in policy.spec[field]:
            yield direction, rule


def peers(policy: Object) -> Iterator[tuple[Direction, View]]:
    """Each peer of each rule, with the rule's direction."""
    for direction, rule in rules(policy):
        for peer in rule[SIDES[direction][1]]:
            yield direction, peer
