"""Every edge there ought to be, from the catalogue alone: what owners declared, and the platform's own."""

from collections.abc import Iterator

from blueprint import names, store_names
from blueprint.vendors import BROKER_PORTS, STORE_PORTS
from policies.core.facts import Facts
from policies.intent.copying import Run, copied_by_runs, is_copied
from policies.intent.drilling import drilled
from policies.intent.edges import Owned, intent
from policies.network.ports import ports
from policies.rules.net.platform import (
    API_SERVER_PORTS,
    BROKERS,
    GATEWAY,
    ISTIOD,
    OPERATED,
    OPERATOR_OF,
    PROMETHEUS,
    PROXY_PROBES,
    XDS_PORT,
    Edge,
    Pods,
    Zone,
    api_server,
    edges_of,
    internet,
    nodes,
    own_edges,
    private,
    resolving,
)


def service_pods(service: str) -> Pods:
    """The pods of `service`."""
    return Pods(namespace=service, name=service, labels=names.selector(service), closed=True)


def store_pods(service: str, resource: str) -> Pods:
    """The pods of a store, by the label its operator puts on them."""
    labels = {f"{names.PREFIX}/resource": resource}
    return Pods(namespace=names.data_namespace(service), name=resource, labels=labels, closed=True)


def migration_pods(service: str, resource: str) -> Pods:
    """The pods that change the schema of a store, by a label that is no Service's."""
    return Pods(
        namespace=service,
        name=names.migrations(resource),
        labels={f"{names.PREFIX}/migration": resource},
        closed=True,
    )


def restored_pods(service: str, resource: str) -> Pods:
    """The pods of a store that is restored from its copies, by the label its operator puts on them."""
    labels = {f"{names.PREFIX}/resource": resource}
    return Pods(namespace=store_names.drill_namespace(service), name=resource, labels=labels, closed=True)


def drill_pods(service: str, resource: str) -> Pods:
    """The pods that restore it."""
    return Pods(
        namespace=store_names.drill_namespace(service),
        name=store_names.drill(resource),
        labels={f"{names.PREFIX}/drill": resource},
        closed=True,
    )


def copier_pods(service: str, resource: str) -> Pods:
    """The pods that ask a store for copies, by a label that is no store's."""
    return Pods(
        namespace=names.data_namespace(service),
        name=store_names.copier(resource),
        labels={store_names.COPIER: resource},
        closed=True,
    )


def edges(facts: Facts) -> Iterator[Edge]:
    """All of them."""
    yield from own_edges(facts)
    declared = intent(facts)
    for call in declared.calls:
        if call.port:
            source, target = service_pods(call.caller.name), service_pods(call.provider.name)
            why = f"{call.caller.name} consumes {call.consume.api}"
            yield Edge(source=source, target=target, ports=_tcp(call.port), why=why)
    for entrance in declared.entrances:
        if entrance.port:
            why = f"the gateway routes to {entrance.service.name}/{entrance.provide.api}"
            target = service_pods(entrance.service.name)
            yield Edge(source=GATEWAY, target=target, ports=_tcp(entrance.port), why=why)
    for opening in declared.openings:
        why = f"the gateway leads to {opening.service.name}'s public port {opening.name}"
        target = service_pods(opening.service.name)
        yield Edge(source=GATEWAY, target=target, ports=_tcp(opening.port), why=why)
    for owned in declared.stores:
        yield from _store(owned, facts)
    for owned in drilled(facts):
        yield from _drilling(owned, facts)
    for owned, run in copied_by_runs(facts):
        yield from _copying(owned, run, facts)
    for service in declared.services:
        pods = service_pods(service.name)
        for broker in declared.brokers(service):
            why = f"{service.name} has an account at {broker}"
            yield Edge(source=pods, target=BROKERS[broker], ports=_tcp(*BROKER_PORTS[broker]), why=why)
        for host in service.spec.egress:
            why = f"{service.name} reaches {host.host}"
            zone = private(host.host, host.cidrs, facts) if host.cidrs else internet(facts)
            yield Edge(source=pods, target=zone, ports=_tcp(host.port), why=why)
        yield from edges_of(service, pods, facts)


def stores(facts: Facts) -> Iterator[Pods]:
    """The stores of every service."""
    for owned in intent(facts).stores:
        yield store_pods(owned.service.name, owned.name)


def migrations(facts: Facts) -> Iterator[Pods]:
    """The migrations of every service."""
    for owned in intent(facts).stores:
        if owned.migrations and _is_operated(owned, facts):
            yield migration_pods(owned.service.name, owned.name)


def drills(facts: Facts) -> Iterator[Pods]:
    """What restores the stores of every service from their copies, and what is restored."""
    for owned in drilled(facts):
        yield drill_pods(owned.service.name, owned.name)
        yield restored_pods(owned.service.name, owned.name)


def copiers(facts: Facts) -> Iterator[Pods]:
    """What asks the stores of every service for copies."""
    for owned, _ in copied_by_runs(facts):
        yield copier_pods(owned.service.name, owned.name)


def _placement(owned: Owned, facts: Facts) -> str:
    return getattr(facts.settings.data, owned.store.type) if facts.settings else "operator"


def _is_operated(owned: Owned, facts: Facts) -> bool:
    """Whether an operator that is installed runs it."""
    return _placement(owned, facts) == "operator" and owned.store.type in OPERATED


def _store(owned: Owned, facts: Facts) -> Iterator[Edge]:
    service, engine, placement = owned.service.name, owned.store.type, _placement(owned, facts)
    store, why = store_pods(service, owned.name), f"{service} owns {engine} {owned.name}"
    source, ports_ = service_pods(service), _tcp(*STORE_PORTS[engine])
    yield Edge(source=source, target=store, ports=ports_, why=why, must=placement == "operator")
    if _is_operated(owned, facts):
        yield from _operated(store, engine, facts)
        if metrics := OPERATED[engine].metrics:
            yield Edge(source=PROMETHEUS, target=store, ports=_tcp(metrics), why="platform edge metrics")
        if owned.migrations:
            yield from _migrating(owned, store, facts)
        if OPERATED[engine].copies and is_copied(owned, facts):
            yield Edge(source=store, target=internet(facts), ports=_tcp(443), why="its copies go to a bucket")
    else:
        yield Edge(source=store, target=store, ports=ports("TCP", 1, 65535), why="replication", must=False)
        yield from resolving(store, facts, must=False)


def _operated(store: Pods, engine: str, facts: Facts) -> Iterator[Edge]:
    """What the pods of a store that an operator runs need besides their owner, one that is restored among them."""
    of = OPERATED[engine]
    yield from resolving(store, facts, f"the pods of {store.name} resolve names")
    yield Edge(source=store, target=store, ports=_tcp(*of.peers), why="its pods follow each other")
    yield Edge(source=OPERATOR_OF[engine], target=store, ports=_tcp(*of.operated), why="its operator asks it")
    if of.probed and (probing := nodes(facts)):
        zone = Zone(name="the nodes", must=probing, may=probing)
        yield Edge(source=zone, target=store, ports=_tcp(*of.probed), why="platform edge kubelet")
    if of.asks_api_server and (there := api_server(facts)):
        zone = Zone(name="the API server", must=there, may=there)
        yield Edge(source=store, target=zone, ports=API_SERVER_PORTS, why="its pods follow their own object")


def _migrating(owned: Owned, store: Pods, facts: Facts) -> Iterator[Edge]:
    """What the pods that change its schema need: names, their proxy's configuration, and that store."""
    service, pods = owned.service.name, migration_pods(owned.service.name, owned.name)
    why = f"the migrations of {service} change the schema of {owned.name}"
    yield Edge(source=pods, target=store, ports=_tcp(*STORE_PORTS[owned.store.type]), why=why)
    yield from resolving(pods, facts, f"the migrations of {service} resolve names")
    if facts.mesh == "sidecar":
        yield Edge(source=pods, target=ISTIOD, ports=XDS_PORT, why="platform edge istiod")
        if probing := nodes(facts):
            zone = Zone(name="the nodes", must=probing, may=probing)
            yield Edge(source=zone, target=pods, ports=PROXY_PROBES, why="platform edge kubelet")


def _drilling(owned: Owned, facts: Facts) -> Iterator[Edge]:
    """What a drill needs: the API server for the one object it makes, and what it restores; that needs its operator
    and the bucket. Nobody else, the service least of all."""
    engine, restored = owned.store.type, restored_pods(owned.service.name, owned.name)
    pods = drill_pods(owned.service.name, owned.name)
    yield from _operated(restored, engine, facts)
    yield Edge(source=restored, target=internet(facts), ports=_tcp(443), why="it is restored from a bucket")
    yield from resolving(pods, facts, f"the drill of {owned.name} resolves names")
    why = f"the drill asks whether {owned.name} was restored"
    yield Edge(source=pods, target=restored, ports=_tcp(*STORE_PORTS[engine]), why=why)
    if there := api_server(facts):
        zone = Zone(name="the API server", must=there, may=there)
        yield Edge(source=pods, target=zone, ports=API_SERVER_PORTS, why="the drill makes and removes one object")


def _copying(owned: Owned, run: Run, facts: Facts) -> Iterator[Edge]:
    """What a run needs that copies a store: that store, and the bucket where it removes old copies itself."""
    service, pods = owned.service.name, copier_pods(owned.service.name, owned.name)
    why = f"{owned.name} is asked for copies"
    yield from resolving(pods, facts, f"the run that copies {owned.name} resolves names")
    yield Edge(source=pods, target=store_pods(service, owned.name), ports=_tcp(run.port), why=why)
    if run.reaches_bucket:
        yield Edge(source=pods, target=internet(facts), ports=_tcp(443), why="its copies are in a bucket")


def _tcp(*numbers: int) -> int:
    found = 0
    for number in numbers:
        found |= ports("TCP", number)
    return found
