"""AuthorizationPolicies admit the callers the catalogue declares, no more and no fewer."""

from collections.abc import Callable, Iterator, Mapping, Set
from typing import Final

from blueprint import names
from policies.core.rule import CRITICAL, Violation, sorts
from policies.core.world import World
from policies.mesh.authz import (
    AUTHORIZATION_POLICY,
    Request,
    account,
    action,
    applying,
    identity,
    is_dry_run,
    needs_token,
    passes,
    pattern,
)
from policies.mesh.edges import REST, SEGMENT, Ask, Edge, edges, within
from policies.objects import Object
from policies.objects.values import View
from policies.rules.mesh.authorization import CONSUMES
from policies.rules.mesh.group import MESH, has_mesh

NOT_CALLED: Final = (names.ISTIO, names.KONG)
"""Namespaces in the mesh in which no service can be called: of the whole mesh, and of the gateway."""
SAMPLE: Final = "a-0"
"""What stands for a parameter in a path that is tried."""


@MESH.stack(
    "mesh-authz-matches-catalogue",
    "M/M/M",
    CRITICAL,
    sorts(AUTHORIZATION_POLICY, "Namespace"),
    why="Who may call what is reviewed in the catalogue: a policy that differs opens an unreviewed call or breaks one.",
    cure="Declare the edge where the caller consumes the API, or remove it from the policy",
    where=CONSUMES,
    sources=("project promise: one declaration per edge",),
)
def matches_catalogue(thing: Object, world: World) -> Iterator[Violation]:
    if world.facts.services is not None:
        yield from _SIDES[thing.sort](thing, world)


def _nothing_more(policy: Object, world: World) -> Iterator[Violation]:
    declared = () if policy.namespace in NOT_CALLED else world.once(edges).get(policy.namespace)
    if declared is None or action(policy) != "ALLOW" or is_dry_run(policy):
        return
    for rule in policy.spec["rules"]:
        if rule["from"].is_empty:
            yield Violation(rule["from"], "is not set, and no file admits every caller")
        for item in rule["from"]:
            with_token = needs_token(rule, item["source"]) or not _are_tokens_signed(world)
            for place, who in _callers(item["source"], policy, world):
                theirs = [edge for edge in declared if edge.identity == who]
                mine = [edge for edge in theirs if with_token or not edge.token]
                if mine:
                    yield from _asked(rule, mine)
                elif theirs:
                    yield Violation(place, f"is let in without a token, yet {theirs[0].why}, which asks for one")
                else:
                    yield Violation(place, "is let in, and no file declares that")


def _are_tokens_signed(world: World) -> bool:
    """Whether the stack has an issuer; without one the gateway refuses every request to a route that needs a token."""
    return world.facts.settings is None or bool(world.facts.settings.identity.issuers)


def _callers(source: View, policy: Object, world: World) -> Iterator[tuple[View, str]]:
    """Each caller a source names, as `namespace/account`; "" where it names no single one."""
    principals, accounts, spaces = source["principals"], source["serviceAccounts"], source["namespaces"]
    for entry in principals:
        yield entry, identity(entry.word, world.facts.trust_domain) or ""
    for entry in accounts:
        yield entry, account(entry.word, policy.namespace)
    if principals.is_empty and accounts.is_empty:
        yield (source if spaces.is_empty else spaces), ""


def _asked(rule: View, mine: list[Edge]) -> Iterator[Violation]:
    """What `rule` lets a caller ask beyond its edges `mine`."""
    who = mine[0].caller
    if any(edge.port is None for edge in mine):
        return
    if rule["to"].is_empty:
        yield Violation(rule["to"], f"is not set, so {who} may ask anything")
    for item in rule["to"]:
        operation = item["operation"]
        if operation["ports"].is_empty:
            yield Violation(operation["ports"], f"is not set, so {who} reaches every port")
        for port in operation["ports"]:
            there = [edge for edge in mine if str(edge.port) == port.word]
            if not there:
                yield Violation(port, f"is open to {who}, and no file declares that")
            elif all(edge.asks for edge in there):
                declared = {ask for edge in there for ask in edge.asks}
                offered = {ask for edge in there for ask in edge.offered}
                yield from _requests(operation, declared, who)
                yield from _taken_in(operation, offered - declared, who)


def _requests(operation: View, declared: Set[Ask], who: str) -> Iterator[Violation]:
    methods = tuple((place, place.word) for place in operation["methods"]) or ((operation["methods"], ""),)
    paths = tuple((place, pattern(place.word)) for place in operation["paths"]) or ((operation["paths"], (REST,)),)
    for place, path in paths:
        for spot, method in methods:
            allowed = [ask.path for ask in declared if ask.method in ("", method)]
            if any(within(path, one) for one in allowed):
                continue
            if not allowed:
                yield Violation(spot, f"lets {who} ask {method or 'any method'}, and no file declares that")
            else:
                what = f"{method or 'any method'} {'/' + '/'.join(path)}"
                yield Violation(place, f"lets {who} ask {what}, and no file declares that")


def _taken_in(operation: View, others: Set[Ask], who: str) -> Iterator[Violation]:
    """Operations of the port that are not declared for the caller, but match a path template of one that is."""
    excluded = [pattern(place.word) for place in operation["notPaths"]]
    methods = operation["methods"].words or ("",)
    for place in operation["paths"]:
        path = pattern(place.word)
        for other in sorted(others, key=lambda ask: (ask.path, ask.method)) if REST not in path else ():
            hidden = other.path != path and within(other.path, path)
            if hidden and {other.method, ""} & set(methods) and not any(within(other.path, one) for one in excluded):
                what = f"{other.method} /{'/'.join(other.path)}"
                yield Violation(
                    place, f"lets {who} ask {what} too, which is another operation, and no file declares that"
                )


def _nothing_missing(namespace: Object, world: World) -> Iterator[Violation]:
    if not has_mesh(world.facts) or namespace.name not in world.facts.service:
        return
    # The service's own pods, as they are labelled; a debugging Job beside them serves no API.
    mine = names.selector(namespace.name)
    pods = (of.labels for of in world.workloads_in(namespace.name) if mine.items() <= of.labels.items())
    for labels in {frozenset(labels.items()): labels for labels in pods}.values() or [mine]:
        applied = applying(world, namespace.name, labels)
        for edge in world.once(edges)[namespace.name]:
            for ask in (edge.asks or (Ask("", (REST,)),)) if edge.needed and edge.port is not None else ():
                tried = (_request(edge, ask, method) for method in ((ask.method,) if ask.method else edge.methods))
                refused = next((each for each in tried if not passes(applied, each, world.facts.trust_domain)), None)
                if refused:
                    what = f"{refused.method} /{'/'.join(ask.path)}" if refused.method else "anything"
                    what = f"{what} on port {edge.port}, yet {edge.why}"
                    yield Violation("", f"has no AuthorizationPolicy that lets {edge.caller} ask {what}")


def _request(edge: Edge, ask: Ask, method: str) -> Request:
    path = "/".join(SAMPLE if part in (SEGMENT, REST) else part for part in ask.path)
    return Request(
        identity=edge.identity,
        port=edge.port or 0,
        method=method,
        path=f"/{path}" if method else "",
        token=edge.token,
    )


_SIDES: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    AUTHORIZATION_POLICY: _nothing_more,
    "Namespace": _nothing_missing,
}
