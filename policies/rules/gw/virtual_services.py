"""Public routes of a VirtualService, which bypass Kong and all of its plugins."""

from collections.abc import Iterator, Mapping
from typing import Final

from policies.objects import Object
from policies.objects.values import View
from policies.rules.gw.route import EVERYTHING, Backend, Match, Route

_URI_KINDS: Final[Mapping[str, str]] = {"exact": "Exact", "prefix": "Beginning", "regex": "RegularExpression"}


def is_public(thing: Object) -> bool:
    """Whether a VirtualService is bound to a gateway rather than to the mesh alone."""
    places = {each.word for each in thing.spec["gateways"]}
    for protocol in ("http", "tls", "tcp"):
        for rule in thing.spec[protocol]:
            for match in rule["match"]:
                places |= {each.word for each in match["gateways"]}
    return bool(places - {"mesh"})


def of_virtual_service(thing: Object) -> Iterator[Route]:
    if not is_public(thing):
        return
    hosts = tuple(thing.spec["hosts"])
    for protocol in ("http", "tls", "tcp"):
        for rule in thing.spec[protocol]:
            if _is_inside(rule):
                continue
            mirrors = (rule["mirror"], *(each["destination"] for each in rule["mirrors"]))
            ends = [*(end["destination"] for end in rule["route"]), *(end for end in mirrors if end.is_set)]
            yield Route(
                object=thing,
                rule=rule,
                hosts=hosts,
                matches=tuple(_istio_matches(rule)) if protocol == "http" else (),
                backends=tuple(_destination(thing, end) for end in ends),
                redirects=rule.at("redirect", "scheme").text == "https" and not rule.at("redirect", "authority").is_set,
                rewrites=tuple(each for each in (rule.at("rewrite", key) for key in _REWRITES) if each.is_set),
            )


def _is_inside(rule: View) -> bool:
    """Whether every match is for the mesh alone, as half of each route to an egress gateway is."""
    matches = tuple(rule["match"])
    return bool(matches) and all({each.word for each in match["gateways"]} == {"mesh"} for match in matches)


_REWRITES: Final = ("uri", "uriRegexRewrite")
_READ: Final = frozenset({"gateways", "name", "statPrefix", "uri"})
"""Fields of a match that are no condition, or that are read by themselves."""


def _istio_matches(rule: View) -> Iterator[Match]:
    written = tuple(rule["match"])
    if not written:
        yield Match(at=rule, kind="PathPrefix", path=EVERYTHING)
    for match in written:
        if {each.word for each in match["gateways"]} == {"mesh"}:
            continue
        kind, path = next(
            ((kind, match["uri"][key].word) for key, kind in _URI_KINDS.items() if match["uri"][key].is_set),
            ("PathPrefix", EVERYTHING),
        )
        method = match.at("method", "exact").word
        read = _READ | ({"method"} if method else frozenset())
        asked = [f"{key} {match[key].value!r}" for key in match.keys if key not in read]
        yield Match(
            at=match["uri"] if match["uri"].is_set else match,
            kind=kind,
            path=path,
            method=method,
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
