"""What is in the mesh and what is not: namespaces, and the host names that lead to them.

Out of the mesh by decision are the platform's own namespaces except the gateway's, the cluster's, and those that hold
a service's stores: databases speak TLS of their own.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import names, store_names
from policies.core.facts import Facts
from policies.core.world import World
from policies.objects import Object

INJECTION: Final = "istio-injection"
REVISION: Final = "istio.io/rev"
DATAPLANE: Final = "istio.io/dataplane-mode"

SERVICE_ENTRY: Final = "ServiceEntry.networking.istio.io"

_OUTSIDE: Final = frozenset({*names.PLATFORM_NAMESPACES, *names.CLUSTER_NAMESPACES} - {names.KONG, "default"})
"""Never in the mesh. `default` is not among them: what is created there is judged like a service."""


def is_outside(namespace: str, facts: Facts) -> bool:
    """Whether `namespace` is out of the mesh by its name, whatever its labels say."""
    owner = store_names.stores_of(namespace)
    stores = owner != namespace and (facts.services is None or owner in facts.service)
    return namespace in _OUTSIDE or (stores and namespace not in facts.service)


def is_meshed(world: World, namespace: str) -> bool | None:
    """Whether pods of `namespace` get a proxy by its labels; None where the run does not declare it."""
    declared = world.namespaces.get(namespace)
    if declared is None:
        return None
    labels = declared.labels
    return labels[INJECTION].text == "enabled" or labels[REVISION].is_set or labels[DATAPLANE].text == "ambient"


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host as the mesh understands it."""

    name: str
    """In full and in lower case; the key by which two spellings are one."""
    service: str = ""
    namespace: str = ""
    """"" outside the cluster; `*` where a wildcard takes in several namespaces."""


_ENDINGS: Final = (f".svc.{names.DOMAIN}", ".svc")


def host(text: str, own: str, known: Container[str] = ()) -> Host:
    """What `text` means in an object of the namespace `own`. `known` are namespaces: `a.b` is in the cluster if b is
    one of them, because a client's resolver would find it there."""
    name = text.lower().removesuffix(".")
    if name.startswith("*") and _ENDINGS[0].endswith(name[1:]):
        return Host(name=name, service="*", namespace="*")
    if "." not in name:
        return Host(name=f"{name}.{own}{_ENDINGS[0]}", service=name, namespace=own)
    for ending in _ENDINGS:
        if name.endswith(ending):
            service, _, namespace = name.removesuffix(ending).rpartition(".")
            namespace = "*" if namespace.startswith("*") else namespace  # `*-b.svc.cluster.local` is all of a-b too
            return Host(name=f"{service}.{namespace}{_ENDINGS[0]}", service=service, namespace=namespace)
    service, _, namespace = name.rpartition(".")
    if "." not in service and namespace in known:
        return Host(name=f"{name}{_ENDINGS[0]}", service=service, namespace=namespace)
    return Host(name=name)


def host_in(world: World, text: str, own: str) -> Host:
    """`host` with every namespace the run or the catalogue knows."""
    return host(text, own, world.once(known_namespaces))


def known_namespaces(world: World) -> frozenset[str]:
    """Every namespace the run or the catalogue knows. Use as `world.once(known_namespaces)`."""
    return frozenset({*world.namespaces, *world.facts.service, *names.PLATFORM_NAMESPACES, *names.CLUSTER_NAMESPACES})


def is_private(thing: Object) -> bool:
    """Whether `thing` (a route, a rule about a host) is exported to its own namespace alone; the default is to all."""
    return set(thing.spec["exportTo"].words or ("*",)) <= {".", "~", thing.namespace}


def entries(world: World, name: str) -> tuple[Object, ...]:
    """The ServiceEntries that name the host `name`, or a wildcard over it."""
    table = world.once(_entries)
    parts = name.split(".")
    wider = (f"*.{'.'.join(parts[start:])}" for start in range(1, len(parts)))
    return tuple(thing for spelling in (name, *wider) for thing in table.get(spelling, ()))


def _entries(world: World) -> Mapping[str, tuple[Object, ...]]:
    found: dict[str, list[Object]] = {}
    for thing in world.of(SERVICE_ENTRY):
        hosts = thing.spec.value.get("hosts") if isinstance(thing.spec.value, dict) else None
        for text in hosts if isinstance(hosts, list) else ():
            if isinstance(text, str):
                found.setdefault(text.lower().removesuffix("."), []).append(thing)
    return {name: tuple(things) for name, things in found.items()}


def is_in_mesh(world: World, text: str, own: str) -> bool:
    """Whether a request to the host `text`, named in the namespace `own`, reaches a sidecar proxy."""
    meant = host_in(world, text, own)
    if not meant.namespace:
        return any(thing.spec["location"].text == "MESH_INTERNAL" for thing in entries(world, meant.name))
    if meant.namespace == "*":
        return True
    declared = is_meshed(world, meant.namespace)
    if declared is not None:
        return declared
    return not is_outside(meant.namespace, world.facts) and meant.namespace in {own, *world.facts.service}
