"""What Google's firewalls let in, however it is written: as a rule of a network, as one of a policy, or in a policy.

Names: pulumi-gcp 10.2.0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policies.core.rule import Selector
from policies.network.addresses import NOBODY, Space, cidr_at, space
from policies.objects import Object
from policies.objects.values import View

FIREWALL: Final = "gcp:compute/firewall:Firewall"
OF_POLICIES: Final = (
    "gcp:compute/firewallPolicyRule:FirewallPolicyRule",
    "gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule",
    "gcp:compute/regionNetworkFirewallPolicyRule:RegionNetworkFirewallPolicyRule",
)
"""One rule of a policy each."""
WITH_RULES: Final = (
    "gcp:compute/firewallPolicyWithRules:FirewallPolicyWithRules",
    "gcp:compute/networkFirewallPolicyWithRules:NetworkFirewallPolicyWithRules",
    "gcp:compute/regionNetworkFirewallPolicyWithRules:RegionNetworkFirewallPolicyWithRules",
)
"""A policy with all of its rules."""
INSIDE: Final = ("sourceTags", "sourceServiceAccounts", "srcSecureTags", "srcNetworks", "srcFqdns")
"""Sources that are not addresses and name somebody. What a country or a list of addresses holds cannot be read here,
and counts as everybody."""
TARGETS: Final = ("targetTags", "targetServiceAccounts", "targetSecureTags")
LETS_PASS: Final = ("allow", "apply_security_profile_group")
"""What a rule of a policy does that lets something in, looked through or not."""


@dataclass(frozen=True)
class Opening:
    """One protocol, with its ports, that a rule lets in."""

    rule: View
    view: View
    """Where protocol and ports are written."""
    of_policy: bool

    @property
    def protocol(self) -> str:
        """tcp, udp, a number, or all; in small letters."""
        return self.view["ipProtocol" if self.of_policy else "protocol"].word.casefold()

    @property
    def ports(self) -> View:
        """Ports and ranges of them; none are all."""
        return self.view["ports"]

    @property
    def reach(self) -> Space:
        """The addresses it lets in. A rule that names no source lets everybody in."""
        source = self.rule["match"] if self.of_policy else self.rule
        ranges = source["srcIpRanges" if self.of_policy else "sourceRanges"]
        if not ranges.is_empty:
            return space(cidr_at(each) for each in ranges)
        return NOBODY if any(not source[key].is_empty for key in INSIDE) else space(["0.0.0.0/0"])

    @property
    def is_targeted(self) -> bool:
        """Whether it names what it leads to."""
        return any(not self.rule[key].is_empty for key in TARGETS)


def openings(thing: Object) -> Iterator[Opening]:
    """Everything `thing` lets in. Raises UndeterminedError or MalformedError."""
    root = thing.root
    for rule in tuple(root["rules"]) if thing.sort in WITH_RULES else (root,):
        if rule["direction"].word not in ("", "INGRESS") or rule["disabled"].flag is True:
            continue
        if thing.sort == FIREWALL:
            yield from (Opening(rule, each, of_policy=False) for each in rule["allows"])
        elif rule["action"].word in LETS_PASS:
            yield from (Opening(rule, each, of_policy=True) for each in rule["match"]["layer4Configs"])


OPENINGS: Final = Selector[Opening](
    openings, frozenset({FIREWALL, *OF_POLICIES, *WITH_RULES}), "every rule of a firewall that lets something in"
)
