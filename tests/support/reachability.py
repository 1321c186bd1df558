"""Who ought to reach whom, derived from the catalogue's text alone; and the comparison with what an analyser finds.

Nothing of `blueprint` or `manifests` is imported: the text is read by `tests.support.stack_text`, the platform's edges
are the tables `_service_edges` and `_platform`, and labels, ports and namespaces are written out a second time. A rule
that is wrong in the derivation would otherwise be wrong here too, and the two would agree.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.analyser import LAYERS, TOGETHER, Asked, Manifest, analysed, key
from tests.support.connections import ANY, Atom, Connections, Pair, difference, normal
from tests.support.stack_text import API_SERVER, CACHE, INTERNET, NODES, Specs, Stack
from tests.support.standing import (
    BROKERS,
    COLLECTOR,
    CONTROLLER,
    DNS,
    DNS_CACHE,
    GATEWAY,
    ISTIOD,
    OPERATORS,
    PROMETHEUS,
    REDIS,
    ROLLOUTS,
    SOLVER,
    VELERO,
    Standing,
    drills,
    stand_ins,
)

STORE_PORTS: Final[Mapping[str, tuple[int, ...]]] = {
    "clickhouse": (8443, 9440),
    "elasticsearch": (9200,),
    "mongodb": (27017,),
    "mysql": (3306,),
    "opensearch": (9200,),
    "postgres": (5432,),
    "redis": (6379,),
    "valkey": (6379,),
}
OPERATED: Final[Mapping[str, tuple[tuple[int, ...], tuple[int, ...], int | None, tuple[int, ...], bool]]] = {
    "clickhouse": ((8443,), (9010, 9281, 9440, 9444), None, (8443, 9182, 9281), False),
    "elasticsearch": ((9200,), (9200, 9300), None, (), False),
    "mongodb": ((27017,), (27017,), None, (), False),
    "mysql": ((3306, 5555), (3306,), None, (5566,), True),
    "opensearch": ((9200,), (9200, 9300), None, (9200,), False),
    "postgres": ((5432, 8000), (5432, 8000), 9187, (8000,), True),
    "redis": ((6379, 26379), (6379, 26379), None, (), False),
    "valkey": ((6379, 26379), (6379, 26379), None, (), False),
}
"""Engine → ports its operator asks, ports among its pods, metrics, probes; whether its pods ask the API server."""
COPIED: Final = ("clickhouse", "elasticsearch", "mongodb", "mysql", "postgres")
"""Engines whose pods write copies to a bucket."""
RUNS: Final[Mapping[str, tuple[int, bool]]] = {
    "clickhouse": (9440, True),
    "elasticsearch": (9200, False),
    "redis": (6379, True),
    "valkey": (6379, True),
}
"""Engines that a run beside them asks for copies: on which port, and whether the run reaches the bucket as well."""
BROKER_PORTS: Final[Mapping[str, int]] = {"kafka": 9094, "nats": 4222, "rabbitmq": 5671}
ACCOUNTS: Final[Mapping[str, str]] = {"kafka": "kafka", "nats": "nats", "amqp": "rabbitmq"}


@dataclass(frozen=True, kw_only=True)
class Edge:
    """One connection somebody declared."""

    source: str
    target: str
    ports: tuple[int, ...]
    transports: tuple[str, ...] = ("tcp",)
    asks: tuple[tuple[str, str, str], ...] = ((ANY, ANY, ANY),)
    """Method, path and token of what may be asked."""


def pods(service: str) -> str:
    """The pods of `service` as the analyser calls them."""
    return f"{service}/{service}"


def edges(specs: Specs, stack: Stack) -> Iterator[Edge]:
    """Every edge there ought to be."""
    carried = {
        publish["channel"]: publish.get("broker", stack.default_broker)
        for spec in specs.values()
        for publish in spec.get("events", {}).get("publishes", ())
    }
    for name, spec in specs.items():
        for consume in spec.get("consumes", ()):
            provider, _, api = consume["api"].partition("/")
            yield _call(pods(name), provider, specs[provider], api, consume.get("operations"))
        for provide in spec.get("provides", ()):
            if "route" in provide:
                yield _entrance(name, spec, provide)
        for port in spec.get("service", {}).get("ports", {}).values():
            if "public" in port:
                yield Edge(source=GATEWAY.end, target=pods(name), ports=(_listened(port),))
        resources = spec.get("resources", {})
        for resource, of in resources.items():
            if of["type"] in STORE_PORTS:
                store = f"{name}-data/{resource}"
                yield Edge(source=pods(name), target=store, ports=STORE_PORTS[of["type"]])
                yield from _operated(of["type"], store, stack)
                yield from _migrating(name, resource, of, stack)
                if stack.copies and of["type"] in COPIED and of.get("backup") != "none":
                    yield Edge(source=store, target=INTERNET, ports=(443,))
                yield from _copying(store, of, stack)
        yield from _drilling(name, spec, stack)
        events = spec.get("events", {})
        brokers = {ACCOUNTS[of["type"]] for of in resources.values() if of["type"] in ACCOUNTS}
        brokers |= {carried[one["channel"]] for way in ("publishes", "subscribes") for one in events.get(way, ())}
        for broker in brokers:
            yield Edge(source=pods(name), target=BROKERS[broker].end, ports=(BROKER_PORTS[broker],))
        for host in spec.get("egress", ()):
            for place in host.get("cidrs") or (INTERNET,):
                yield Edge(source=pods(name), target=place, ports=(host.get("port", 443),))
        yield from _service_edges(name, spec, stack)
    yield from _platform(stack)


def _operated(engine: str, store: str, stack: Stack, *, read: bool = True) -> Iterator[Edge]:
    """The named edges of a store that an operator runs; `read`: and whose metrics somebody reads."""
    if engine not in OPERATED:
        return
    by_operator, among_themselves, metrics, probes, asks = OPERATED[engine]
    yield from _resolving(store, stack)
    yield Edge(source=OPERATORS[engine].end, target=store, ports=by_operator)
    yield Edge(source=store, target=store, ports=among_themselves)
    if metrics and read:
        yield Edge(source=PROMETHEUS.end, target=store, ports=(metrics,))
    if stack.nodes and probes:
        yield Edge(source=NODES, target=store, ports=probes)
    if asks and stack.api_server:
        yield Edge(source=store, target=API_SERVER, ports=(443, 6443))


def _copying(store: str, of: Mapping[str, Any], stack: Stack) -> Iterator[Edge]:
    """A run asks the one store, and nobody else."""
    if stack.copies and of["type"] in RUNS and of.get("backup") != "none":
        (port, reaches_bucket), run = RUNS[of["type"]], f"{store}-copy"
        yield from _resolving(run, stack)
        yield Edge(source=run, target=store, ports=(port,))
        if reaches_bucket:
            yield Edge(source=run, target=INTERNET, ports=(443,))


def _drilling(service: str, spec: Mapping[str, Any], stack: Stack) -> Iterator[Edge]:
    """What is restored comes out of a bucket and is asked by the drill alone."""
    for resource, often in drills(spec).items() if stack.copies else ():
        restored, engine = f"{service}-drill/{resource}", spec["resources"][resource]["type"]
        yield from _operated(engine, restored, stack, read=False)
        yield Edge(source=restored, target=INTERNET, ports=(443,))
        for run in (f"{restored}-{often}", f"{restored}-sweep"):
            yield from _resolving(run, stack)
            yield Edge(source=run, target=restored, ports=STORE_PORTS[engine])
            if stack.api_server:
                yield Edge(source=run, target=API_SERVER, ports=(443, 6443))


def migrations(service: str, spec: Mapping[str, Any]) -> list[str]:
    """The pods that change the schemas of `service`, as the analyser calls them."""
    owned = spec.get("resources", {})
    return [
        f"{service}/{key}.migrations" for key, of in owned.items() if of["type"] in OPERATED and of.get("migrations")
    ]


def _migrating(service: str, resource: str, of: Mapping[str, Any], stack: Stack) -> Iterator[Edge]:
    """Names, the proxy's configuration, and the one store."""
    for end in migrations(service, {"resources": {resource: of}}):
        yield Edge(source=end, target=f"{service}-data/{resource}", ports=STORE_PORTS[of["type"]])
        yield from _resolving(end, stack)
        if stack.meshed:
            yield Edge(source=end, target=ISTIOD.end, ports=(15012,))
            if stack.nodes:
                yield Edge(source=NODES, target=end, ports=(15020, 15021))


def _asked(operation: Mapping[str, Any]) -> tuple[str, str]:
    """(method, path) as it is on the wire; a parameter is any one segment."""
    if "rpc" in operation:
        return "POST", f"/{operation['rpc']}"
    return operation["method"], "/".join("{*}" if part[:1] == "{" else part for part in operation["path"].split("/"))


def _call(source: str, provider: str, spec: Mapping[str, Any], api: str, wanted: Sequence[str] | None) -> Edge:
    provide = next(one for one in spec["provides"] if one["api"] == api)
    port = spec["service"]["ports"][provide["port"]]
    offered = [
        (one["rpc"] if "rpc" in one else f"{one['method']} {one['path']}", _asked(one))
        for one in provide.get("operations", ())
    ]
    asks = tuple((*asked, ANY) for key, asked in offered if not wanted or key in wanted)
    told_apart = provide["type"] == "grpc" or port.get("appProtocol", "http") in ("http", "http2", "grpc")
    return Edge(
        source=source,
        target=pods(provider),
        ports=(_listened(port),),
        asks=asks if asks and told_apart else ((ANY, ANY, ANY),),
    )


def _entrance(name: str, spec: Mapping[str, Any], provide: Mapping[str, Any]) -> Edge:
    route = provide["route"]
    token = "token" if route["auth"]["type"] == "jwt" else ANY
    asks = []
    for prefix in {"" if route.get("stripPath") else path.rstrip("/") for path in route["paths"]}:
        if provide.get("operations"):
            asked = [_asked(one) for one in provide["operations"]]
            asks += [(method, path, token) for method, path in asked if f"{path}/".startswith(f"{prefix}/")]
        else:
            asks += [(ANY, path, token) for path in ((prefix, f"{prefix}/{{**}}") if prefix else ("/{**}",))]
    port = _listened(spec["service"]["ports"][provide["port"]])
    return Edge(source=GATEWAY.end, target=pods(name), ports=(port,), asks=tuple(asks))


def _listened(port: Mapping[str, Any]) -> int:
    """The pods' port: the Service has led there before a policy looks."""
    number: int = port.get("targetPort", port["port"])
    return number


def _service_edges(name: str, spec: Mapping[str, Any], stack: Stack) -> Iterator[Edge]:
    """The named platform edges of one service."""
    ports = {key: _listened(of) for key, of in spec.get("service", {}).get("ports", {}).items()}
    yield from _resolving(pods(name), stack)
    yield Edge(source=pods(name), target=COLLECTOR.end, ports=(4317, 4318))
    if stack.meshed:
        yield Edge(source=pods(name), target=ISTIOD.end, ports=(15012,))
        yield Edge(source=PROMETHEUS.end, target=pods(name), ports=(15020,))
        probed = {15020, 15021}
    else:
        reported = spec.get("observability", {}).get("metrics", {})
        plain = [key for key in ports if spec["service"]["ports"][key].get("appProtocol", "http") == "http"]
        default = "metrics" if "metrics" in plain else next(iter(plain), None)
        read = None if reported == "none" else reported.get("port", default)
        if read:
            yield Edge(source=PROMETHEUS.end, target=pods(name), ports=(ports[read],))
        probes = [
            ports[way["port"]] if way["port"] in ports else way["port"]
            for container in spec["containers"].values()
            for kind in ("livenessProbe", "readinessProbe", "startupProbe")
            for way in (container.get(kind, {}) if container.get(kind) != "none" else {}).values()
            if isinstance(way, dict) and "port" in way
        ]
        left_open = {"livenessProbe", "readinessProbe"} - spec["containers"]["main"].keys()
        probed = {*probes, *(list(ports.values())[:1] if left_open else ())}
    if stack.nodes and probed:
        yield Edge(source=NODES, target=pods(name), ports=tuple(sorted(probed)))


def _resolving(source: str, stack: Stack) -> Iterator[Edge]:
    """The resolver, and where there is one the cache on the node: on the host's network, or a pod led to."""
    for target in (DNS.end, *((DNS_CACHE.end, CACHE) if stack.caches else ())):
        yield Edge(source=source, target=target, ports=(53,), transports=("tcp", "udp"))


def _platform(stack: Stack) -> Iterator[Edge]:
    """The named edges of the platform itself."""
    for source in (GATEWAY, PROMETHEUS, COLLECTOR, REDIS):
        yield from _resolving(source.end, stack)
    for of in stack.zones:
        yield Edge(source=of.name, target=GATEWAY.end, ports=(8000, 8443, *stack.streams))
    if stack.nodes:
        yield Edge(source=NODES, target=GATEWAY.end, ports=(8100, 15020, 15021) if stack.meshed else (8100,))
    yield Edge(source=CONTROLLER.end, target=GATEWAY.end, ports=(8444,))
    yield Edge(source=PROMETHEUS.end, target=GATEWAY.end, ports=(8100,))
    yield Edge(source=GATEWAY.end, target=COLLECTOR.end, ports=(4317, 4318))
    yield Edge(source=GATEWAY.end, target=REDIS.end, ports=(6379,))
    if stack.acme:
        yield Edge(source=GATEWAY.end, target=SOLVER.end, ports=(8089,))
    yield Edge(source=ROLLOUTS.end, target=PROMETHEUS.end, ports=(9090,))
    if stack.meshed:
        yield Edge(source=GATEWAY.end, target=ISTIOD.end, ports=(15012,))
    if stack.objects_copied:
        yield from _resolving(VELERO.end, stack)
        yield Edge(source=PROMETHEUS.end, target=VELERO.end, ports=(8085,))
        yield Edge(source=VELERO.end, target=INTERNET, ports=(443,))
        if stack.nodes:
            yield Edge(source=NODES, target=VELERO.end, ports=(8085,))
        if stack.api_server:
            yield Edge(source=VELERO.end, target=API_SERVER, ports=(443, 6443))


def _by_namespace(specs: Specs, stack: Stack, question: Asked) -> Iterator[Edge]:
    """What one end alone leaves open to other pods beside a service's: these two rules know services by their
    namespaces, so that a new service changes no object of the platform's. The other pods' own NetworkPolicies are what
    closes them."""
    for name, spec in specs.items():
        for end in (f"{name}/a-stray", *migrations(name, spec)):
            if question.ways_in and not question.ways_out:
                yield Edge(source=end, target=COLLECTOR.end, ports=(4317, 4318))
            if question.ways_out and not question.ways_in and stack.meshed:
                yield Edge(source=PROMETHEUS.end, target=end, ports=(15020,))


def _standing(specs: Specs, stack: Stack) -> Sequence[Standing]:
    return stand_ins(specs, meshed=stack.meshed, copies=stack.copies, objects_copied=stack.objects_copied)


def expected(specs: Specs, stack: Stack, question: Asked) -> Connections:
    """What ought to be allowed when only the policies of `question` count.

    Where no NetworkPolicy counts, everything passes; where only the mesh does, everything but requests to services.
    """
    standing = {one.end: one for one in _standing(specs, stack)}
    changing = {end for name, spec in specs.items() for end in migrations(name, spec)}
    services = {pods(name) for name in specs} | changing
    places = {of.name for of in stack.zones}
    ends = sorted({*standing, *services, *places})
    closed = {end for end in ends if end in services or (end in standing and standing[end].walled)}
    judged = services | {end for end, one in standing.items() if one.service_pod} if stack.meshed else set()
    found: defaultdict[Pair, set[Atom]] = defaultdict(set)
    everything = {Atom("tcp", ANY), Atom("not tcp", ANY)}
    for source in ends:
        for target in ends:
            if {source, target} <= places or (source == target and source in standing and not standing[source].several):
                continue
            if (question.ways_out and source in closed) or (question.ways_in and target in closed):
                continue
            by_proxy = question.admissions and target in judged
            found[source, target] |= (
                {Atom("not tcp", ANY), *(Atom("tcp", str(port)) for port in (15020, 15021, 15090))}
                if by_proxy
                else everything
            )
    for edge in (*edges(specs, stack), *_by_namespace(specs, stack, question)):
        if edge.target in judged and edge.source == NODES and not question.ways_in:
            continue  # said above: the proxy's own ports
        asks = edge.asks if question.admissions and stack.meshed else ((ANY, ANY, ANY),)
        found[edge.source, edge.target] |= {
            Atom(transport, str(port), *ask) for transport in edge.transports for port in edge.ports for ask in asks
        }
    return {pair: normal(atoms) for pair, atoms in found.items() if atoms}


def compared(
    objects: Iterable[Manifest], specs: Specs, stack: Stack, questions: Sequence[Asked] = (TOGETHER, *LAYERS)
) -> tuple[dict[str, list[str]], int]:
    """What differs between `objects` and `specs`, in words, by question; and how many permissions were compared."""
    given = [
        *objects,
        *(made for one in _standing(specs, stack) for made in one.objects()),
    ]
    asked = [question for question in questions if stack.meshed or question.ways_in or question.ways_out]
    with tempfile.TemporaryDirectory() as folder:
        found = analysed(given, asked, Path(folder), zones=stack.zones, issuers=stack.issuers)
    wanted = {question.name: expected(specs, stack, question) for question in asked}
    reported = {name: difference(found[name], wanted[name]) for name in found}
    return reported, sum(len(atoms) for connections in wanted.values() for atoms in connections.values())


def proven(
    objects: Iterable[Manifest], specs: Specs, stack: Stack, questions: Sequence[Asked] = (TOGETHER, *LAYERS)
) -> int:
    """How many permissions were compared and found equal. Raises AssertionError with every difference in words."""
    given = list(objects)
    keys = [key(made) for made in given if made["kind"] in ("AuthorizationPolicy", "NetworkPolicy")]
    twice = sorted({one for one in keys if keys.count(one) > 1})
    assert not twice, f"two policies of one name, of which the cluster keeps one: {twice}"
    reported, count = compared(given, specs, stack, questions)
    lines = [f"{said} [{name}]" for name, differences in reported.items() for said in differences]
    assert not lines, "\n".join(["what is allowed is not what was declared:", *lines])
    return count
