"""A route: one rule by which requests reach a service, the same shape for every kind it can be written as.

Not the object: an HTTPRoute, an Ingress or a VirtualService holds one route per rule (`policies.rules.gw.routes`).
"""

from dataclasses import dataclass
from typing import Final

from blueprint.catalogue.offering import Route as Declared
from policies.objects import Object
from policies.objects.values import View

EVERYTHING: Final = "/"


@dataclass(frozen=True, kw_only=True)
class Match:
    """The requests a route takes."""

    at: View
    kind: str
    """Exact, PathPrefix, Beginning (of a path, wherever it ends), RegularExpression; "" for requests without a path."""
    path: str
    method: str = ""
    """"" for every method."""
    more: tuple[str, ...] = ()
    """Its other conditions, such as headers and query parameters, each in one spelling."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A Service that a route sends requests to."""

    at: View
    name: str
    namespace: str
    port: View
    """A number, or the name of a port."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One rule of an HTTPRoute, an Ingress, a VirtualService and the like."""

    object: Object
    rule: View
    hosts: tuple[View, ...]
    matches: tuple[Match, ...]
    backends: tuple[Backend, ...]
    redirects: bool = False
    """Whether it sends every request to https and nowhere else."""
    extensions: tuple[View, ...] = ()
    """Kong plugins the rule itself names."""
    protocols: frozenset[str] = frozenset()
    """Protocols Kong serves it on; empty where Kong reads no requests, or another gateway serves it."""
    port: float | None = None
    """Of the gateway, where it takes connections and reads no requests."""
    rewrites: tuple[View, ...] = ()
    """Fields that change the path before the service sees it."""
    strips: View | None = None
    """The field by which the service sees what follows the path that was matched."""


def covers(prefix: str, match: Match) -> bool:
    """Whether every path `match` takes lies below `prefix`; `/open` does not cover `/opening`."""
    if match.kind not in ("Exact", "PathPrefix", "Beginning"):
        return False
    whole = prefix.rstrip("/")
    path = match.path.rstrip("/")
    if match.kind == "Beginning" and path == whole and not match.path.endswith("/"):
        return False  # /open is also the beginning of /opening
    # An encoded slash or a step upwards would be below the prefix for us, and elsewhere for the service.
    if ".." in path or "%" in path or "//" in path:
        return False
    return path == whole or path.startswith(f"{whole}/")


def is_stripped_as_declared(route: Route, match: Match, declared: Declared) -> bool:
    """Whether the service is asked for the path the catalogue means: all of it, or what follows the whole prefix."""
    if not declared.strip_path or route.strips is None:
        return declared.strip_path == (route.strips is not None)
    return match.kind == "PathPrefix" and match.path in declared.paths
