"""Routes of bytes that the catalogue declares. Nobody is asked for a token on one, so that none beside them passes."""

from collections.abc import Mapping

from blueprint.catalogue.listening import Port
from policies.core.world import World
from policies.rules.gw import group
from policies.rules.gw.route import Backend, Route


def opened(route: Route, world: World) -> bool:
    """Whether the catalogue opens exactly this: one port of the gateway, for one host, to that port of its service.

    Annotations of Kong's change host and protocol past spec: a route with any is another one.
    """
    thing, facts = route.object, world.facts
    service = facts.service.get(thing.namespace)
    ports = service.spec.service.ports if service and service.spec.service else {}
    if not ports or thing.sort != group.BYTE_INGRESSES[0] or len(route.backends) != 1 or len(route.hosts) != 1:
        return False
    if any(key.startswith("konghq.com/") for key, _ in thing.annotations.entries()):
        return False
    backend, host = route.backends[0], route.hosts[0].word.lower()
    if (backend.namespace, backend.name) != (thing.namespace, thing.namespace):
        return False
    settings = facts.settings
    default = (settings.gateway.hosts or (f"api.{settings.domain}",))[0] if settings else host
    return any(
        (public.port, public.host or default) == (route.port, host)
        and backend.port.number == port.port
        and ends(backend, port.port, ports, world) <= {port.target}
        for port in ports.values()
        if (public := port.public)
    )


def ends(backend: Backend, asked: str | float, ports: Mapping[str, Port], world: World) -> set[float | None]:
    """Ports of the pods behind the port `asked` of a Service, those that are known: targetPort may be another."""
    service = world.named("Service", backend.namespace, backend.name)
    behind = [
        port["targetPort"] if port["targetPort"].is_set else port["port"]
        for port in (service.spec["ports"] if service else ())
        if asked in (port["port"].number, port["name"].word)
    ]
    known = [each for each in behind if not isinstance(each.value, str) or each.word in ports]
    return {ports[each.word].target if isinstance(each.value, str) else each.number for each in known}
