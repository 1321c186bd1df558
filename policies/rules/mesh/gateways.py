"""The mesh's gateways: TLS that ends at them, hosts by name, and routes of the namespaces they name."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import HIGH, Violation, sorts
from policies.objects import Object
from policies.objects.selectors import selects
from policies.objects.values import View
from policies.rules.mesh.group import KUBERNETES_GATEWAY, MESH

ISTIO_GATEWAY: Final = "Gateway.networking.istio.io"
LISTENER_SETS: Final = ("ListenerSet.gateway.networking.k8s.io", "XListenerSet.gateway.networking.x-k8s.io")
"""Listeners added to a Gateway of the Gateway API; the second is the trial version's."""

UNLABELLED: Final[Mapping[str, str]] = {"kubernetes.io/metadata.name": "unlabelled"}
"""Labels of a namespace without labels of its own. A selector that takes it takes every new namespace."""

ENCRYPTED: Final = ("HTTPS", "TLS")
ENDS_HERE: Final = ("SIMPLE", "MUTUAL")
VERSIONS: Final = ("TLS_AUTO", "TLSV1_2", "TLSV1_3")
"""TLS_AUTO, the default, is 1.2 at least (istio/api: networking/v1/gateway.proto)."""
OLD: Final = ("TLSV1_0", "TLSV1_1")


@MESH.resource(
    "mesh-gateway-tls",
    "M/M/M",
    HIGH,
    sorts(ISTIO_GATEWAY, KUBERNETES_GATEWAY, *LISTENER_SETS),
    why="What the edge takes in the clear, the world reads; what it takes for every host, any namespace can claim.",
    cure="Serve HTTPS with TLS 1.2 or above and a credential, for hosts by name, and let HTTP only redirect",
    where="manifests/gateway.py: _gateway",
    sources=("Istio: Gateways", "Gateway API: TLS"),
)
def gateway_tls(thing: Object, _: Facts) -> Iterator[Violation]:
    yield from _KINDS[thing.sort](thing)


def _istio(thing: Object) -> Iterator[Violation]:
    for server in thing.spec["servers"]:
        for name in server["hosts"]:
            if name.word.rpartition("/")[2] in ("*", ""):
                yield Violation(name, f"is {name.word or 'empty'}")
        protocol, tls = server.at("port", "protocol"), server["tls"]
        spoken = protocol.word.upper()
        if spoken in ENCRYPTED:
            yield from _ended(tls)
        elif spoken != "HTTP":
            yield Violation(protocol, f"is {protocol.word or 'not set'}, which nothing encrypts")
        elif not tls["httpsRedirect"].flag:
            yield Violation(tls["httpsRedirect"], "is not true, so requests are answered in the clear")


def _ended(tls: View) -> Iterator[Violation]:
    mode, least, most = tls["mode"], tls["minProtocolVersion"], tls["maxProtocolVersion"]
    if mode.word not in ENDS_HERE:
        yield Violation(mode, f"is {mode.word}" if mode.word else "is not set, and that is PASSTHROUGH")
    if least.is_set and least.word not in VERSIONS:
        yield Violation(least, f"is {least.word or 'empty'}")
    if most.word in OLD:
        yield Violation(most, f"is {most.word}")
    if not tls["credentialName"].word and tls["credentialNames"].is_empty:
        yield Violation(tls["credentialName"], "is not set")


def _kubernetes(thing: Object) -> Iterator[Violation]:
    for listener in thing.spec["listeners"]:
        routes = listener.at("allowedRoutes", "namespaces", "from")
        chosen = listener.at("allowedRoutes", "namespaces", "selector")
        if routes.text == "All":
            yield Violation(routes, "is All")
        elif routes.text == "Selector" and selects(chosen, UNLABELLED):
            yield Violation(chosen, "chooses every namespace that does not say otherwise")
        check = _LISTENERS.get(listener["protocol"].word, _plain)
        yield from check(listener)


def _encrypted(listener: View) -> Iterator[Violation]:
    tls, name = listener["tls"], listener["hostname"]
    if name.word in ("", "*"):
        yield Violation(name, "is not set, so it answers for every host" if not name.word else "is *")
    if tls["mode"].is_set and tls["mode"].word != "Terminate":
        yield Violation(tls["mode"], f"is {tls['mode'].word or 'empty'}")
    if tls["certificateRefs"].is_empty:
        yield Violation(tls["certificateRefs"], "is not set")


def _redirecting(listener: View) -> Iterator[Violation]:
    # Whether it redirects is said by routes; none but the edge's own may attach, so no service is served in the clear.
    routes = listener.at("allowedRoutes", "namespaces", "from")
    if routes.text == "Selector":
        yield Violation(routes, "lets services be served in the clear")


def _in_mesh(_: View) -> Iterator[Violation]:
    """A waypoint's: mutual TLS of the mesh itself."""
    yield from ()


def _plain(listener: View) -> Iterator[Violation]:
    protocol = listener["protocol"]
    yield Violation(protocol, f"is {protocol.word or 'not set'}, which nothing encrypts")


_LISTENERS: Final[Mapping[str, Callable[[View], Iterator[Violation]]]] = {
    "HBONE": _in_mesh,
    "HTTP": _redirecting,
    "HTTPS": _encrypted,
    "TLS": _encrypted,
}
"""Protocol of a listener to what is asked of it."""

_KINDS: Final[Mapping[str, Callable[[Object], Iterator[Violation]]]] = {
    ISTIO_GATEWAY: _istio,
    KUBERNETES_GATEWAY: _kubernetes,
    **dict.fromkeys(LISTENER_SETS, _kubernetes),
}
