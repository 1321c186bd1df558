"""Monitors: every workload of a service is scraped, on a port that exists and is open to Prometheus."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from policies.core.rule import HIGH, Violation, sorts
from policies.core.world import Workload, World
from policies.objects import Object
from policies.objects.pods import pods
from policies.objects.readable import readable
from policies.objects.selectors import matcher, selects, texts
from policies.objects.values import View
from policies.rules.obs.group import LONG_RUNNING, OBS, POD_MONITOR, PROMETHEUS, SERVICE_MONITOR, is_watched
from policies.rules.obs.scraping import admitted, lets_in

PROXY: Final[Mapping[str, int]] = {"http-envoy-prom": 15090, "http-monitoring": 15020}
"""Ports of the mesh's proxy, which no pod template declares; 15020 has the service's metrics beside its own."""
UNCAPTURED: Final = frozenset({15020, 15090})
"""Ports the proxy answers itself: no AuthorizationPolicy stands before them."""
PATH: Final = "/metrics"
"""Where Prometheus asks when a monitor does not say."""


@OBS.stack(
    "obs-service-monitor",
    "A/M/M",
    HIGH,
    sorts(SERVICE_MONITOR, POD_MONITOR, *LONG_RUNNING),
    why="A service that is not scraped raises no alert when it fails, and its canaries cannot be measured.",
    cure="Give it a PodMonitor or ServiceMonitor whose port exists, and let Prometheus reach that port",
    where="services/{service}.yaml: spec.observability.metrics",
    sources=("EKS best practices: reliability", "KubeLinter dangling-servicemonitor"),
)
def service_monitor(thing: Object, world: World) -> Iterator[Violation]:
    """A workload without a monitor is a finding where the run holds monitoring objects at all."""
    yield from (_of_workload if thing.sort in LONG_RUNNING else _of_monitor)(thing, world)


@dataclass(frozen=True)
class _Scrape:
    """One port a monitor asks for of one workload; None: there is no such port."""

    at: View
    port: int | None


def _of_monitor(monitor: Object, world: World) -> Iterator[Violation]:
    for prometheus in world.of(PROMETHEUS):
        kind = "serviceMonitor" if monitor.sort == SERVICE_MONITOR else "podMonitor"
        chosen, looked = prometheus.spec[f"{kind}Selector"], prometheus.spec[f"{kind}NamespaceSelector"]
        if not chosen.is_set or not selects(chosen, texts(monitor.labels)):
            yield Violation("metadata.labels", f"is not what {prometheus.title} selects")
        own = monitor.namespace == prometheus.namespace
        if not (selects(looked, _labels_of(monitor.namespace, world)) if looked.is_set else own):
            yield Violation("metadata.namespace", f"is where {prometheus.title} does not look")
    for workload in _watched(monitor, world):
        for scrape in _SCRAPES[monitor.sort](monitor, workload, world):
            if scrape.port is None:
                yield Violation(scrape.at, f"is no port of {workload.object.title}")


def _of_workload(thing: Object, world: World) -> Iterator[Violation]:
    if thing.namespace not in world.service_namespaces or not is_watched(world):
        return
    for workload in world.workloads_in(thing.namespace):
        if workload.object is not thing:
            continue
        monitors = world.once(_watching).get(id(thing), ())
        # A monitor that asks for no port selects the workload and asks it nothing.
        scrapes = [one for each in monitors for one in readable(partial(_scrapes, each, workload, world), _NOTHING)]
        if not scrapes:
            yield Violation("metadata.name", "is watched by no ServiceMonitor and no PodMonitor")
        asked = {(scrape.port, scrape.at["path"].word or PATH) for scrape in scrapes if scrape.port is not None}
        for port in sorted({port for port, _ in asked}):
            if not lets_in(workload, port, world):
                yield Violation("metadata.name", f"has no NetworkPolicy that lets Prometheus reach port {port}")
        guarded = {(port, path) for port, path in asked if port not in UNCAPTURED}
        for port in sorted({port for port, path in guarded if not admitted(workload, port, path, world)}):
            yield Violation("metadata.name", f"has no AuthorizationPolicy that admits Prometheus to port {port}")


_NOTHING: Final[tuple[_Scrape, ...]] = ()


def _scrapes(monitor: Object, workload: Workload, world: World) -> tuple[_Scrape, ...]:
    return tuple(_SCRAPES[monitor.sort](monitor, workload, world))


def _watched(monitor: Object, world: World) -> tuple[Workload, ...]:
    return world.once(_table).get(id(monitor), ())


def _table(world: World) -> Mapping[int, tuple[Workload, ...]]:
    return {
        id(monitor): readable(partial(_selected, monitor, world), _NOBODY)
        for monitor in world.of(SERVICE_MONITOR, POD_MONITOR)
    }


def _watching(world: World) -> Mapping[int, list[Object]]:
    """By `id` of a workload's object, the monitors that select it."""
    found: dict[int, list[Object]] = {}
    for monitor in world.of(SERVICE_MONITOR, POD_MONITOR):
        for workload in _watched(monitor, world):
            found.setdefault(id(workload.object), []).append(monitor)
    return found


_NOBODY: Final[tuple[Workload, ...]] = ()


def _selected(monitor: Object, world: World) -> tuple[Workload, ...]:
    seen = monitor.spec["namespaceSelector"]
    among = seen["matchNames"].words or (monitor.namespace,)
    everywhere = bool(seen["any"].flag)
    chosen = matcher(monitor.spec["selector"])
    places = list(world.once(_by_place)) if everywhere else dict.fromkeys(among)
    if monitor.sort == POD_MONITOR:
        found = [each for name in places for each in world.workloads_in(name) if chosen.selects(each.labels)]
    else:
        services = [one for name in places for one in world.once(_all_services).get(name, ())]
        behind = [world.once(_behind)[id(one)] for one in services if chosen.selects(one.once(_marked))]
        found = list({id(each.object): each for several in behind for each in several}.values())
    return tuple(each for each in found if each.object.sort in LONG_RUNNING)


def _marked(thing: Object) -> Mapping[str, str]:
    return texts(thing.labels)


def _by_place(world: World) -> Mapping[str, None]:
    return dict.fromkeys(workload.namespace for workload in world.workloads)


def _behind(world: World) -> Mapping[int, tuple[Workload, ...]]:
    """By `id` of a Service, the workloads its selector takes: once, and not again for each monitor."""
    return {id(each): readable(partial(_taken, each, world), _NOBODY) for each in world.of("Service")}


def _taken(service: Object, world: World) -> tuple[Workload, ...]:
    wanted = texts(service.spec["selector"]).items()
    bearing = world.once(_bearing)
    # Those with the rarest of the labels: to ask every workload of every Service is the product of the two.
    few = min((bearing.get((service.namespace, *label), ()) for label in wanted), key=len, default=())
    return tuple(each for each in few if wanted <= each.labels.items())


def _bearing(world: World) -> Mapping[tuple[str, str, str], list[Workload]]:
    """Workloads by namespace and each of their labels."""
    found: dict[tuple[str, str, str], list[Workload]] = {}
    for workload in world.workloads:
        for label in readable(partial(_labels, workload), _NO_LABELS).items():
            found.setdefault((workload.namespace, *label), []).append(workload)
    return found


_NO_LABELS: Final[Mapping[str, str]] = {}


def _labels(workload: Workload) -> Mapping[str, str]:
    return workload.labels


def _services(monitor: Object, workload: Workload, world: World) -> Iterator[Object]:
    chosen = matcher(monitor.spec["selector"])
    for service in world.once(_in_front).get(id(workload.object), ()):
        if chosen.selects(service.once(_marked)):
            yield service


def _in_front(world: World) -> Mapping[int, list[Object]]:
    """By `id` of a workload's object, the Services that lead to it."""
    found: dict[int, list[Object]] = {}
    for service in world.of("Service"):
        for workload in world.once(_behind)[id(service)]:
            found.setdefault(id(workload.object), []).append(service)
    return found


def _by_namespace(things: Iterable[Object]) -> Mapping[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for thing in things:
        found.setdefault(thing.namespace, []).append(thing)
    return found


def _all_services(world: World) -> Mapping[str, list[Object]]:
    return _by_namespace(world.of("Service"))


def _of_pods(monitor: Object, workload: Workload, _: World) -> Iterator[_Scrape]:
    for endpoint in monitor.spec["podMetricsEndpoints"]:
        number = endpoint["portNumber"].number
        if number is None and isinstance(endpoint["targetPort"].value, int):
            number = endpoint["targetPort"].number
        name = endpoint["port"].word
        yield _Scrape(endpoint, _container_port(workload, int(number) if number is not None else name))


def _of_services(monitor: Object, workload: Workload, world: World) -> Iterator[_Scrape]:
    for endpoint in monitor.spec["endpoints"]:
        target = endpoint["targetPort"]
        if target.is_set:
            yield _Scrape(endpoint, _container_port(workload, target.value))
            continue
        ports = [
            port
            for service in _services(monitor, workload, world)
            for port in service.spec["ports"]
            if port["name"].word == endpoint["port"].word
        ]
        wanted = next((port["targetPort"] if port["targetPort"].is_set else port["port"] for port in ports), None)
        yield _Scrape(endpoint, _container_port(workload, wanted.value) if wanted else None)


_SCRAPES: Final[Mapping[str, Callable[[Object, Workload, World], Iterator[_Scrape]]]] = {
    SERVICE_MONITOR: _of_services,
    POD_MONITOR: _of_pods,
}


def _container_port(workload: Workload, wanted: object) -> int | None:
    if isinstance(wanted, int):
        return wanted
    if isinstance(wanted, str) and wanted in PROXY:
        return PROXY[wanted]
    ports = [port for pod in pods(workload.object) for each in pod.containers for port in each.view["ports"]]
    found = next((port["containerPort"].number for port in ports if port["name"].word == wanted), None)
    return int(found) if found is not None else None


def _labels_of(namespace: str, world: World) -> Mapping[str, str]:
    declared = world.namespaces.get(namespace)
    return {**(texts(declared.labels) if declared else {}), "kubernetes.io/metadata.name": namespace}
