"""Where routes lead: to a Service that is there, and to nothing that was meant to stay inside."""

import re
from collections.abc import Iterator
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.offering import Provide
from policies.core.rule import CRITICAL, HIGH, Violation
from policies.core.world import World
from policies.objects import Object
from policies.objects.selectors import texts
from policies.objects.values import View
from policies.rules.gw.declared import ends, opened
from policies.rules.gw.group import GW, ROUTE
from policies.rules.gw.plugins import rewritten
from policies.rules.gw.route import EVERYTHING, Backend, Match, Route, covers, is_stripped_as_declared
from policies.rules.gw.routes import ROUTES, ROUTES_OF_KONG


@GW.stack(
    "gw-backend-exists",
    "M/M/M",
    HIGH,
    ROUTES_OF_KONG,
    why="A route to a missing Service answers 503, and anyone who creates that Service receives the requests.",
    cure="Point the route at a Service, a port and pods that exist",
    where="services/{service}.yaml: spec.provides.port",
    sources=("Kubescape dangling-ingress", "KubeLinter dangling-ingress"),
)
def backend_exists(route: Route, world: World) -> Iterator[Violation]:
    """Absence is judged in the namespaces of services and of their stores: elsewhere charts make Services too."""
    if not route.backends and not route.redirects:
        yield Violation(route.rule, "leads nowhere")
    for backend in route.backends:
        service = world.named("Service", backend.namespace, backend.name)
        whole = backend.namespace in world.service_namespaces or backend.namespace in world.data_namespaces
        if service is None:
            if whole:
                yield Violation(
                    backend.at, f"leads to {backend.namespace}/{backend.name}, and there is no such Service"
                )
            continue
        if not _has_port(service, backend.port):
            yield Violation(backend.port, f"is {backend.port.value}, and {service.title} has no such port")
        if not service.spec["selector"].keys:
            yield Violation(backend.at, f"leads to {service.title}, which selects no pods")
        elif whole and not _selects_any(service, world):
            yield Violation(backend.at, f"leads to {service.title}, whose selector matches no pods")


def _has_port(service: Object, wanted: View) -> bool:
    key = "name" if isinstance(wanted.value, str) else "port"
    ports = tuple(service.spec["ports"])
    if not wanted.is_set:
        return len(ports) == 1
    asked = wanted.word if key == "name" else wanted.number
    return any((port.word if key == "name" else port.number) == asked for port in (each[key] for each in ports))


def _selects_any(service: Object, world: World) -> bool:
    wanted = texts(service.spec["selector"]).items()
    return any(wanted <= workload.labels.items() for workload in world.workloads_in(service.namespace))


_WORDS: Final = re.compile(r"[a-z0-9_-]+")
PRIVATE: Final = frozenset({"metrics", "actuator", "debug", "pprof"})
"""Parts of paths by which frameworks tell about themselves."""


@GW.stack(
    "gw-internal-not-routed",
    "M/M/M",
    CRITICAL,
    ROUTES,
    why="An API for callers inside is not built for the internet; metrics and debug pages reveal how to attack it.",
    cure="Expose the API with a route in the catalogue, or drop this one",
    where=ROUTE,
    sources=("OWASP K8s K06",),
)
def internal_not_routed(route: Route, world: World) -> Iterator[Violation]:
    """What is public is what the catalogue routes or opens. Without one only the paths that are never public count."""
    for match in route.matches:
        if PRIVATE & set(_WORDS.findall(match.path.lower())):
            yield Violation(match.at, "exposes what a service tells about itself")
    if world.facts.services is None or route.redirects:
        return
    for at, on in rewritten(route, world):
        yield Violation(at, "has the service asked for another path than the catalogue routes", on=on)
    if route.rule["delegate"].is_set:
        yield Violation(route.rule["delegate"], "leads wherever another VirtualService says")
    if opened(route, world):
        return
    for backend in route.backends:
        service = world.facts.service.get(backend.namespace)
        provides = [provide for provide in service.spec.provides if provide.route] if service else []
        if service is None or not provides:
            yield Violation(
                backend.at, f"leads to {backend.namespace}/{backend.name}, which the catalogue keeps inside"
            )
            continue
        # A route without paths, as of TCP, takes every path.
        for match in route.matches or (Match(at=route.rule, kind="PathPrefix", path=EVERYTHING),):
            exposing = [provide.route for provide in provides if _exposes(service, provide, backend, match, world)]
            if not exposing:
                port = f" on port {backend.port.value}" if backend.port.is_known and backend.port.is_set else ""
                yield Violation(match.at, f"is no public path of {service.name}{port}")
            elif not any(each and is_stripped_as_declared(route, match, each) for each in exposing):
                yield Violation(
                    route.strips or match.at, "has the service asked for another path than the catalogue routes"
                )


def _exposes(service: Service, provide: Provide, backend: Backend, match: Match, world: World) -> bool:
    if not provide.route or not any(covers(path, match) for path in provide.route.paths):
        return False
    ports = service.spec.service.ports if service.spec.service else {}
    port = ports.get(provide.port)
    asked = backend.port.word if isinstance(backend.port.value, str) else backend.port.number
    return asked is None or bool(
        port and asked in (port.port, provide.port) and ends(backend, asked, ports, world) <= {port.target}
    )
