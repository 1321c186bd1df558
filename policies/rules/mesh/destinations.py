"""How requests go out: encrypted by the mesh inside it, verified by name outside it, and not for ever."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.rule import CRITICAL, MEDIUM, Violation, sorts
from policies.core.world import World
from policies.mesh.scope import host_in, is_in_mesh, is_private
from policies.objects import Object
from policies.objects.values import View
from policies.rules.mesh.group import DESTINATION_RULE, MESH, VIRTUAL_SERVICE, has_mesh
from policies.rules.mesh.traffic import speaks_http

DESTINATIONS: Final = sorts(DESTINATION_RULE)
ORIGINATES: Final = ("SIMPLE", "MUTUAL")
RESILIENCE: Final = "services/{service}.yaml: spec.resilience"

ATTEMPTS: Final = 5
"""Tries after the first: the most the catalogue takes. Six calls of one are enough to fell a service that is down."""


@MESH.stack(
    "mesh-destrule-tls",
    "M/M/M",
    CRITICAL,
    DESTINATIONS,
    why="A client with other TLS settings sends plaintext or trusts any certificate, whatever the server demands.",
    cure="Remove tls: the mesh encrypts by itself; outside, set SIMPLE with caCertificates and subjectAltNames",
    where="manifests/mesh.py: _destination_rule",
    sources=("kyverno istio/enforce-tls-hosts-host-subnets", "Istio: Configure TLS verification"),
)
def destination_tls(thing: Object, world: World) -> Iterator[Violation]:
    places = [place for place in _tls(thing.spec) if place.is_set]
    inside = bool(places) and is_in_mesh(world, thing.spec["host"].word, thing.namespace)
    for tls in places:
        mode = tls["mode"]
        if not mode.is_set:
            yield Violation(mode, "is not set beside the rest of tls, and that is DISABLE")
        elif mode.word == "ISTIO_MUTUAL":
            continue
        elif mode.word not in ORIGINATES:
            yield Violation(mode, f"is {mode.word or 'empty'}")
        elif inside:
            yield Violation(mode, f"is {mode.word} towards a host of the mesh, which does mutual TLS by itself")
        else:
            yield from _unverified(tls)


def traffic_policies(spec: View) -> Iterator[View]:
    """Every traffic policy of a DestinationRule: the whole rule's, each subset's, and those of single ports."""
    for place in (spec, *spec["subsets"]):
        yield place["trafficPolicy"]
        yield from place.at("trafficPolicy", "portLevelSettings")


def _tls(spec: View) -> Iterator[View]:
    for policy in traffic_policies(spec):
        yield policy["tls"]


def _unverified(tls: View) -> Iterator[Violation]:
    if tls["insecureSkipVerify"].flag:
        yield Violation(tls["insecureSkipVerify"], "is true, so any certificate will do")
    if not tls["caCertificates"].word and not tls["credentialName"].word:
        yield Violation(tls["caCertificates"], "is not set, and no credentialName either, so any certificate will do")
    if not tls["sni"].word and not any(tls["subjectAltNames"].words):
        yield Violation(tls["subjectAltNames"], "is not set, and no sni either, so any host's certificate will do")


@MESH.stack(
    "mesh-circuit-breaker",
    "A/M/M",
    MEDIUM,
    sorts("Service", VIRTUAL_SERVICE),
    why="Without limits and outlier detection one slow service holds its callers' connections until they fail too.",
    cure="Give its DestinationRule connectionPool and outlierDetection, and retry at most five times",
    where=RESILIENCE,
    sources=("Istio: Circuit breaking",),
)
def circuit_breaker(thing: Object, world: World) -> Iterator[Violation]:
    yield from _BREAKERS[thing.sort](thing, world)


def _service(thing: Object, world: World) -> Iterator[Violation]:
    expected = has_mesh(world.facts) and thing.namespace in world.service_namespaces
    if not expected or not any(map(speaks_http, thing.spec["ports"])):
        return
    found = world.once(_guards).get(_pods(thing), ())
    if not any(_is_for_callers(rule, thing) for rule in found):
        yield Violation("", "has no DestinationRule its callers see, so they open as many connections as they like")
    for rule in found:
        # A port's policy takes the place of all the rest; a subset's only of what it says itself.
        whole, own = rule.spec["trafficPolicy"], [subset["trafficPolicy"] for subset in rule.spec["subsets"]]
        for policy in (whole, *(port for each in (whole, *own) for port in each["portLevelSettings"])):
            yield from _limits(policy, rule)
            yield from _fuse(policy, rule)
        for policy in own:
            yield from _fuse(policy, rule)


def _is_for_callers(rule: Object, service: Object) -> bool:
    """Whether callers in other namespaces follow `rule`: after their own, Istio looks beside the service, then in the
    root namespace, and only at what is exported."""
    near = rule.namespace in (service.namespace, names.ISTIO)
    return near and not is_private(rule)


def _limits(policy: View, rule: Object) -> Iterator[Violation]:
    for field in ("connectionPool", "outlierDetection"):
        if policy[field].is_empty:
            yield Violation(policy[field], "is not set", on=rule)


def _fuse(policy: View, rule: Object) -> Iterator[Violation]:
    outliers = policy["outlierDetection"]
    sees_gateways = bool(outliers["consecutiveGatewayErrors"].number)
    for field in ("maxEjectionPercent",) if sees_gateways else ("consecutive5xxErrors", "maxEjectionPercent"):
        if outliers[field].number == 0:
            yield Violation(outliers[field], "is 0, so no pod is ever left alone", on=rule)


def _address(world: World, service: Object) -> str:
    return host_in(world, service.name, service.namespace).name


def _rules(world: World) -> Mapping[str, tuple[Object, ...]]:
    found: dict[str, list[Object]] = {}
    for rule in world.of(DESTINATION_RULE):
        if rule.spec["host"].is_known:
            found.setdefault(host_in(world, rule.spec["host"].word, rule.namespace).name, []).append(rule)
    return {name: tuple(rules) for name, rules in found.items()}


def _pods(service: Object) -> tuple[str, frozenset[tuple[str, str]]]:
    labels = ((key, value.word) for key, value in service.spec["selector"].entries() if value.is_known)
    return service.namespace, frozenset(labels)


def _guards(world: World) -> Mapping[tuple[str, frozenset[tuple[str, str]]], tuple[Object, ...]]:
    """The rules of the Services before the same pods: those of a canary share one."""
    rules = world.once(_rules)
    found: dict[tuple[str, frozenset[tuple[str, str]]], dict[int, Object]] = {}
    for service in world.of("Service"):
        for rule in rules.get(_address(world, service), ()):
            found.setdefault(_pods(service), {})[id(rule)] = rule
    return {pods: tuple(several.values()) for pods, several in found.items()}


def _retries(thing: Object, _: World) -> Iterator[Violation]:
    for route in thing.spec["http"]:
        attempts = route.at("retries", "attempts")
        if (attempts.number or 0) > ATTEMPTS:
            yield Violation(attempts, f"is {attempts.quantity}, more than {ATTEMPTS}")


_BREAKERS: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    "Service": _service,
    VIRTUAL_SERVICE: _retries,
}
