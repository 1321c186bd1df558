"""What routes answer to: hosts that are written out, and each request in one place."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from policies.core.facts import Facts
from policies.core.rule import HIGH, Violation
from policies.core.world import World
from policies.objects import Object
from policies.objects.values import View
from policies.rules.gw.group import GW, ROUTE
from policies.rules.gw.route import Match, Route
from policies.rules.gw.routes import ROUTE_OBJECTS, ROUTES, every_route, routes


@GW.resource(
    "gw-host-explicit",
    "M/M/M",
    HIGH,
    ROUTE_OBJECTS,
    why="A route without a host answers for every name that reaches the gateway, other people's too.",
    cure="Name a host of the stack's domain, without a wildcard",
    where=f"{ROUTE}.host",
    sources=("Kyverno disallow-empty-ingress-host", "Gatekeeper block-wildcard-ingress"),
)
def host_explicit(thing: Object, facts: Facts) -> Iterator[Violation]:
    """A route that only redirects to https needs no host: the client is sent to the same name."""
    named: dict[int, tuple[View, ...]] = {}
    for route in routes(thing):
        if not route.hosts and not route.redirects:
            yield Violation(route.rule, "answers for every host")
        named[id(route.hosts)] = route.hosts  # one list for all rules of an HTTPRoute
    for hosts in named.values():
        for host in hosts:
            fault = _fault(host.word, facts)
            if fault:
                yield Violation(host, fault)
    aliases = thing.annotations[ALIASES]
    for alias in aliases.word.split(",") if aliases.word else ():
        fault = _fault(alias.strip(), facts)
        if fault:
            yield Violation(aliases, fault)


ALIASES: Final = "konghq.com/host-aliases"
"""Further hosts, with commas between them, past spec."""
METHODS: Final = "konghq.com/methods"
"""Methods in place of the spec's, with commas between them."""
HEADERS: Final = "konghq.com/headers."
"""How annotations begin that ask for a header."""

INSIDE: Final = (".svc", ".svc.cluster.local")
"""How names inside the cluster end; a VirtualService may have both kinds, and these open nothing."""


def _fault(host: str, facts: Facts) -> str:
    name = host.lower().rstrip(".")
    if not name:
        return "is empty, so it answers for every host"
    if "*" in name:
        return f"is {host}, which answers for names that are not listed"
    if name.endswith(INSIDE) or facts.settings is None:
        return ""
    ours = {facts.settings.domain, *facts.settings.gateway.hosts}
    if any(name == one or name.endswith(f".{one}") for one in ours):
        return ""
    return f"is {host}, which is not under {facts.settings.domain}"


Request = tuple[str, str, str, str, tuple[str, ...]]
"""Host, kind of path, path, method, and what else it asks for."""


@GW.stack(
    "gw-host-unique",
    "M/M/M",
    HIGH,
    ROUTES,
    why="Where two routes match the same requests the gateway picks one, and no file says which.",
    cure="Give one of them another path or host",
    where=f"{ROUTE}.paths",
    sources=("Gatekeeper uniqueingresshost",),
)
def host_unique(route: Route, world: World) -> Iterator[Violation]:
    if route.object.once(_combines) > MAX_REQUESTS:
        yield Violation(
            route.rule, f"belongs to over {MAX_REQUESTS:,} combinations of host and path, too many to judge"
        )
        return
    claims = world.once(_claims)
    for match in route.matches:
        for request in _requests(route, match):
            for other, at in claims.get(request, ()):
                if (other, at) != (route.object, match.at.path):
                    yield Violation(match.at, f"is also routed by {other.title}")
                    break
    for claim in _connections(route):
        others = [other for other, at in claims.get(claim, ()) if (other, at) != (route.object, route.rule.path)]
        if others:
            yield Violation(route.rule, f"takes connections that {others[0].title} takes as well")


MAX_REQUESTS: Final = 20_000
"""Combinations of host, method and path of one object; each is a route of its own to the gateway."""


def _combines(thing: Object) -> int:
    written = thing.once(_written)
    hosts, methods = len(written.hosts), max(1, len(written.methods))
    return sum(max(1, len(route.hosts) + hosts) * methods * len(route.matches) for route in routes(thing))


def _requests(route: Route, match: Match) -> Iterator[Request]:
    kind = "PathPrefix" if match.kind == "Beginning" else match.kind
    path = (match.path.rstrip("/") or "/") if kind == "PathPrefix" else match.path
    written = route.object.once(_written)
    more = (*match.more, *written.headers, *_ANSWERS[route.redirects])
    for host in {_plain(host.word) for host in route.hosts} | written.hosts or {""}:
        if not host.endswith(INSIDE):
            yield from ((host, kind, path, method, more) for method in written.methods or (match.method,))


def _connections(route: Route) -> Iterator[Request]:
    """What a route of bytes takes, as the requests of others: a host on a port."""
    for host in {_plain(host.word) for host in route.hosts} or {""}:
        if route.port:
            yield (host, "", "", "", (f"port {route.port:g}",))


def _plain(host: str) -> str:
    return host.lower().rstrip(".")


class Written(NamedTuple):
    """What the annotations of an object ask for, of each of its routes."""

    hosts: frozenset[str]
    methods: tuple[str, ...]
    headers: tuple[str, ...]


def _written(thing: Object) -> Written:
    aliases = thing.annotations[ALIASES].word.split(",")
    methods = thing.annotations[METHODS].word.split(",")
    return Written(
        frozenset(_plain(alias.strip()) for alias in aliases if alias.strip()),
        tuple(word.strip().upper() for word in methods if word.strip()),
        tuple(
            f"headers {key.removeprefix(HEADERS)} {value.word}"
            for key, value in sorted(thing.annotations.entries(), key=lambda entry: entry[0])
            if key.startswith(HEADERS)
        ),
    )


_ANSWERS: Final = {False: (), True: ("only where else to ask",)}
"""A route that leads on to https and the one it leads to share host and path, on the plain listener and the other."""


def _claims(world: World) -> Mapping[Request, list[tuple[Object, str]]]:
    """Who takes a request, and where: the first two places, as one of them is always another than one's own."""
    found: dict[Request, list[tuple[Object, str]]] = {}
    for route in every_route(world):
        for claim in _connections(route):
            found.setdefault(claim, []).append((route.object, route.rule.path))
        for match in route.matches if route.object.once(_combines) <= MAX_REQUESTS else ():
            place = route.object, match.at.path
            for request in _requests(route, match):
                places = found.setdefault(request, [])
                if len(places) < 2 and place not in places:
                    places.append(place)
    return found
