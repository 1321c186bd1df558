"""Ways in: each rule of each route, read alike whatever the route is written as."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from policies.objects import Object
from policies.rule import Selector
from policies.rules.gw import edge
from policies.rules.gw.reading import readable
from policies.values import View
from policies.world import World


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which requests."""

    at: View
    kind: str
    """Exact, PathPrefix, RegularExpression; "" for requests without a path."""
    path: str
    method: str = ""
    """"" for every one."""
    more: tuple[str, ...] = ()
    """Headers and query parameters it asks for, in one spelling each."""


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


EVERYTHING: Final = "/"


def _of_route(thing: Object) -> Iterator[Door]:
    """HTTPRoute, GRPCRoute and those without requests. Traffic between services (GAMMA) is no way in."""
    parents = tuple(thing.spec["parentRefs"])
    if parents and all(parent["kind"].text == "Service" for parent in parents):
        return
    hosts = tuple(thing.spec["hostnames"])
    for rule in thing.spec["rules"]:
        filters = tuple(rule["filters"])
        redirect = [each["requestRedirect"] for each in filters if each["type"].text == "RequestRedirect"]
        yield Door(
            object=thing,
            rule=rule,
            hosts=hosts,
            matches=tuple(_MATCHES.get(thing.sort, _none)(rule)),
            backends=tuple(_backends(thing, rule["backendRefs"])),
            redirects=any(each["scheme"].text == "https" and not each["hostname"].is_set for each in redirect),
            extensions=tuple(each.at("extensionRef", "name") for each in filters if each["extensionRef"].is_set),
        )


def _matches(rule: View) -> Iterator[Match]:
    written = tuple(rule["matches"])
    if not written:
        yield Match(at=rule, kind="PathPrefix", path=EVERYTHING)
    for match in written:
        path = match["path"]
        yield Match(
            at=path["value"] if path.is_set else match,
            kind=path["type"].word or "PathPrefix",
            path=path["value"].word or EVERYTHING,
            method=match["method"].word,
            more=_more(match),
        )


def _calls(rule: View) -> Iterator[Match]:
    written = tuple(rule["matches"])
    if not written:
        yield Match(at=rule, kind="PathPrefix", path=EVERYTHING)
    for match in written:
        method = match["method"]
        service, name = method["service"].word, method["method"].word
        kind = method["type"].word or "Exact"
        if kind == "Exact" and not name:
            kind = "PathPrefix"
        path = f"/{service}/{name}" if service else f"/{name}"
        yield Match(at=method if method.is_set else match, kind=kind, path=path, more=_more(match))


def _none(_: View) -> Iterator[Match]:
    yield from ()


_MATCHES: Final[Mapping[str, Callable[[View], Iterator[Match]]]] = dict(
    zip(edge.REQUEST_ROUTES, (_matches, _calls), strict=True)
)


def _more(match: View) -> tuple[str, ...]:
    asked = [
        (field, each["type"].word or "Exact", each["name"].word.lower(), each["value"].word)
        for field in ("headers", "queryParams")
        for each in match[field]
    ]
    return tuple(sorted(" ".join(words) for words in asked))


def _backends(thing: Object, references: View) -> Iterator[Backend]:
    for each in references:
        yield Backend(
            at=each,
            name=each["name"].word,
            namespace=each["namespace"].word or thing.namespace,
            port=each["port"],
        )


_INGRESS_KINDS: Final[Mapping[str, str]] = {"Exact": "Exact", "Prefix": "PathPrefix"}


def _of_ingress(thing: Object) -> Iterator[Door]:
    spec = thing.spec
    default = spec["defaultBackend"] if spec["defaultBackend"].is_set else spec["backend"]
    if default.is_set:
        match = Match(at=default, kind="PathPrefix", path=EVERYTHING)
        yield _ingress_door(thing, default, (), match, default)
    for rule in spec["rules"]:
        hosts = (rule["host"],) if rule["host"].word else ()
        for path in rule.at("http", "paths"):
            kind = _INGRESS_KINDS.get(path["pathType"].word, "PathPrefix")
            value = path["path"].word or EVERYTHING
            if value.startswith("/~"):  # Kong's spelling of a regular expression
                kind = "RegularExpression"
            at = path["path"] if path["path"].is_set else path
            yield _ingress_door(thing, path, hosts, Match(at=at, kind=kind, path=value), path["backend"])


def _ingress_door(thing: Object, rule: View, hosts: tuple[View, ...], match: Match, backend: View) -> Door:
    service = backend["service"] if backend["service"].is_set else None
    port = service["port"] if service else backend["servicePort"]
    if service:
        port = port["number"] if port["number"].is_set else port["name"]
    name = service["name"].word if service else backend["serviceName"].word
    to = (Backend(at=backend, name=name, namespace=thing.namespace, port=port),) if backend.is_set else ()
    return Door(object=thing, rule=rule, hosts=hosts, matches=(match,), backends=to)


def _of_byte_ingress(thing: Object) -> Iterator[Door]:
    for rule in thing.spec["rules"]:
        backend = rule["backend"]
        to = Backend(
            at=backend, name=backend["serviceName"].word, namespace=thing.namespace, port=backend["servicePort"]
        )
        hosts = (rule["host"],) if rule["host"].word else ()
        yield Door(object=thing, rule=rule, hosts=hosts, matches=(), backends=(to,))


_URI_KINDS: Final[Mapping[str, str]] = {"exact": "Exact", "prefix": "PathPrefix", "regex": "RegularExpression"}


def is_public(thing: Object) -> bool:
    """Whether a VirtualService is bound to a gateway rather than to the mesh alone."""
    places = {each.word for each in thing.spec["gateways"]}
    for protocol in ("http", "tls", "tcp"):
        for rule in thing.spec[protocol]:
            for match in rule["match"]:
                places |= {each.word for each in match["gateways"]}
    return bool(places - {"mesh"})


def _of_virtual_service(thing: Object) -> Iterator[Door]:
    if not is_public(thing):
        return
    hosts = tuple(thing.spec["hosts"])
    for protocol in ("http", "tls", "tcp"):
        for rule in thing.spec[protocol]:
            ends = [end["destination"] for end in rule["route"]]
            yield Door(
                object=thing,
                rule=rule,
                hosts=hosts,
                matches=tuple(_istio_matches(rule)) if protocol == "http" else (),
                backends=tuple(_destination(thing, end) for end in ends),
                redirects=rule.at("redirect", "scheme").text == "https" and not rule.at("redirect", "authority").is_set,
            )


def _istio_matches(rule: View) -> Iterator[Match]:
    written = tuple(rule["match"])
    if not written:
        yield Match(at=rule, kind="PathPrefix", path=EVERYTHING)
    for match in written:
        kind, path = next(
            ((kind, match["uri"][key].word) for key, kind in _URI_KINDS.items() if match["uri"][key].is_set),
            ("PathPrefix", EVERYTHING),
        )
        asked = [f"headers {key}" for key, _ in match["headers"].entries()]
        yield Match(
            at=match["uri"] if match["uri"].is_set else match,
            kind=kind,
            path=path,
            method=match.at("method", "exact").word,
            more=tuple(sorted(asked)),
        )


def _destination(thing: Object, end: View) -> Backend:
    name, _, rest = end["host"].word.partition(".")
    return Backend(
        at=end["host"],
        name=name,
        namespace=rest.partition(".")[0] or thing.namespace,
        port=end.at("port", "number"),
    )


_READERS: Final[Mapping[str, Callable[[Object], Iterator[Door]]]] = {
    **dict.fromkeys((*edge.REQUEST_ROUTES, *edge.BYTE_ROUTES), _of_route),
    **dict.fromkeys(edge.INGRESSES, _of_ingress),
    **dict.fromkeys(edge.BYTE_INGRESSES, _of_byte_ingress),
    edge.VIRTUAL_SERVICE: _of_virtual_service,
}


def doors(thing: Object) -> Iterator[Door]:
    """The ways in that `thing` is; none for anything that is no route."""
    reader = _READERS.get(thing.sort)
    if reader:
        yield from reader(thing)


KONG_DOORS: Final = Selector[Door](doors, frozenset(edge.KONG_ROUTES), "every public route")
"""Each way in through Kong."""
DOORS: Final = Selector[Door](doors, frozenset(_READERS), "every public route, Istio's too")
"""Each way in."""
ROUTES: Final = Selector[Object](lambda thing: (thing,), frozenset(_READERS), "every public route, Istio's too")
"""Each object that is a way in."""


def every_door(world: World) -> tuple[Door, ...]:
    """All ways in of the run. One that cannot be read is left to the rules that are asked about it alone."""
    routes = world.of(*sorted(_READERS))
    return tuple(door for thing in routes for door in readable(partial(_all, thing), _NONE))


_NONE: Final[tuple[Door, ...]] = ()


def _all(thing: Object) -> tuple[Door, ...]:
    return tuple(doors(thing))


def covers(prefix: str, match: Match) -> bool:
    """Whether everything `match` lets in lies below `prefix`, on the border of a segment."""
    if match.kind not in ("Exact", "PathPrefix"):
        return False
    whole = prefix.rstrip("/")
    path = match.path.rstrip("/")
    # An encoded slash or a step upwards would be below the prefix for us, and elsewhere for the service.
    if ".." in path or "%" in path or "//" in path:
        return False
    return path == whole or path.startswith(f"{whole}/")
