"""Kong itself: who may configure it, and what may run in it."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, Selector, Violation, sorts
from policies.core.world import WORKLOADS
from policies.kubernetes.helm import CHARTS, chart_name
from policies.objects import Object
from policies.objects.pods import pods
from policies.objects.values import View
from policies.rules.gw import group
from policies.rules.gw.group import GW
from policies.rules.gw.plugins import CODE, kind
from policies.rules.gw.routes import routes

ADMIN_PORTS: Final = frozenset({8001, 8002, 8444, 8445})
"""Kong's admin API and manager, plain and with TLS (Kong 3.9, kong.conf.default)."""
OPEN: Final = frozenset({"LoadBalancer", "NodePort"})
"""Types of Services the world or the nodes' network can reach."""
PARTS: Final = ("admin", "manager", "portal", "portalapi")
"""What the kong chart calls what is not for strangers."""
LISTENERS: Final = ("admin_listen", "admin_gui_listen")
LOOPBACK: Final = ("127.", "[::1]", "localhost", "unix:", "off")


@GW.resource(
    "gw-admin-private",
    "M/M/M",
    CRITICAL,
    Selector(
        lambda thing: (thing,),
        frozenset({*CHARTS, *group.KONG_ROUTES, group.VIRTUAL_SERVICE, "Service", *WORKLOADS}),
        "Kong's chart, its Services and pods, and routes to them",
    ),
    why="Anyone who reaches Kong's admin API can send every request, and the token in it, to a server of theirs.",
    cure="Keep admin API, manager and portal on a ClusterIP, with TLS and without a route",
    where="manifests/operators/kong.py",
    sources=("OWASP K8s K06",),
)
def admin_private(thing: Object, _: Facts) -> Iterator[Violation]:
    yield from _PLACES.get(thing.sort, _of_workload)(thing)


def _of_chart(thing: Object) -> Iterator[Violation]:
    chart = chart_name(thing)
    if chart in ("kong", "ingress"):
        values = thing.root["values"]
        for part in (values, values["gateway"], values["controller"]):
            yield from _of_values(part, default="NodePort" if chart == "kong" else "ClusterIP")


def _of_values(values: View, *, default: str) -> Iterator[Violation]:
    """`default`: the type of a Service whose values name none (Kong/charts kong-3.2.0, ingress-0.24.0)."""
    for part in PARTS:
        kind = values[part]["type"]
        if kind.word in OPEN:
            yield Violation(kind, f"is {kind.word}")
        elif not kind.is_set and values[part]["enabled"].flag and default in OPEN:
            yield Violation(kind, f"is not set, which is {default}")
        for plain in ("ingress", "http"):
            enabled = values[part].at(plain, "enabled")
            if enabled.flag and (plain == "ingress" or part == "admin"):
                yield Violation(enabled, "is true")
    for name in LISTENERS:
        yield from _of_listener(values["env"][name])


def _of_listener(listener: View) -> Iterator[Violation]:
    for one in listener.word.split(","):
        words = one.split()
        if words and not words[0].startswith(LOOPBACK) and "ssl" not in words:
            yield Violation(listener, "listens beyond the pod without TLS")


def _of_service(thing: Object) -> Iterator[Violation]:
    if not _is_kongs(thing.namespace, thing.name):
        return
    kind, outside = thing.spec["type"], thing.spec["externalIPs"]
    for port in thing.spec["ports"]:
        target = port["targetPort"]
        numbers = {port["port"].number, None if isinstance(target.value, str) else target.number}
        called = (port["name"].word, target.word if isinstance(target.value, str) else "")
        if not (numbers & ADMIN_PORTS or any(_ADMIN_NAME.search(name) for name in called)):
            continue
        if kind.word in OPEN:
            yield Violation(kind, f"is {kind.word}, with the admin port {port['name'].word or port['port'].quantity}")
        if not outside.is_empty:
            yield Violation(outside, f"is set, with the admin port {port['name'].word or port['port'].quantity}")


_ADMIN_NAME: Final = re.compile(r"admin|manager")


def _is_kongs(namespace: str, name: str) -> bool:
    return namespace == names.KONG or name == "kong" or name.startswith("kong-")


def _of_route(thing: Object) -> Iterator[Violation]:
    for route in routes(thing):
        for backend in route.backends:
            port = backend.port.value if backend.port.is_known else None
            if _is_kongs(backend.namespace, backend.name) and (
                _ADMIN_NAME.search(backend.name)
                or (isinstance(port, str) and _ADMIN_NAME.search(port))
                or (isinstance(port, int) and port in ADMIN_PORTS)
            ):
                yield Violation(
                    backend.at, f"leads to {backend.namespace}/{backend.name}, which configures the gateway"
                )


def _of_workload(thing: Object) -> Iterator[Violation]:
    if thing.namespace != names.KONG:
        return
    for pod in pods(thing):
        for container in pod.containers:
            for variable in container.view["env"]:
                if variable["name"].word.removeprefix("KONG_").lower() in LISTENERS:
                    yield from _of_listener(variable["value"])


_PLACES: Final[Mapping[str, Callable[[Object], Iterator[Violation]]]] = {
    **dict.fromkeys(CHARTS, _of_chart),
    **dict.fromkeys((*group.KONG_ROUTES, group.VIRTUAL_SERVICE), _of_route),
    "Service": _of_service,
}


@GW.resource(
    "gw-no-snippets",
    "M/M/M",
    CRITICAL,
    sorts(
        *group.KONG_ROUTES,
        "Service",
        group.KONG_PLUGIN,
        group.KONG_CLUSTER_PLUGIN,
        "SnippetsFilter.gateway.nginx.org",
    ),
    why="A snippet or a function runs in the gateway itself, which holds every certificate and sees every token.",
    cure="Use a plugin that does one known thing",
    where="services/{service}.yaml: spec.provides.route.requestTransformer",
    sources=("CVE-2021-25742", "CKV_K8S_152", "CKV_K8S_153", "CKV_K8S_154"),
)
def no_snippets(thing: Object, _: Facts) -> Iterator[Violation]:
    for key, value in thing.annotations.entries():
        if value.is_set and key.rpartition("/")[2].lower().rstrip("s").endswith("snippet"):
            yield Violation(value, "is code for the gateway")
    if thing.sort in (group.KONG_PLUGIN, group.KONG_CLUSTER_PLUGIN) and kind(thing) in CODE:
        yield Violation(thing.root["plugin"], f"is {kind(thing)}, which runs code")
    if thing.kind == "SnippetsFilter":
        yield Violation(thing.spec, "is code for the gateway")
