"""Reads every kind of route, of the Gateway API, Kong and Istio, into the same `Route`: one per rule."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from policies.core.rule import Selector
from policies.core.world import World
from policies.objects import Object
from policies.objects.readable import readable
from policies.objects.values import MalformedError, UndeterminedError, View
from policies.rules.gw import group
from policies.rules.gw.route import EVERYTHING, Backend, Match, Route
from policies.rules.gw.virtual_services import of_virtual_service


def _of_route(thing: Object) -> Iterator[Route]:
    """HTTPRoute, GRPCRoute and those without requests. A route between services (GAMMA) is not public."""
    parents = tuple(thing.spec["parentRefs"])
    if parents and all(parent["kind"].text == "Service" for parent in parents):
        return
    hosts, reads = tuple(thing.spec["hostnames"]), thing.sort == group.REQUEST_ROUTES[0]
    for rule in thing.spec["rules"]:
        filters = tuple(rule["filters"])
        redirect = [each["requestRedirect"] for each in filters if each["type"].text == "RequestRedirect"]
        mirrors = tuple(each.at("requestMirror", "backendRef") for each in filters if each["requestMirror"].is_set)
        paths = (each.at("urlRewrite", "path") for each in filters)
        yield Route(
            object=thing,
            rule=rule,
            hosts=hosts,
            matches=tuple(_MATCHES.get(thing.sort, _none)(rule)),
            backends=tuple(_backends(thing, (*rule["backendRefs"], *mirrors))),
            redirects=rule["backendRefs"].is_empty
            and any(each["scheme"].text == "https" and not each["hostname"].is_set for each in redirect),
            extensions=tuple(_extensions(filters)) if reads else (),
            protocols=thing.once(_protocols),
            rewrites=(*(path for path in paths if path.is_set), *thing.once(_rewrites)),
            strips=thing.once(_strips),
        )


def _extensions(filters: tuple[View, ...]) -> Iterator[View]:
    """Kong knows no other kind here, and reads the filters of no other route than an HTTPRoute."""
    for each in filters:
        reference = each["extensionRef"]
        if (reference["group"].word, reference["kind"].word) == ("configuration.konghq.com", "KongPlugin"):
            yield reference["name"]


_SPOKEN: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(group.INGRESSES, frozenset({"http", "https"})),
    **dict(zip(group.REQUEST_ROUTES, (frozenset({"http", "https"}), frozenset({"grpc", "grpcs"})), strict=True)),
}


def _protocols(thing: Object) -> frozenset[str]:
    own = _SPOKEN.get(thing.sort, frozenset[str]())
    asked = {word.strip() for word in thing.annotations[group.PROTOCOLS_ANNOTATION].word.split(",")} - {""}
    return frozenset(asked) if own and asked else own


def _rewrites(thing: Object) -> tuple[View, ...]:
    """The annotation by which Kong changes the path to another."""
    rewrites = thing.annotations["konghq.com/rewrite"]
    return (rewrites,) if rewrites.is_set else ()


def _strips(thing: Object) -> View | None:
    """The annotation by which Kong takes the path off that was matched."""
    strips = thing.annotations["konghq.com/strip-path"]
    return strips if strips.word.lower() == "true" else None


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
    zip(group.REQUEST_ROUTES, (_matches, _calls), strict=True)
)


def _more(match: View) -> tuple[str, ...]:
    asked = [
        (field, each["type"].word or "Exact", each["name"].word.lower(), each["value"].word)
        for field in ("headers", "queryParams")
        for each in match[field]
    ]
    return tuple(sorted(" ".join(words) for words in asked))


def _backends(thing: Object, references: tuple[View, ...]) -> Iterator[Backend]:
    for each in references:
        yield Backend(
            at=each,
            name=each["name"].word,
            namespace=each["namespace"].word or thing.namespace,
            port=each["port"],
        )


_INGRESS_KINDS: Final[Mapping[str, str]] = {"Exact": "Exact", "ImplementationSpecific": "Beginning"}


def _of_ingress(thing: Object) -> Iterator[Route]:
    spec = thing.spec
    default = spec["defaultBackend"] if spec["defaultBackend"].is_set else spec["backend"]
    if default.is_set:
        match = Match(at=default, kind="PathPrefix", path=EVERYTHING)
        yield _ingress_route(thing, default, (), match, default)
    for rule in spec["rules"]:
        hosts = (rule["host"],) if rule["host"].word else ()
        for path in rule.at("http", "paths"):
            kind = _INGRESS_KINDS.get(path["pathType"].word, "PathPrefix")
            value = path["path"].word or EVERYTHING
            if value.startswith("/~"):  # Kong's spelling of a regular expression
                kind = "RegularExpression"
            at = path["path"] if path["path"].is_set else path
            yield _ingress_route(thing, path, hosts, Match(at=at, kind=kind, path=value), path["backend"])


def _ingress_route(thing: Object, rule: View, hosts: tuple[View, ...], match: Match, backend: View) -> Route:
    service = backend["service"] if backend["service"].is_set else None
    port = service["port"] if service else backend["servicePort"]
    if service:
        port = port["number"] if port["number"].is_set else port["name"]
    name = service["name"].word if service else backend["serviceName"].word
    to = (Backend(at=backend, name=name, namespace=thing.namespace, port=port),) if backend.is_set else ()
    return Route(
        object=thing,
        rule=rule,
        hosts=hosts,
        matches=(match,),
        backends=to,
        protocols=thing.once(_protocols),
        rewrites=thing.once(_rewrites),
        strips=thing.once(_strips),
    )


def _of_byte_ingress(thing: Object) -> Iterator[Route]:
    for rule in thing.spec["rules"]:
        backend = rule["backend"]
        to = Backend(
            at=backend, name=backend["serviceName"].word, namespace=thing.namespace, port=backend["servicePort"]
        )
        hosts = (rule["host"],) if rule["host"].word else ()
        yield Route(object=thing, rule=rule, hosts=hosts, matches=(), backends=(to,), port=rule["port"].number)


_READERS: Final[Mapping[str, Callable[[Object], Iterator[Route]]]] = {
    **dict.fromkeys((*group.REQUEST_ROUTES, *group.BYTE_ROUTES), _of_route),
    **dict.fromkeys(group.INGRESSES, _of_ingress),
    **dict.fromkeys(group.BYTE_INGRESSES, _of_byte_ingress),
    group.VIRTUAL_SERVICE: of_virtual_service,
}


def routes(thing: Object) -> Iterator[Route]:
    """The routes of `thing`, one per rule; none where it is no route object. Raises UndeterminedError or MalformedError
    behind those that can be read."""
    read, error = thing.once(_read)
    yield from read
    if error:
        raise error


def _read(thing: Object) -> tuple[tuple[Route, ...], MalformedError | UndeterminedError | None]:
    # Once for all rules: one Ingress may hold a thousand routes, and seven rules ask for them.
    found: list[Route] = []
    try:
        found.extend(_READERS.get(thing.sort, _none_of)(thing))
    except (MalformedError, UndeterminedError) as error:
        return tuple(found), error
    return tuple(found), None


def _none_of(_: Object) -> Iterator[Route]:
    yield from ()


ROUTES_OF_KONG: Final = Selector[Route](routes, frozenset(group.KONG_ROUTES), "every public route")
"""Each rule of each route that Kong serves."""
ROUTES: Final = Selector[Route](routes, frozenset(_READERS), "every public route, Istio's too")
"""Each rule of each route, of Istio's too."""
ROUTE_OBJECTS: Final = Selector[Object](lambda thing: (thing,), frozenset(_READERS), "every public route, Istio's too")
"""Each object that holds routes."""


def every_route(world: World) -> tuple[Route, ...]:
    """Every route of the run. An object that cannot be read is left out: the rules that judge it alone report it."""
    objects = world.of(*sorted(_READERS))
    return tuple(route for thing in objects for route in readable(partial(_all, thing), _NONE))


_NONE: Final[tuple[Route, ...]] = ()


def _all(thing: Object) -> tuple[Route, ...]:
    return tuple(routes(thing))
