"""What Kong does to a request: which plugins a route names, and which of them run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from blueprint import names
from policies.core.world import World
from policies.objects import Object
from policies.objects.readable import readable
from policies.objects.values import View
from policies.rules.gw import group
from policies.rules.gw.route import Route

AUTHENTICATE: Final = frozenset({"jwt", "openid-connect", "key-auth", "mtls-auth"})
"""Plugins that authenticate a request by a secret, a key or a signature."""
LIMIT: Final = frozenset({"rate-limiting", "rate-limiting-advanced"})
"""Plugins that count requests."""
CODE: Final = frozenset(
    {
        "pre-function",
        "post-function",
        "serverless-functions",
        "aws-lambda",
        "azure-functions",
        "openwhisk",
        "exit-transformer",
    }
)
"""Plugins that run code, or send the request to some."""
TRANSFORM: Final = frozenset({"request-transformer", "request-transformer-advanced"})
"""Plugins that change a request on its way to the service."""


@dataclass(frozen=True)
class Named:
    """A plugin some object names."""

    by: Object
    at: View
    namespace: str
    name: str


def named_by(thing: Object) -> Iterator[Named]:
    """The plugins `thing` names in its annotation."""
    at = thing.annotations[group.PLUGINS_ANNOTATION]
    for word in at.word.split(","):
        if word.strip():
            namespace, _, name = word.strip().rpartition(":")
            yield Named(thing, at, namespace.strip() or thing.namespace, name.strip())


def named_by_route(route: Route) -> Iterator[Named]:
    """Those of the route, and those of its rule."""
    yield from named_by(route.object)
    for at in route.extensions:
        yield Named(route.object, at, route.object.namespace, at.word)


def resolved(named: Named, world: World) -> Object | None:
    """The plugin of that name that the controller would find: the namespace's own comes before the cluster's."""
    if not _is_granted(named, world):
        return None
    own = world.named(group.KONG_PLUGIN, named.namespace, named.name)
    shared = world.named(group.KONG_CLUSTER_PLUGIN, "", named.name)
    return own or (shared if shared and _is_of_class(shared) else None)


def _is_of_class(plugin: Object) -> bool:
    return plugin.annotations[group.CLASS_ANNOTATION].word == names.GATEWAY_CLASS


GRANT: Final = "ReferenceGrant.gateway.networking.k8s.io"


def _is_granted(named: Named, world: World) -> bool:
    """Whether it may be named from there: by another namespace only where its own grants that."""
    by = named.by
    asks = (by.api_version.rpartition("/")[0], by.kind, by.namespace)
    return named.namespace == by.namespace or any(
        asks in [(each["group"].word, each["kind"].word, each["namespace"].word) for each in grant.spec["from"]]
        and any(
            each["kind"].word == "KongPlugin" and each["name"].word in ("", named.name) for each in grant.spec["to"]
        )
        for grant in world.within(named.namespace, GRANT)
    )


def absence(named: Named, world: World) -> str:
    """Why nothing runs for that name."""
    if not _is_granted(named, world):
        return f"and no ReferenceGrant of {named.namespace} lets {named.by.title} use its plugins"
    if world.named(group.KONG_CLUSTER_PLUGIN, "", named.name):
        return f"a KongClusterPlugin whose class is not {names.GATEWAY_CLASS}, so the controller never looks at it"
    return f"and {named.namespace} has no such plugin"


def lives_elsewhere(named: Named, world: World) -> bool:
    """Whether it may be an object of another run: its namespace is not of this one."""
    return resolved(named, world) is None and not world.declares(named.namespace)


def everywhere(world: World) -> tuple[Object, ...]:
    """Plugins on every route: the controller takes the cluster's of its class with this label, and no others.

    Of two of a kind it takes neither, not even where one of them is switched off.
    """
    plugins = world.of(group.KONG_CLUSTER_PLUGIN)
    asked = [each for each in plugins if each.labels["global"].word == "true" and _is_of_class(each)]
    kinds = [kind(each) for each in asked]
    return tuple(each for each in asked if kinds.count(kind(each)) == 1)


def kind(plugin: Object) -> str:
    """`jwt`, `rate-limiting` and the like; "" where none is written."""
    return plugin.root["plugin"].word


def from_secret(plugin: Object, *fields: str) -> Iterator[View]:
    """Where a Secret sets one of `fields`: it cannot be read here, so the field might be anything."""
    if plugin.root["configFrom"].is_set:
        yield plugin.root["configFrom"]
    for patch in plugin.root["configPatches"]:
        if patch["path"].word.strip("/").partition("/")[0] in ("", *fields):
            yield patch


REQUESTS: Final = frozenset({"http", "https", "grpc", "grpcs"})
"""Protocols whose requests Kong reads. On bytes no plugin asks or counts anything."""


def running(route: Route, world: World) -> Mapping[str, Object]:
    """Kind of plugin → the one that runs on every request. Of several of a kind Kong takes the nearest: route, service,
    everywhere. Two of a kind at one place it refuses, and one for some of the protocols leaves the others open.
    """
    asked = (
        id(route.object),
        route.protocols,
        tuple((backend.namespace, backend.name) for backend in route.backends),
        tuple(at.word for at in route.extensions),
    )
    known = world.once(_known)
    if asked not in known:
        known[asked] = _running(route, world)
    return known[asked]


def _known(_: World) -> dict[tuple[object, ...], Mapping[str, Object]]:
    """What runs on routes, by what decides it: the hundred paths of an Ingress that lead to one Service share it."""
    return {}


def _running(route: Route, world: World) -> Mapping[str, Object]:
    found: dict[str, Object] = {}
    if not route.protocols <= REQUESTS or not _is_kongs(route, world):
        return found
    for several in (everywhere(world), _of_services(route, world), _of_route(route, world)):
        here = {id(plugin): plugin for plugin in several if _protocols(plugin, route) & route.protocols}
        kinds = [kind(plugin) for plugin in here.values()]
        for plugin in here.values():
            found.pop(kind(plugin), None)
            if kinds.count(kind(plugin)) == 1 and route.protocols <= _protocols(plugin, route):
                found[kind(plugin)] = plugin
    return found


def _protocols(plugin: Object, route: Route) -> frozenset[str]:
    """What it runs on; one that names no protocols runs on all of the route's."""
    if plugin.root["disabled"].flag:
        return frozenset()
    return frozenset(plugin.root["protocols"].words) or route.protocols


def _is_kongs(route: Route, world: World) -> bool:
    """Whether Kong takes its requests: on another controller's route an annotation of Kong's means nothing."""
    thing = route.object
    if thing.sort in group.INGRESSES:
        classes = thing.spec["ingressClassName"].word, thing.annotations[group.CLASS_ANNOTATION].word
        return all(_is_ours(group.INGRESS_CLASS, each, world) for each in classes if each)
    gateways = (
        world.named(group.GATEWAY, parent["namespace"].word or thing.namespace, parent["name"].word)
        for parent in thing.spec["parentRefs"]
    )
    return all(_is_ours(group.GATEWAY_CLASS, each.spec["gatewayClassName"].word, world) for each in gateways if each)


def _is_ours(sort: str, name: str, world: World) -> bool:
    """Whether a class is Kong's: by its controller where the run makes it, else by its name."""
    made = world.named(sort, "", name)
    if made is None:
        return name == names.GATEWAY_CLASS
    controller = made.spec["controller" if sort == group.INGRESS_CLASS else "controllerName"].word
    return controller.partition("/")[0].endswith("konghq.com")


def _of_route(route: Route, world: World) -> list[Object]:
    return list(_on_all(named_by_route(route), world).values())


def _of_services(route: Route, world: World) -> list[Object]:
    """Those every Service behind the route names: one Service without a plugin is a way past it."""
    behind = [world.named("Service", backend.namespace, backend.name) for backend in route.backends]
    if not behind or None in behind:
        return []
    each = [_on_all(named_by(service), world) for service in behind if service]
    shared = set(each[0]).intersection(*each[1:])
    return [plugin for key, plugin in each[0].items() if key in shared]


def _on_all(named: Iterable[Named], world: World) -> dict[int, Object]:
    """The plugins that run on every request: one that a consumer names too runs on that consumer's requests alone."""
    narrowed = world.once(_narrowed)
    found = [resolved(each, world) for each in named if (each.namespace, each.name) not in narrowed]
    return {id(plugin): plugin for plugin in found if plugin}


def _narrowed(world: World) -> frozenset[tuple[str, str]]:
    consumers = world.of(*group.CONSUMERS)
    return frozenset(
        (each.namespace, each.name) for consumer in consumers for each in readable(partial(_all, consumer), _NONE)
    )


_NONE: Final[tuple[Named, ...]] = ()


def _all(thing: Object) -> tuple[Named, ...]:
    return tuple(named_by(thing))


def rewritten(route: Route, world: World) -> Iterator[tuple[View, Object]]:
    """What gives the service another path than the one that was matched, and the object that says so."""
    yield from ((at, route.object) for at in route.rewrites)
    services = [world.named("Service", backend.namespace, backend.name) for backend in route.backends]
    for service in filter(None, services):
        before = service.annotations["konghq.com/path"]
        if before.word not in ("", "/"):
            yield before, service
    places = (named_by_route(route), *(named_by(service) for service in services if service))
    plugins = [plugin for named in places for each in named if (plugin := resolved(each, world))]
    for plugin in (*everywhere(world), *plugins):
        if kind(plugin) in TRANSFORM:
            written = plugin.root.at("config", "replace", "uri")
            yield from ((at, plugin) for at in (written, *from_secret(plugin, "replace")) if at.is_set)


def partly_elsewhere(route: Route, world: World) -> bool:
    """Whether a plugin or a Service of this route may be another run's, so that its absence says nothing here.

    The run that declares a route's namespace declares the plugins in it. A VirtualService belongs to the run that
    declares its backends: one at an egress gateway has none here.
    """
    if route.object.sort == group.VIRTUAL_SERVICE:
        return not any(world.declares(backend.namespace) for backend in route.backends)
    if world.declares(route.object.namespace):
        return False
    return any(lives_elsewhere(named, world) for named in named_by_route(route)) or any(
        world.named("Service", backend.namespace, backend.name) is None and not world.declares(backend.namespace)
        for backend in route.backends
    )
