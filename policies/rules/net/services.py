"""Services that lead into the cluster or out of it, and what the peers of a NetworkPolicy may be."""

from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, MEDIUM, Selector, Violation, sorts
from policies.network.addresses import METADATA, POD_IDENTITY, block, holds
from policies.network.reach import NAME
from policies.objects import Object
from policies.objects.fields import fields
from policies.objects.selectors import texts
from policies.objects.values import View
from policies.rules.net.group import NET, PLATFORM, POLICIES, TRUSTED, peers, rules
from policies.rules.net.platform import GATEWAY

SERVICES: Final = sorts("Service")
PORTS: Final = "services/{service}.yaml: spec.service"

_PUBLIC: Final = frozenset({"LoadBalancer", "NodePort"})

_ASKED: Final = frozenset(kind.casefold() for kind in _PUBLIC)
_ASKING: Final = ("type", "serviceType", "exposeType")
"""Fields in which operators take the type of the Service they make, each in its own place and case."""


@NET.resource(
    "net-service-exposure",
    "M/M/M",
    CRITICAL,
    Selector[Object](
        lambda thing: (thing,) if thing.sort == "Service" or thing.is_custom else (),
        reads="Service, and every custom resource that asks its operator for one",
    ),
    why="A Service with an address of its own is reached past the gateway's tokens, limits and logs.",
    cure="Set type to ClusterIP, and route the public API through the gateway; name hosts outside in spec.egress",
    where=PORTS,
    sources=("Gatekeeper block-loadbalancer-services, block-nodeport-services", "kube-score service-type"),
)
def service_exposure(thing: Object, _: Facts) -> Iterator[Violation]:
    if thing.sort == "Service":
        yield from _of_service(thing)
        return
    for place in fields(thing, *_ASKING):
        if isinstance(place.value, str) and place.word.casefold() in _ASKED:
            yield Violation(place, f"is {place.word}")


def _of_service(service: Object) -> Iterator[Violation]:
    kind = service.spec["type"]
    if kind.word in _PUBLIC:
        if not _is_gateway(service):
            yield Violation(kind, f"is {kind.word}")
    elif kind.is_set and kind.word != "ClusterIP":
        yield Violation(kind, f"is {kind.word or 'empty'}")
    if service.spec["externalName"].word and kind.word != "ExternalName":
        yield Violation(service.spec["externalName"], "is set")


def _is_gateway(service: Object) -> bool:
    """Whether it leads to the gateway's pods, which are there to be reached."""
    selected = texts(service.spec["selector"])
    return service.namespace == GATEWAY.namespace and selected.items() >= GATEWAY.labels.items()


@NET.resource(
    "net-service-external-ips",
    "M/M/M",
    CRITICAL,
    SERVICES,
    why="A Service receives what pods send to its external addresses, other people's too (CVE-2020-8554).",
    cure="Remove externalIPs",
    where=PORTS,
    sources=("Gatekeeper externalip", "CKV2_K8S_4"),
)
def service_external_ips(service: Object, _: Facts) -> Iterator[Violation]:
    for address in service.spec["externalIPs"]:
        yield Violation(address, "is an external address")


@NET.resource(
    "net-manual-endpoints",
    "M/M/M",
    CRITICAL,
    sorts("Endpoints", "EndpointSlice.discovery.k8s.io"),
    why="Endpoints written by hand lead a Service to any pod of any namespace, past the labels that say whose it is.",
    cure="Remove it; give the Service a selector",
    where=PORTS,
    sources=("Gatekeeper block-endpoint-edit-default-role",),
)
def manual_endpoints(_: Object, __: Facts) -> Iterator[Violation]:
    yield Violation("kind", "is made by the control plane from a Service's selector, not by hand")


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
    why="A pod that reaches the metadata server gets the node's credentials, and with them its rights in the cloud.",
    cure="Except 169.254.0.0/16 and the IPv6 addresses fd00:ec2::/32 and fd20:ce::/32 from the range",
    where=PLATFORM,
    sources=("EKS best practices: restrict access to the instance profile",),
)
def imds_blocked(policy: Object, _: Facts) -> Iterator[Violation]:
    for direction, rule in rules(policy):
        if direction == "Egress" and rule["to"].is_empty:
            yield Violation(rule["to"], "names no peers, so it opens the metadata server too")
    for direction, peer in peers(policy):
        if direction == "Egress" and peer["ipBlock"].is_set:
            written = block(peer["ipBlock"])
            within = {who: address for address, who in _HANDS_OUT.items() if holds(written, address)}
            for who, address in within.items():
                yield Violation(peer.at("ipBlock", "cidr"), f"holds {address}, where {who} answers")


@NET.resource(
    "net-peer-namespace-name",
    "A/M/M",
    MEDIUM,
    POLICIES,
    why="Anyone who may edit a namespace can set any other label on it, and the policy then admits its pods.",
    cure="Select namespaces by kubernetes.io/metadata.name, which only the API server sets",
    where=PLATFORM,
    sources=("OWASP K8s K04",),
)
def peer_namespace_name(policy: Object, _: Facts) -> Iterator[Violation]:
    trusted = {NAME, *(TRUSTED if policy.namespace in names.PLATFORM_NAMESPACES else ())}
    for _direction, peer in peers(policy):
        selector = peer["namespaceSelector"]
        if selector.is_set and not trusted & set(_asked(selector)):
            yield Violation(selector, "does not select by kubernetes.io/metadata.name")


def _asked(selector: View) -> Iterator[str]:
    """The labels a selector wants to see; for the name, only where it says which."""
    yield from (key for key, value in selector["matchLabels"].entries() if value.is_set)
    for term in selector["matchExpressions"]:
        key, operator = term["key"].word, term["operator"].word
        if operator == "In" or (operator == "Exists" and key != NAME):
            yield key
