"""Headers that say who somebody is: services believe them, so none may come from outside."""

from collections.abc import Iterator
from typing import Final

from policies.core.rule import CRITICAL, Violation
from policies.core.world import World
from policies.rules.gw.group import GW, PLATFORM
from policies.rules.gw.plugins import REQUESTS, TRANSFORM, from_secret, partly_elsewhere, running
from policies.rules.gw.route import Route
from policies.rules.gw.routes import ROUTES_OF_KONG

IDENTITY: Final = ("x-consumer-custom-id", "x-consumer-groups", "x-consumer-id", "x-consumer-username", "x-jwt-sub")
"""What Kong's authentication writes for a consumer (kong/constants.lua), and this platform for a token's subject."""
WRITES: Final = ("add", "append", "rename", "replace")
"""Parts of a request-transformer that set a header; each entry begins with its name and a colon."""


@GW.stack(
    "gw-identity-headers",
    "M/M/M",
    CRITICAL,
    ROUTES_OF_KONG,
    why="Services believe the headers in which the gateway names a consumer: from outside anyone could be anybody.",
    cure="Let a request-transformer of the route remove x-consumer-* and x-jwt-sub, and let nothing write them",
    where=PLATFORM,
    sources=("Kong: request headers of authenticated consumers", "OWASP API2:2023"),
)
def identity_headers(route: Route, world: World) -> Iterator[Violation]:
    """Of routes to services of the catalogue, whose page promises it."""
    if route.object.namespace not in world.facts.service or route.redirects or not route.protocols & REQUESTS:
        return
    yield from _filters(route)
    transformers = [plugin for kind, plugin in running(route, world).items() if kind in TRANSFORM]
    if not transformers and not partly_elsewhere(route, world):
        yield Violation(route.rule, "has no request-transformer that runs, so identity headers come in from outside")
    for plugin in transformers:
        config = plugin.root["config"]
        removed = config.at("remove", "headers")
        known = {name.strip().lower() for name in removed.words}
        if hidden := next(from_secret(plugin, "remove"), None):
            yield Violation(hidden, "is in a Secret, and may let identity headers in", on=plugin)
        elif missing := [name for name in IDENTITY if name not in known]:
            yield Violation(removed, f"lets in {', '.join(missing)}", on=plugin)
        for part in WRITES:
            for written in config.at(part, "headers"):
                if _means(written.word.rpartition(":")[2] if part == "rename" else written.word.partition(":")[0]):
                    yield Violation(written, "writes an identity header", on=plugin)


def _filters(route: Route) -> Iterator[Violation]:
    for each in route.rule["filters"]:
        for part in ("set", "add"):
            for header in each.at("requestHeaderModifier", part):
                if _means(header["name"].word):
                    yield Violation(header["name"], "writes an identity header")


def _means(name: str) -> bool:
    return name.strip().lower() in IDENTITY
