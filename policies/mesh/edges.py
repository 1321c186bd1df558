"""Who may ask what of whom: the edges of `policies.intent`, as Istio's authorization sees them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.catalogue import Service
from blueprint.catalogue.offering import GrpcOperation, HttpOperation, Provide
from policies.core.world import World
from policies.intent.edges import Call, Entrance, Opening, intent, port
from policies.intent.metrics import metrics_of

SEGMENT: Final = "{*}"
"""One segment of a path, as Istio writes it."""
REST: Final = "{**}"
"""Everything from here on."""

SEEN_REQUESTS: Final = frozenset({"http", "http2", "grpc"})
"""Protocols whose requests a proxy can tell apart; of others it knows the port alone."""

VERBS: Final = ("DELETE", "GET", "PATCH", "POST", "PUT")
"""Methods an API may have that names no operations."""
CALLS: Final = ("POST",)
"""That of a remote procedure."""
BYTES: Final = ("",)
"""Where a proxy sees no requests: rules about methods and paths hold for none of them."""

METRICS_PORTS: Final = (15020, 15090)
"""Where a proxy answers Prometheus (Istio: merged metrics, and Envoy's own)."""
PROMETHEUS: Final = "prometheus"
"""Prometheus' service account in the observability namespace."""

_Operation = HttpOperation | GrpcOperation


@dataclass(frozen=True)
class Ask:
    """A method and a path that a caller may request."""

    method: str
    """"" is any."""
    path: tuple[str, ...]
    """Segments."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """What one caller may request on one port: the mesh's half of a declared edge."""

    caller: str
    """As messages name it."""
    identity: str
    """`namespace/account`."""
    port: int | None
    """None: any; nothing in front of the port tells callers apart."""
    asks: tuple[Ask, ...] = ()
    """Empty: anything."""
    offered: tuple[Ask, ...] = ()
    """Every operation of the port, this caller's or not: a template of its own may take in one that is not."""
    methods: tuple[str, ...] = VERBS
    """What its requests have where no operation says so."""
    token: bool = False
    """Whether its requests carry a user's token."""
    needed: bool = True
    """Whether something breaks without it."""
    why: str = ""


def segments(path: str) -> tuple[str, ...]:
    """`path` by its segments; parameters of any name are one word."""
    return tuple(
        SEGMENT if part.startswith("{") and part != REST else part for part in path.removeprefix("/").split("/")
    )


def edges(world: World) -> Mapping[str, tuple[Edge, ...]]:
    """The edges by the namespace they lead into. Use as `world.once(edges)`."""
    declared = intent(world.facts)
    found: dict[str, list[Edge]] = {service.name: [] for service in declared.services}
    for call in declared.calls:
        found[call.provider.name].append(_consumed(call))
    for entrance in declared.entrances:
        found[entrance.service.name].append(_routed(entrance))
    for opening in declared.openings:
        found[opening.service.name].append(_opened(opening))
    owners = {owned.service.name for owned in declared.stores}
    for service in declared.services:
        found[service.name].extend(_scraped(service))
        edge = Edge(caller=service.name, identity=_identity(service), port=None, needed=False)
        if service.name in owners:
            found.setdefault(names.data_namespace(service.name), []).append(edge)
        if declared.brokers(service):
            found.setdefault(names.MESSAGING, []).append(edge)
    return {namespace: tuple(several) for namespace, several in found.items()}


def _identity(service: Service) -> str:
    return f"{service.name}/{names.service_account(service.name)}"


def _consumed(call: Call) -> Edge:
    provider, provide, consume = call.provider, call.provide, call.consume
    used = [each for each in provide.operations if not consume.operations or each.key in consume.operations]
    return Edge(
        caller=call.caller.name,
        identity=_identity(call.caller),
        port=call.port,
        asks=tuple(map(_ask, used)) if _sees_requests(provider, provide) else (),
        offered=_offered(provider, provide),
        methods=_methods(provider, provide),
        why=f"{call.caller.name} consumes {consume.api}",
    )


def _routed(entrance: Entrance) -> Edge:
    service, provide = entrance.service, entrance.provide
    public = provide.route.paths if provide.route else ()
    if provide.route and provide.route.strip_path:  # the proxy sees what the gateway leaves of the path
        public = ("/",)
    prefixes = [segments(path) if path != "/" else () for path in public]
    asks = [_ask(operation) for operation in provide.operations]
    asks = [ask for ask in asks if any(ask.path[: len(prefix)] == prefix for prefix in prefixes)]
    below = (Ask("", path) for prefix in prefixes for path in (prefix or ("",), (*prefix, REST)))
    return Edge(
        caller="the gateway",
        identity=f"{names.KONG}/{names.GATEWAY_ACCOUNT}",
        port=entrance.port,
        asks=tuple(asks) or tuple(below),
        offered=_offered(service, provide),
        methods=_methods(service, provide),
        token=provide.route is not None and provide.route.auth.type != "none",
        why=f"{service.name}/{provide.api} has a public route",
    )


def _opened(opening: Opening) -> Edge:
    return Edge(
        caller="the gateway",
        identity=f"{names.KONG}/{names.GATEWAY_ACCOUNT}",
        port=opening.port,
        methods=BYTES,
        why=f"{opening.service.name}'s port {opening.name} is public",
    )


def _scraped(service: Service) -> Iterator[Edge]:
    """Prometheus may read metrics; it needs no leave, because a proxy's own ports are not guarded."""
    identity = f"{names.OBSERVABILITY}/{PROMETHEUS}"
    for number in METRICS_PORTS:
        yield Edge(caller="Prometheus", identity=identity, port=number, needed=False)
    if read := metrics_of(service):
        number, path = read
        asks = (Ask("GET", segments(path)),)
        yield Edge(caller="Prometheus", identity=identity, port=number, asks=asks, needed=False)


def _ask(operation: _Operation) -> Ask:
    if isinstance(operation, GrpcOperation):
        return Ask("POST", tuple(operation.rpc.split("/")))
    return Ask(operation.method, segments(operation.path))


def _offered(provider: Service, provide: Provide) -> tuple[Ask, ...]:
    own = port(provider, provide)
    beside = (each for each in provider.spec.provides if port(provider, each) == own)
    return tuple(_ask(operation) for each in beside for operation in each.operations)


def _sees_requests(provider: Service, provide: Provide) -> bool:
    ports = provider.spec.service.ports if provider.spec.service else {}
    return provide.type == "grpc" or (provide.port in ports and ports[provide.port].app_protocol in SEEN_REQUESTS)


def _methods(provider: Service, provide: Provide) -> tuple[str, ...]:
    if not _sees_requests(provider, provide):
        return BYTES
    return CALLS if provide.type == "grpc" else VERBS


def within(path: tuple[str, ...], allowed: tuple[str, ...]) -> bool:
    """Whether every path `path` stands for is one `allowed` stands for."""
    for index, part in enumerate(allowed):
        if part == REST:
            return True
        if index >= len(path) or path[index] == REST:
            return False
        if part != path[index] and (part != SEGMENT or not path[index]):
            return False
    return len(path) == len(allowed)
