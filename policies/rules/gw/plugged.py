"""What every public route needs: authentication, a rate limit, limits on requests, and origins for CORS."""

import re
from collections.abc import Iterator
from typing import Final

from blueprint import names
from blueprint.catalogue.offering import Provide
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, MEDIUM, Violation, sorts
from policies.core.world import World
from policies.objects import Object
from policies.objects.values import View
from policies.rules.gw import group
from policies.rules.gw.declared import opened
from policies.rules.gw.group import GW, PLATFORM, ROUTE
from policies.rules.gw.plugins import (
    AUTHENTICATE,
    LIMIT,
    absence,
    from_secret,
    kind,
    lives_elsewhere,
    named_by,
    named_by_route,
    partly_elsewhere,
    resolved,
    rewritten,
    running,
)
from policies.rules.gw.route import Match, Route, covers, is_stripped_as_declared
from policies.rules.gw.routes import ROUTES, ROUTES_OF_KONG, routes

PLUGINS: Final = sorts(group.KONG_PLUGIN, group.KONG_CLUSTER_PLUGIN)


@GW.stack(
    "gw-route-auth",
    "M/M/M",
    CRITICAL,
    ROUTES,
    why="A public route without authentication opens the service behind it to the whole internet.",
    cure="Give the route auth {type: jwt}, or say in the catalogue with {type: none, reason: ...} why it must be open",
    where=f"{ROUTE}.auth",
    sources=("OWASP K8s K06", "OWASP K8s K09"),
)
def route_auth(route: Route, world: World) -> Iterator[Violation]:
    """The exceptions are the catalogue's own, with a reason: a route of this path with auth none, and a public port.

    Who answers for it is the file's spec.owner.
    """
    asks = {kind: plugin for kind, plugin in running(route, world).items() if kind in AUTHENTICATE}
    if any(not _lets_strangers_in(plugin) for plugin in asks.values()):
        return
    if route.redirects or _declared_open(route, world) or opened(route, world):
        return
    for plugin in asks.values():
        yield Violation(plugin.root.at("config", "anonymous"), "may let a request without proof pass", on=plugin)
    if not asks and not partly_elsewhere(route, world):
        yield Violation(
            route.rule, "has no authentication plugin that runs, and the catalogue does not declare it open"
        )


def _lets_strangers_in(plugin: Object) -> bool:
    return plugin.root.at("config", "anonymous").is_set or any(True for _ in from_secret(plugin, "anonymous"))


def _declared_open(route: Route, world: World) -> bool:
    """Whether the catalogue opens every path of it, and that is the path the service is asked for."""
    service = world.facts.service.get(route.object.namespace)
    if service is None or not route.matches or not route.backends:
        return False
    strays = any(backend.namespace != route.object.namespace for backend in route.backends)
    if strays or any(True for _ in rewritten(route, world)):
        return False
    return all(any(_opens(provide, route, match) for provide in service.spec.provides) for match in route.matches)


def _opens(provide: Provide, route: Route, match: Match) -> bool:
    declared = provide.route
    if declared is None or declared.auth.type != "none":
        return False
    return is_stripped_as_declared(route, match, declared) and any(covers(path, match) for path in declared.paths)


PERIODS: Final = ("second", "minute", "hour", "day", "month", "year")


@GW.stack(
    "gw-rate-limit",
    "M/M/M",
    HIGH,
    ROUTES,
    why="Without a limit one client can guess passwords all day, or use up the capacity all others need.",
    cure="Give the route a rateLimit with a number above nothing, counted in Redis in prod",
    where=f"{ROUTE}.rateLimit",
    sources=("OWASP API4:2023",),
)
def rate_limit(route: Route, world: World) -> Iterator[Violation]:
    if route.redirects or opened(route, world):  # what counts requests sees none
        return
    limits = [plugin for kind, plugin in running(route, world).items() if kind in LIMIT]
    if not limits and not partly_elsewhere(route, world):
        yield Violation(route.rule, "has no rate limit that runs")
    for plugin in limits:
        for at, found in _limits(plugin, world.facts):
            yield Violation(at, found, on=plugin)


def _limits(plugin: Object, facts: Facts) -> Iterator[tuple[View, str]]:
    config = plugin.root["config"]
    advanced = kind(plugin) == "rate-limiting-advanced"
    given = tuple(config["limit"]) if advanced else tuple(config[each] for each in PERIODS if config[each].is_set)
    if not given:
        yield config, "limits nothing"
    for limit in given:
        if (limit.number or 0) <= 0:
            yield limit, f"is {limit.quantity}, which is no limit"
    counted = config["strategy" if advanced else "policy"]
    if facts.environment == "prod" and counted.word != "redis":
        found = counted.word or ("not set" if not counted.is_set else "empty")
        yield counted, f"is {found}: each gateway pod counts for itself, so the limit grows with their number"
    by = config["identifier" if advanced else "limit_by"]
    if by.is_set and by.word not in ("consumer", "ip"):
        yield by, f"is {by.word or 'empty'}, which a caller can choose or share"


@GW.resource(
    "gw-plugin-enabled",
    "M/M/M",
    HIGH,
    PLUGINS,
    why="A plugin that is off or empty looks like a protection in every review, and is none.",
    cure="Remove disabled, write the configuration out, and have a jwt plugin verify exp",
    where=PLATFORM,
    sources=("Kong plugin hub",),
)
def plugin_enabled(plugin: Object, _: Facts) -> Iterator[Violation]:
    if plugin.root["disabled"].flag:
        yield Violation(plugin.root["disabled"], "is true")
    what, config = kind(plugin), plugin.root["config"]
    for at in from_secret(plugin, *DECIDING) if what in CONFIGURED and not config.is_empty else ():
        yield Violation(at, f"is what a {what} plugin does, and must be written where it can be read")
    if what in CONFIGURED and config.is_empty:
        yield Violation(config, f"is empty, and what a {what} plugin does must be written where it can be read")
    elif what == "jwt" and "exp" not in config["claims_to_verify"].words:
        yield Violation(config["claims_to_verify"], "does not verify exp, so a token is good for ever")
    elif what == "acl" and config["allow"].is_empty and config["deny"].is_empty:
        yield Violation(config["allow"], "is empty, so every group passes")


CONFIGURED: Final = frozenset(
    {*AUTHENTICATE, *LIMIT, "acl", "ip-restriction", "request-size-limiting", "response-ratelimiting"}
)
"""Plugins that ask or limit, so that nothing in them says nothing."""
DECIDING: Final = (
    "allow",
    "allowed_payload_size",
    "anonymous",
    "claims_to_verify",
    "deny",
    "limit",
    "limits",
    *PERIODS,
)
"""Settings of theirs that decide whether a request is authenticated or limited."""

NAMERS: Final = sorts(
    *group.KONG_ROUTES,
    "Service",
    *group.CONSUMERS,
)


@GW.stack(
    "gw-plugin-exists",
    "M/M/M",
    HIGH,
    NAMERS,
    why="Kong passes requests on without a plugin it cannot find, so a misspelt name is a missing check.",
    cure="Name a KongPlugin of the same namespace, or a KongClusterPlugin",
    where=PLATFORM,
)
def plugin_exists(thing: Object, world: World) -> Iterator[Violation]:
    for named in (*named_by(thing), *(one for route in routes(thing) for one in named_by_route(route))):
        if resolved(named, world) is None and not lives_elsewhere(named, world):
            yield Violation(named.at, f"names {named.name or 'nothing'}, {absence(named, world)}")


TIMEOUTS: Final = ("konghq.com/connect-timeout", "konghq.com/read-timeout")
"""How long Kong waits for a connection, and for an answer, in milliseconds; a minute each unless set (Kong 3.9)."""


@GW.stack(
    "gw-request-limits",
    "A/A/M",
    MEDIUM,
    ROUTES_OF_KONG,
    why="A body without a limit and an answer without a timeout each hold memory until the gateway runs out of it.",
    cure="Limit the size of requests at the gateway, and set connect-timeout and read-timeout on the Service",
    where=PLATFORM,
    sources=("OWASP API4:2023",),
)
def request_limits(route: Route, world: World) -> Iterator[Violation]:
    """The size is limited by a plugin of the platform's, so its absence says something where the platform is made."""
    if route.redirects:
        return
    size = running(route, world).get("request-size-limiting")
    if size is None and not opened(route, world) and world.declares(names.KONG) and not partly_elsewhere(route, world):
        yield Violation(route.rule, "takes requests of any size")
    allowed = size.root.at("config", "allowed_payload_size") if size else None
    if allowed and (allowed.number or 0) <= 0:
        found = f"is {allowed.quantity}, which is no limit" if allowed.is_set else "is not set: 128 MB pass"
        yield Violation(allowed, found, on=size)
    if any(_lasts(route.rule["timeouts"][each].word) for each in ("backendRequest", "request")):
        return
    for backend in route.backends:
        service = world.named("Service", backend.namespace, backend.name)
        for annotation in TIMEOUTS if service else ():
            waits = service.annotations[annotation] if service else backend.at
            if not _milliseconds(waits.word):
                yield Violation(waits, "sets no time after which the gateway gives up", on=service)


def _milliseconds(word: str) -> bool:
    return word.isascii() and word.isdecimal() and int(word[:12]) > 0


def _lasts(word: str) -> bool:
    return bool(re.fullmatch(r"([0-9]{1,5}(ms|h|m|s))+", word)) and bool(re.search("[1-9]", word))


PLAIN: Final = re.compile(r"[A-Za-z0-9.:/-]+")
"""An origin Kong compares as it stands; every other one is a pattern to it (Kong 3.9, plugins/cors/handler.lua)."""
LONGEST: Final = 300
"""Characters of a pattern that a person can still review."""
ANYTHING: Final = re.compile(r"(?<![\\\[])\.|\\[SDW]|\[\^|^\^?$|(?<!\\)\(\?!")
"""Parts of a pattern that match unlisted characters: any one, as an unescaped dot does, or all but some."""
REPEATED: Final = re.compile(r"[*+]|\{[0-9]")
PORT: Final = re.compile(r"\(?:(?:\\d|\[0-9\])(?:[*+]|\{[0-9,]+\})\)?\??")
"""Any port of one host: the owner of a host owns its ports."""
ENDING: Final = re.compile(r"(?:[A-Za-z0-9-]|\\\.)*$")
"""What every name the pattern matches ends in."""
ATOM: Final = re.compile(r"\\.|\[[^\]]*\]")
GROUP: Final = re.compile(r"\([^()]*\)")


@GW.resource(
    "gw-cors",
    "M/M/M",
    HIGH,
    PLUGINS,
    why="With credentials for every origin any page a user opens can act in that user's name.",
    cure="List the origins, each with scheme and host",
    where=f"{ROUTE}.cors.origins",
    sources=("OWASP API8:2023",),
)
def cors(plugin: Object, _: Facts) -> Iterator[Violation]:
    if kind(plugin) != "cors":
        return
    config = plugin.root["config"]
    for at in from_secret(plugin, "origins", "credentials"):
        yield Violation(at, "sets the allowed origins in a Secret, where they cannot be judged")
    credentials = config["credentials"].flag
    if credentials and config["origins"].is_empty:
        yield Violation(config["origins"], "is empty, which is every origin, with credentials")
    for origin in config["origins"]:
        word = origin.word.strip()
        if credentials and word in ("*", "null"):
            yield Violation(origin, f"is {word}, with credentials")
        elif word != "*" and not PLAIN.fullmatch(word) and _is_broad(word):
            yield Violation(origin, "is a pattern that matches origins it does not list")


def _is_broad(pattern: str) -> bool:
    """Whether someone else can own a name it matches: names below a domain of two labels belong to its owner."""
    bare = PORT.sub("", pattern.removesuffix("$"))
    if len(pattern) > LONGEST or ANYTHING.search(bare) or _has_choice(bare):
        return True
    ending = ENDING.search(bare)
    labels = [label for label in ending[0].split("\\.") if label] if ending else []
    return bool(REPEATED.search(bare)) and len(labels) < 2


def _has_choice(pattern: str) -> bool:
    """Whether it is one of several outside every bracket: Kong ties only the last of them to the end of the name."""
    rest, before = ATOM.sub("", pattern), ""
    while rest != before:
        rest, before = GROUP.sub("", rest), rest
    return "|" in rest
