"""Where requests go: to hosts that are named, exist and are declared, in a protocol the proxies read."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import HIGH, MEDIUM, Violation, sorts
from policies.core.world import World
from policies.mesh.scope import host_in, is_outside, is_private, known_namespaces
from policies.objects import Object
from policies.objects.values import View
from policies.rules.mesh.group import (
    DESTINATION_RULE,
    MESH,
    PLATFORM,
    SERVICES,
    SIDECAR,
    VIRTUAL_SERVICE,
    has_mesh,
)

EVERY_PROXY: Final = "mesh"
"""The gateway that is every proxy of the mesh; the default."""
KINDS_OF_ROUTE: Final = ("http", "tls", "tcp")
WHOLE: Final = 100


@MESH.stack(
    "mesh-virtualservice-hosts",
    "M/M/M",
    HIGH,
    sorts(VIRTUAL_SERVICE),
    why="A route for every host takes requests meant for others; one to an undefined subset answers 503.",
    cure="Name hosts, others' with exportTo [.], let the weights add up to 100, and route to subsets that are defined",
    where=PLATFORM,
    sources=("kyverno istio/restrict-virtual-service-wildcard", "istioctl IST0101"),
)
def virtual_service_hosts(thing: Object, world: World) -> Iterator[Violation]:
    spec = thing.spec
    gateways = spec["gateways"].words or (EVERY_PROXY,)
    at_gateway = any(gateway != EVERY_PROXY for gateway in gateways)
    shared = EVERY_PROXY in gateways and not is_private(thing)
    for name in spec["hosts"]:
        if name.word == "*" or (at_gateway and name.word.startswith("*")):
            yield Violation(name, f"is {name.word}")
        elif shared and _is_of_others(name.word, thing, world):
            yield Violation(
                name, f"is {name.word}, another namespace's, and exportTo applies the route in all namespaces"
            )
    for route in (route for kind in KINDS_OF_ROUTE for route in spec[kind]):
        yield from _weights(route["route"])
        single = [route["mirror"]] if route["mirror"].is_set else []
        ends = [*route["route"], *route["mirrors"]]
        for destination in (*(end["destination"] for end in ends), *single):
            subset = destination["subset"]
            if subset.word and _is_missing(subset.word, destination["host"].word, thing, world):
                yield Violation(subset, f"is {subset.word}, and no DestinationRule of the host has such a subset")


def _is_of_others(name: str, thing: Object, world: World) -> bool:
    meant = host_in(world, name, thing.namespace).namespace
    return meant == "*" or (meant != thing.namespace and meant in world.once(known_namespaces))


def _weights(ends: View) -> Iterator[Violation]:
    weights = [end["weight"] for end in ends]
    numbers = [weight.number or 0 for weight in weights]
    for weight, number in zip(weights, numbers, strict=True):
        if number < 0:
            yield Violation(weight, f"is {weight.quantity}")
    said = any(weight.is_set for weight in weights)
    if sum(numbers) != WHOLE and (len(weights) > 1 or said):
        yield Violation(ends, f"has weights that add up to {sum(numbers):g}")


def _is_missing(subset: str, name: str, thing: Object, world: World) -> bool:
    meant = host_in(world, name, thing.namespace)
    if not world.declares(meant.namespace or thing.namespace):
        return False
    return subset not in world.once(_subsets).get(meant.name, ())


def _subsets(world: World) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for rule in world.of(DESTINATION_RULE):
        name = host_in(world, rule.spec["host"].word, rule.namespace).name
        found.setdefault(name, set()).update(subset["name"].word for subset in rule.spec["subsets"])
    return {name: frozenset(subsets) for name, subsets in found.items()}


@MESH.stack(
    "mesh-sidecar-scope",
    "A/A/M",
    MEDIUM,
    sorts("Namespace", SIDECAR),
    why="A proxy that knows the whole mesh uses the memory for it, and a stolen pod can look up every service.",
    cure="List in egress.hosts the own namespace and those of declared dependencies, with REGISTRY_ONLY",
    where="services/{service}.yaml: spec.consumes",
    sources=("Istio: Sidecar",),
)
def sidecar_scope(thing: Object, world: World) -> Iterator[Violation]:
    yield from _SIDES[thing.sort](thing, world)


def _is_for_all(sidecar: Object) -> bool:
    return sidecar.spec.at("workloadSelector", "labels").is_empty


def _by_namespace(world: World) -> Mapping[str, tuple[Object, ...]]:
    found: dict[str, list[Object]] = {}
    for sidecar in world.of(SIDECAR):
        found.setdefault(sidecar.namespace, []).append(sidecar)
    return {namespace: tuple(several) for namespace, several in found.items()}


def _namespace(thing: Object, world: World) -> Iterator[Violation]:
    if not has_mesh(world.facts) or thing.name not in world.service_namespaces:
        return
    found = [sidecar for sidecar in world.once(_by_namespace).get(thing.name, ()) if _is_for_all(sidecar)]
    if not found:
        yield Violation("", "has no Sidecar, so its proxies know the whole mesh")


def _sidecar(thing: Object, world: World) -> Iterator[Violation]:
    policy = thing.spec.at("outboundTrafficPolicy", "mode")
    if policy.word != "REGISTRY_ONLY":
        yield Violation(policy, f"is {policy.word}" if policy.word else "is not set, so the mesh's own default holds")
    if is_outside(thing.namespace, world.facts) or thing.namespace == names.KONG:
        return  # the gateway knows every service, so that a new route changes no object of its own
    service = world.facts.service.get(thing.namespace)
    needed = {consume.provider for consume in service.spec.consumes} if service else set()
    own = {".", "~", thing.namespace, names.data_namespace(thing.namespace)}
    known = {*own, *needed, names.MESSAGING, names.OBSERVABILITY}
    listed: set[str] = set()
    for place in (place for listener in thing.spec["egress"] for place in listener["hosts"]):
        namespace = place.word.partition("/")[0]
        listed.add(thing.namespace if namespace == "." else namespace)
        if namespace == "*":
            yield Violation(place, f"is {place.word}, so its proxies know other namespaces than those it needs")
        elif service and namespace not in known and place.word != f"kube-system/{RESOLVER}":
            yield Violation(place, f"lets it know {namespace}, which the catalogue does not declare")
    if thing.spec["egress"].is_empty:
        yield Violation(thing.spec["egress"], "is empty, so its proxies know the whole mesh")
    missing = sorted(needed - listed - {thing.namespace}) if _is_for_all(thing) and "*" not in listed else []
    if missing:
        yield Violation(thing.spec["egress"], f"leaves out {', '.join(missing)}, so calls there go nowhere")


RESOLVER: Final = names.address("kube-dns", "kube-system")
"""The cluster's resolver, which TCP reaches through the proxy."""

_SIDES: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    "Namespace": _namespace,
    SIDECAR: _sidecar,
}


HTTP: Final = frozenset({"http", "http2", "grpc", "grpc-web"})
PROTOCOLS: Final = HTTP | {"https", "mongo", "mysql", "redis", "tcp", "tls", "udp"}
"""What Istio takes for a protocol (istio/istio: pkg/config/protocol, pkg/config/kube/conversion.go)."""
QUALIFIED: Final = {"kubernetes.io/h2c": "http2", "kubernetes.io/ws": "http", "kubernetes.io/wss": "https"}


def protocol(port: View) -> str | None:
    """What `port` of a Service says it speaks; None where Istio would guess. appProtocol wins over the name."""
    if port["protocol"].text == "UDP":
        return "udp"
    said = (port["appProtocol"].text if port["appProtocol"].is_set else port["name"].word) or ""
    said = QUALIFIED.get(said, said).lower()
    first = "grpc-web" if said.split("-")[:2] == ["grpc", "web"] else said.partition("-")[0]
    return first if first in PROTOCOLS else None


def speaks_http(port: View) -> bool:
    """Whether the proxies read requests on `port` of a Service, not just bytes."""
    return protocol(port) in HTTP


@MESH.resource(
    "mesh-service-port-protocol",
    "A/M/M",
    MEDIUM,
    SERVICES,
    why="A proxy that must guess the protocol holds back the first bytes, and rules about methods and paths may miss.",
    cure="Set appProtocol, or begin the port's name with the protocol, such as http-metrics",
    where="services/{service}.yaml: spec.service.ports",
    sources=("Istio: Protocol Selection", "istioctl IST0118"),
)
def port_protocol(thing: Object, facts: Facts) -> Iterator[Violation]:
    if not has_mesh(facts) or is_outside(thing.namespace, facts):
        return
    for port in thing.spec["ports"]:
        if protocol(port) is None:
            field = "appProtocol" if port["appProtocol"].is_set or not port["name"].is_set else "name"
            yield Violation(port[field], "names no protocol Istio knows" if port[field].is_set else "is not set")
