"""Addresses that lead into the cluster, or out of it under a name of ours."""

from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CRITICAL, Breach, Selector, sorts
from policies.core.world import texts
from policies.objects import Object
from policies.objects.fields import fields
from policies.rules.net.platform import GATEWAY
from policies.rules.net.standard import NET

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
    why="A Service with an address of its own is a way in past the gateway's tokens, limits and logs.",
    cure="Set type to ClusterIP, and route the public API through the gateway; name hosts outside in spec.egress",
    where=PORTS,
    sources=("Gatekeeper block-loadbalancer-services, block-nodeport-services", "kube-score service-type"),
)
def service_exposure(thing: Object, _: Facts) -> Iterator[Breach]:
    if thing.sort == "Service":
        yield from _of_service(thing)
        return
    for place in fields(thing, *_ASKING):
        if isinstance(place.value, str) and place.word.casefold() in _ASKED:
            yield Breach(place, f"is {place.word}")


def _of_service(service: Object) -> Iterator[Breach]:
    kind = service.spec["type"]
    if kind.word in _PUBLIC:
        if not _is_gateway(service):
            yield Breach(kind, f"is {kind.word}")
    elif kind.is_set and kind.word != "ClusterIP":
        yield Breach(kind, f"is {kind.word or 'empty'}")
    if service.spec["externalName"].word and kind.word != "ExternalName":
        yield Breach(service.spec["externalName"], "is set")


def _is_gateway(service: Object) -> bool:
    """Whether it leads to the gateway's pods, which are there to be reached."""
    selected = texts(service.spec["selector"])
    return service.namespace == GATEWAY.namespace and selected.items() >= GATEWAY.labels.items()


@NET.resource(
    "net-service-external-ips",
    "M/M/M",
    CRITICAL,
    SERVICES,
    why="A Service takes in what is sent to its external addresses, whoever's they are (CVE-2020-8554).",
    cure="Remove externalIPs",
    where=PORTS,
    sources=("Gatekeeper externalip", "CKV2_K8S_4"),
)
def service_external_ips(service: Object, _: Facts) -> Iterator[Breach]:
    for address in service.spec["externalIPs"]:
        yield Breach(address, "is an external address")


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
def manual_endpoints(_: Object, __: Facts) -> Iterator[Breach]:
    yield Breach("kind", "is made by the control plane from a Service's selector, not by hand")
