"""What Kong does to a request: which plugins a route names, and which of them run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.objects import Object
from policies.rules.gw import edge
from policies.rules.gw.routes import Door
from policies.values import View
from policies.world import World

AUTHENTICATE: Final = frozenset({"jwt", "openid-connect", "key-auth", "mtls-auth"})
"""Plugins that ask who is there by something nobody can guess."""
LIMIT: Final = frozenset({"rate-limiting", "rate-limiting-advanced"})
"""Plugins that count requests."""
CODE: Final = frozenset(
    {"pre-function", "post-function", "serverless-functions", "aws-lambda", "azure-functions", "openwhisk"}
)
"""Plugins that run code, or send the request to some."""


@dataclass(frozen=True)
class Named:
    """A plugin some object names."""

    at: View
    namespace: str
    name: str


def named_by(thing: Object) -> Iterator[Named]:
    """The plugins `thing` names in its annotation."""
    at = thing.annotations[edge.PLUGINS_ANNOTATION]
    for word in at.word.split(","):
        if word.strip():
            namespace, _, name = word.strip().rpartition(":")
            yield Named(at, namespace.strip() or thing.namespace, name.strip())


def named_by_door(door: Door) -> Iterator[Named]:
    """Those of the route, and those of its rule."""
    yield from named_by(door.object)
    for at in door.extensions:
        yield Named(at, door.object.namespace, at.word)


def resolved(named: Named, world: World) -> Object | None:
    """The plugin of that name: the namespace's own comes before the cluster's."""
    own = world.named(edge.KONG_PLUGIN, named.namespace, named.name)
    return own or world.named(edge.KONG_CLUSTER_PLUGIN, "", named.name)


def lives_elsewhere(named: Named, world: World) -> bool:
    """Whether it may be an object of another run: its namespace is not of this one."""
    return resolved(named, world) is None and not world.declares(named.namespace)


def everywhere(world: World) -> tuple[Object, ...]:
    """Plugins on every route: the controller takes the cluster's of its class with this label, and no others."""
    return tuple(
        each
        for each in world.of(edge.KONG_CLUSTER_PLUGIN)
        if each.labels["global"].word == "true" and each.annotations["kubernetes.io/ingress.class"].word == "kong"
    )


def kind(plugin: Object) -> str:
    """`jwt`, `rate-limiting` and the like; "" where none is written."""
    return plugin.root["plugin"].word


def runs(plugin: Object) -> bool:
    """Whether it runs on requests as browsers and services send them."""
    protocols = set(plugin.root["protocols"].words)
    return not plugin.root["disabled"].flag and (not protocols or {"http", "https"} <= protocols)


def running(door: Door, world: World) -> Mapping[str, Object]:
    """Kind of plugin → the one that runs. Of several of a kind Kong runs the nearest: route, service, everywhere."""
    found: dict[str, Object] = {}
    for several in (everywhere(world), _of_services(door, world), _of_route(door, world)):
        found |= {kind(plugin): plugin for plugin in several if runs(plugin)}
    return found


def _of_route(door: Door, world: World) -> list[Object]:
    return [plugin for named in named_by_door(door) if (plugin := resolved(named, world))]


def _of_services(door: Door, world: World) -> list[Object]:
    """Those every Service behind the route names: one Service without a plugin is a way past it."""
    behind = [world.named("Service", backend.namespace, backend.name) for backend in door.backends]
    if not behind or None in behind:
        return []
    each = [
        {id(plugin): plugin for named in named_by(service) if (plugin := resolved(named, world))}
        for service in behind
        if service
    ]
    shared = set(each[0]).intersection(*each[1:])
    return [plugin for key, plugin in each[0].items() if key in shared]


def partly_elsewhere(door: Door, world: World) -> bool:
    """Whether a plugin or a Service of this way in may be another run's, so that its absence says nothing here."""
    return any(lives_elsewhere(named, world) for named in named_by_door(door)) or any(
        world.named("Service", backend.namespace, backend.name) is None and not world.declares(backend.namespace)
        for backend in door.backends
    )
