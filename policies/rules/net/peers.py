"""Who may stand at the other side of a door."""

from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, MEDIUM, Breach
from policies.network.addresses import METADATA, POD_IDENTITY, block, holds
from policies.network.reach import NAME
from policies.objects import Object
from policies.objects.values import View
from policies.rules.net.standard import NET, PLATFORM, POLICIES, TRUSTED, peers, rules

_HANDS_OUT: Final[Mapping[str, str]] = {
    **dict.fromkeys(METADATA, "the metadata server"),
    **dict.fromkeys(POD_IDENTITY, "the Pod Identity agent"),
}
"""Address to who answers there. No service of the catalogue has a role in the cloud, so none may ask either."""


@NET.resource(
    "net-imds-blocked",
    "M/M/M",
    CRITICAL,
    POLICIES,
    why="Whoever reaches the metadata server gets the credentials of the node, and with them the cloud.",
    cure="Except 169.254.0.0/16 and the IPv6 addresses fd00:ec2::/32 and fd20:ce::/32 from the range",
    where=PLATFORM,
    sources=("EKS best practices: restrict access to the instance profile",),
)
def imds_blocked(policy: Object, _: Facts) -> Iterator[Breach]:
    for direction, rule in rules(policy):
        if direction == "Egress" and rule["to"].is_empty:
            yield Breach(rule["to"], "names nobody, so the metadata server is among them")
    for direction, peer in peers(policy):
        if direction == "Egress" and peer["ipBlock"].is_set:
            written = block(peer["ipBlock"])
            within = {who: address for address, who in _HANDS_OUT.items() if holds(written, address)}
            for who, address in within.items():
                yield Breach(peer.at("ipBlock", "cidr"), f"holds {address}, where {who} answers")


@NET.resource(
    "net-peer-namespace-name",
    "A/M/M",
    MEDIUM,
    POLICIES,
    why="Any other label of a namespace can be put on by whoever may edit one, and the door opens to them.",
    cure="Select namespaces by kubernetes.io/metadata.name, which only the API server sets",
    where=PLATFORM,
    sources=("OWASP K8s K04",),
)
def peer_namespace_name(policy: Object, _: Facts) -> Iterator[Breach]:
    trusted = {NAME, *(TRUSTED if policy.namespace in names.PLATFORM_NAMESPACES else ())}
    for _direction, peer in peers(policy):
        selector = peer["namespaceSelector"]
        if selector.is_set and not trusted & set(_asked(selector)):
            yield Breach(selector, "does not select by kubernetes.io/metadata.name")


def _asked(selector: View) -> Iterator[str]:
    """The labels a selector wants to see; for the name, only where it says which."""
    yield from (key for key, value in selector["matchLabels"].entries() if value.is_set)
    for term in selector["matchExpressions"]:
        key, operator = term["key"].word, term["operator"].word
        if operator == "In" or (operator == "Exists" and key != NAME):
            yield key
