"""Authorization in the mesh: deny by default, then allow callers by name."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, Violation, sorts
from policies.core.world import World
from policies.mesh.authz import DRY_RUN, OF_USERS, USERS, action, closes, is_dry_run, needs_token, policies
from policies.mesh.mode import selector
from policies.mesh.scope import DATAPLANE
from policies.network.addresses import cidr_at, covers_everything
from policies.objects import Object
from policies.objects.values import ABSENT, View
from policies.rules.mesh.group import (
    AUTHORIZATIONS,
    KUBERNETES_GATEWAY,
    MESH,
    NAMESPACES,
    PLATFORM,
    REQUEST_AUTHENTICATION,
    has_mesh,
)
from policies.rules.mesh.peers import strangers

CONSUMES: Final = "services/{service}.yaml: spec.consumes of the caller"


@MESH.stack(
    "mesh-authz-default-deny",
    "M/M/M",
    CRITICAL,
    NAMESPACES,
    why="Where no policy refuses what no other allows, every pod of the mesh may ask every service for anything.",
    cure="Add an AuthorizationPolicy with an empty spec to istio-system, or to the namespace",
    where=PLATFORM,
    sources=("Istio: default-deny", "kyverno istio/require-authorizationpolicy"),
)
def default_deny(thing: Object, world: World) -> Iterator[Violation]:
    if not has_mesh(world.facts) or not world.declares(names.ISTIO):
        return
    judged = thing.name in world.service_namespaces or (thing.name == names.ISTIO and not world.service_namespaces)
    if judged and not any(closes(policy) for space in (names.ISTIO, thing.name) for policy in policies(world, space)):
        yield Violation(
            "", "has no AuthorizationPolicy without rules, nor has the whole mesh, so every caller is admitted"
        )


@MESH.resource(
    "mesh-authz-dry-run",
    "M/M/M",
    HIGH,
    AUTHORIZATIONS,
    why="A policy on trial logs what it would refuse and refuses nothing.",
    cure="Remove the annotation",
    where=PLATFORM,
    sources=("istio pilot/pkg/security/authz/builder",),
)
def dry_run(thing: Object, _: Facts) -> Iterator[Violation]:
    if is_dry_run(thing):
        yield Violation(thing.annotations[DRY_RUN], "is set, so nothing is refused")


SOURCES: Final = ("principals", "serviceAccounts", "namespaces")
"""Fields of a source that say which pod asks."""
ADDRESSES: Final = ("ipBlocks", "remoteIpBlocks")


@MESH.resource(
    "mesh-authz-no-allow-all",
    "M/M/M",
    CRITICAL,
    AUTHORIZATIONS,
    why="A rule without sources admits every caller; one that lists who may not admits every caller added later.",
    cure="Name the principals that may; let DENY policies say what is not refused",
    where=CONSUMES,
    sources=("Istio: ALLOW-with-positive-matching and DENY-with-negative-match",),
)
def no_allow_all(thing: Object, _: Facts) -> Iterator[Violation]:
    kind = action(thing)
    for rule in thing.spec["rules"]:
        if kind == "ALLOW":
            yield from _named(rule)
        if kind in ("ALLOW", "DENY"):
            yield from _one_sided(rule, negative=kind == "DENY")


def _named(rule: View) -> Iterator[Violation]:
    if rule["from"].is_empty:
        yield Violation(rule["from"], "is not set, so every caller is let in")
    for item in rule["from"]:
        source = item["source"]
        fields = [source[field] for field in SOURCES if not source[field].is_empty]
        for entry in (entry for field in fields for entry in field):
            if not entry.word or "*" in entry.word:
                yield Violation(entry, f"is {entry.word or 'empty'}, and names no caller")
        if not fields:
            users = [entry for entry in source[USERS] if entry.word not in ("", "*", "*/*")]
            if not users or len(users) < len(source[USERS].words):
                yield Violation(source, "names neither principals, service accounts nor namespaces")
        for field in ADDRESSES:
            if covers_everything([cidr_at(block) for block in source[field]]):
                yield Violation(source[field], "is every address there is")


def _one_sided(rule: View, *, negative: bool) -> Iterator[Violation]:
    for items, inner in (("from", "source"), ("to", "operation")):
        for item in rule[items]:
            for field, place in item[inner].entries():
                wrong = not place.is_empty and field.startswith("not") != negative
                if wrong and not (_is_where(field) if negative else _narrows(field, item[inner])):
                    yield _wrong_side(place, negative=negative)
    for condition in rule["when"]:
        field = "values" if negative else "notValues"
        if not condition[field].is_empty:
            yield _wrong_side(condition[field], negative=negative)


def _is_where(field: str) -> bool:
    """A port is where a refusal holds, not what it lets pass."""
    return field == "ports"


def _narrows(field: str, of: View) -> bool:
    """Whether a negative field of an ALLOW only takes away from what its positive twin names: `notPaths` beside `paths`
    that end somewhere. Beside a wildcard it is all but something, and that has many spellings."""
    named = of[f"{field[3:4].lower()}{field[4:]}"]
    return not named.is_empty and not any("*" in word.replace("{*}", "") for word in named.words)


def _wrong_side(place: View, *, negative: bool) -> Violation:
    text = "is refused, so what is spelt otherwise passes" if negative else "is let out, so everything else passes"
    return Violation(place, text)


REQUESTS: Final = ("hosts", "methods", "paths", "notHosts", "notMethods", "notPaths")
WAYPOINT: Final = "istio.io/use-waypoint"


@MESH.stack(
    "mesh-authz-ambient-l7",
    "M/M/M",
    HIGH,
    AUTHORIZATIONS,
    why="Without a waypoint nothing reads the request: the rule holds for nothing it names, or refuses everything.",
    cure="Attach the policy with targetRefs to a waypoint of the namespace, or keep to ports and principals",
    where=PLATFORM,
    sources=("istio pilot/pkg/serviceregistry/kube/controller/ambient",),
)
def ambient_requests(thing: Object, world: World) -> Iterator[Violation]:
    namespace = world.namespaces.get(thing.namespace)
    if namespace is None or namespace.labels[DATAPLANE].text != "ambient":
        return
    places = [place for rule in thing.spec["rules"] for place in _requests(rule)]
    targets = [*thing.spec["targetRefs"], *([thing.spec["targetRef"]] if thing.spec["targetRef"].is_set else [])]
    if not places:
        return
    for target in targets:
        if not _has_waypoint(target, namespace, world):
            yield Violation(target, "leads to no waypoint of the namespace")
    if not targets:
        for place in places:
            yield Violation(place, "is about requests, and the policy has no targetRefs, so nothing reads them")


def _requests(rule: View) -> Iterator[View]:
    for item in rule["to"]:
        yield from (item["operation"][field] for field in REQUESTS if not item["operation"][field].is_empty)
    for item in rule["from"]:
        fields = (item["source"][field] for field in (USERS, "notRequestPrincipals"))
        yield from (field for field in fields if not field.is_empty)
    yield from (condition["key"] for condition in rule["when"] if condition["key"].word.startswith("request."))


def _has_waypoint(target: View, namespace: Object, world: World) -> bool:
    if target["kind"].text == "Gateway":
        name = target["name"].word
    else:
        service = world.named("Service", namespace.name, target["name"].word)
        name = (service.labels[WAYPOINT].word or namespace.labels[WAYPOINT].word) if service else ""
    gateway = world.named(KUBERNETES_GATEWAY, namespace.name, name)
    return gateway is not None and gateway.spec["gatewayClassName"].text == "istio-waypoint"


@MESH.stack(
    "mesh-requestauth-paired",
    "M/M/M",
    CRITICAL,
    sorts(REQUEST_AUTHENTICATION),
    why="Alone it refuses bad tokens and admits requests with none; with other issuers it admits their users too.",
    cure="Add an AuthorizationPolicy for these pods that asks for a token; name the settings' issuers, with their keys",
    where="services/{service}.yaml: spec.provides.<api>.route.auth; Pulumi.<stack>.yaml: identity.issuers",
    sources=("Istio: RequestAuthentication",),
)
def request_authentication_paired(thing: Object, world: World) -> Iterator[Violation]:
    yield from strangers(thing, world.facts)
    if not world.declares(thing.namespace):
        return
    tokens = world.once(_tables).setdefault(thing.namespace, Tokens(world, thing.namespace))
    if not tokens.are_asked_of(thing):
        yield Violation(
            thing.spec["jwtRules"], "is never asked for: no AuthorizationPolicy for these pods wants a token"
        )


Labels = Mapping[str, str]


def _tables(_: World) -> dict[str, "Tokens"]:
    return {}


@dataclass(frozen=True)
class Tokens:
    """The policies that ask for a token in one namespace, found by the pods they are for."""

    world: World
    namespace: str

    @cached_property
    def _asking(self) -> tuple[Object, ...]:
        spaces = {self.namespace: None, names.ISTIO: None}
        found = (policy for space in spaces for policy in policies(self.world, space) if not is_dry_run(policy))
        return tuple(policy for policy in found if _asks_for_token(policy))

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str] | None, Sequence[tuple[Object, Labels]]]:
        found: dict[tuple[str, str] | None, list[tuple[Object, Labels]]] = {}
        for policy in self._asking:
            if not _targets(policy):
                labels = selector(policy)
                found.setdefault(min(labels.items(), default=None), []).append((policy, labels))
        return found

    @cached_property
    def _pods(self) -> Mapping[tuple[str, str], Sequence[Labels]]:
        found: dict[tuple[str, str], list[Labels]] = {}
        for workload in self.world.workloads_in(self.namespace):
            for label in workload.labels.items():
                found.setdefault(label, []).append(workload.labels)
        return found

    def are_asked_of(self, authentication: Object) -> bool:
        """Whether one policy asks every pod `authentication` is about."""
        targets = _targets(authentication)
        if targets:
            return any(_targets(policy) == targets for policy in self._asking)
        about = selector(authentication)
        if self._for(about):
            return True
        pods = self._pods.get(min(about.items()), ()) if about else self._everywhere
        both = [self._for(labels) for labels in pods if about.items() <= labels.items()]
        return bool(both) and bool(frozenset.intersection(*both))

    @cached_property
    def _everywhere(self) -> Sequence[Labels]:
        return [workload.labels for workload in self.world.workloads_in(self.namespace)]

    def _for(self, labels: Labels) -> frozenset[int]:
        """The policies (by `id`) for pods with `labels`."""
        places = [None, *labels.items()]
        few = (each for place in places for each in self._by_label.get(place, ()))
        return frozenset(id(policy) for policy, wanted in few if wanted.items() <= labels.items())


def _asks_for_token(policy: Object) -> bool:
    asks = _ASKING.get(action(policy))
    return asks is not None and any(map(asks, policy.spec["rules"]))


def _lets_in_with(rule: View) -> bool:
    """Whether a rule of an ALLOW admits no request without a token: each of its sources needs one."""
    sources = [item["source"] for item in rule["from"]] or [ABSENT]
    return all(needs_token(rule, source) for source in sources)


def _refuses_without(rule: View) -> bool:
    """Whether a rule of a DENY refuses requests without a token, or without the claim it names."""
    claims = (condition for condition in rule["when"] if condition["key"].word.startswith(OF_USERS))
    without = (item["source"]["notRequestPrincipals"] for item in rule["from"])
    return any(not place.is_empty for place in (*without, *(claim["notValues"] for claim in claims)))


_ASKING: Final[Mapping[str, Callable[[View], bool]]] = {"ALLOW": _lets_in_with, "DENY": _refuses_without}
"""Action of a policy to how one of its rules asks for a token."""


def _targets(thing: Object) -> frozenset[tuple[str, str]]:
    one = [thing.spec["targetRef"]] if thing.spec["targetRef"].is_set else []
    return frozenset((target["kind"].word, target["name"].word) for target in (*thing.spec["targetRefs"], *one))
