"""One way in, read alike whatever it was written as."""

from dataclasses import dataclass
from typing import Final

from policies.objects import Object
from policies.objects.values import View

EVERYTHING: Final = "/"


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which requests."""

    at: View
    kind: str
    """Exact, PathPrefix, Beginning (of a path, wherever it ends), RegularExpression; "" for requests without a path."""
    path: str
    method: str = ""
    """"" for every one."""
    more: tuple[str, ...] = ()
    """What else it asks for, headers and query parameters among it, in one spelling each."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    """Where requests go."""

    at: View
    name: str
    namespace: str
    port: View
    """A number, or the name of a port."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """One way in."""

    object: Object
    rule: View
    hosts: tuple[View, ...]
    matches: tuple[Match, ...]
    backends: tuple[Backend, ...]
    redirects: bool = False
    """Whether it only answers with where else to ask, over https."""
    extensions: tuple[View, ...] = ()
    """Plugins this rule names by itself."""
    protocols: frozenset[str] = frozenset()
    """What Kong takes its requests over; none where nothing can read them, or another gateway takes them."""
    rewrites: tuple[View, ...] = ()
    """What gives the service another path than the one that was asked for."""


def covers(prefix: str, match: Match) -> bool:
    """Whether everything `match` lets in lies below `prefix`, on the border of a segment."""
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
