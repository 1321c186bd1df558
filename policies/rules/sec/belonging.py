"""A secret belongs to one service: nobody else's namespace names it, copies it or hands it out."""

from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.rule import CRITICAL, KUBERNETES, Breach
from policies.core.trust import OURS
from policies.core.world import World
from policies.objects import Object
from policies.objects.values import View
from policies.objects.walking import SecretReference, places, secret_references
from policies.rules.sec.group import SEC, owner

COPIERS: Final = (
    "reflector.v1.k8s.emberstack.com/",
    "replicator.v1.mittwald.de/",
    "kubed.appscode.com/sync",
    "config-syncer.appscode.com/",
)
"""Annotations by which other people's controllers copy an object into other namespaces."""

SPREADERS: Final = frozenset({"ClusterExternalSecret.external-secrets.io", "ClusterPushSecret.external-secrets.io"})
"""Kinds whose purpose is the same secret in many namespaces."""


@SEC.stack(
    "sec-no-cross-namespace",
    "M/M/M",
    CRITICAL,
    KUBERNETES,
    why="A namespace is the wall around a service; a secret that crosses it belongs to nobody any more.",
    cure="Give each service a secret of its own, under its own path of the store",
    where="services/{service}.yaml: spec.resources",
    sources=("EKS best practices: data encryption",),
)
def no_cross_namespace(thing: Object, world: World) -> Iterator[Breach]:
    if thing.sort in SPREADERS:
        yield Breach("", "puts one secret into several namespaces")
    for place in places(thing.root):
        if place.key == "annotations" and isinstance(place.view.value, dict):
            yield from _copied(place.view)
    for said in secret_references(thing):
        yield from _crosses(thing, said)
    yield from SPECIAL.get(thing.sort, _nothing)(thing, world)


def _copied(annotations: View) -> Iterator[Breach]:
    for key, value in annotations.entries():
        if key.startswith(COPIERS) and value.is_set and not (value.is_known and value.value in ("false", False)):
            yield Breach(value, "lets a controller copy it into other namespaces")


def _crosses(thing: Object, said: SecretReference) -> Iterator[Breach]:
    named = said.namespace.word
    if not named or named == thing.namespace:
        return
    # What has no namespace of its own must name one; the platform's it may.
    if thing.namespace or named not in OURS:
        yield Breach(said.namespace, f"takes a Secret out of {named}")


def _grant(thing: Object, _: World) -> Iterator[Breach]:
    for target in thing.spec["to"]:
        if target["kind"].word == "Secret" and target["group"].word in ("", "core"):
            yield Breach(target, "opens this namespace's Secrets to another one")


def _external(thing: Object, world: World) -> Iterator[Breach]:
    for entry in thing.spec["data"]:
        yield from _outside(entry.at("remoteRef", "key"), thing, world)
    for source in thing.spec["dataFrom"]:
        if source["extract"].is_set:
            yield from _outside(source.at("extract", "key"), thing, world)
        if source["find"].is_set:
            yield from _outside(source.at("find", "path"), thing, world)


def _pushed(thing: Object, world: World) -> Iterator[Breach]:
    for entry in thing.spec["data"]:
        yield from _outside(entry.at("match", "remoteRef", "remoteKey"), thing, world)


def _outside(key: View, thing: Object, world: World) -> Iterator[Breach]:
    whose = owner(thing.namespace)
    steps = key.word.strip("/").split("/")
    service = world.facts.service.get(whose)
    inside = steps[:2] == [service.spec.system, whose] if service else whose in steps[:2]
    if not inside or not whose or {"..", ".", "*"} & set(steps):
        prefix = f"{service.spec.system}/{whose}" if service else whose
        yield Breach(key, f"lies outside {prefix}/, where the secrets of {whose or 'nobody'} are kept")


def _nothing(_: Object, __: World) -> Iterator[Breach]:
    yield from ()


SPECIAL: Final = {
    "ExternalSecret.external-secrets.io": _external,
    "PushSecret.external-secrets.io": _pushed,
    "ReferenceGrant.gateway.networking.k8s.io": _grant,
}
"""Sorts with ways of their own to reach into another namespace."""


@SEC.stack(
    "sec-owner-only",
    "M/M/M",
    CRITICAL,
    KUBERNETES,
    why="Whoever holds the credential of another service's database writes into its tables past its rules.",
    cure="Drop the reference and ask the owner's API",
    where="services/{service}.yaml: spec.consumes",
    sources=("a database per service",),
)
def owner_only(thing: Object, world: World) -> Iterator[Breach]:
    connections = world.once(_connections)
    for said in secret_references(thing):
        name, here = said.name.word, owner(said.namespace.word or thing.namespace)
        theirs = connections.get((owner(thing.namespace), name))
        whose = theirs or (connections.get(("", name)) if here in OURS else _owner_by_name(name, world))
        if whose and whose != owner(thing.namespace):
            yield Breach(said.name, f"is a credential of {whose}")


def _connections(world: World) -> Mapping[tuple[str, str], str]:
    """Service and Secret to that service; "" and Secret to its first owner."""
    found: dict[tuple[str, str], str] = {}
    for service in world.facts.services or ():
        for resource in service.spec.resources:
            secret = names.connection(service.name, resource)
            found[service.name, secret] = service.name
            found.setdefault(("", secret), service.name)
    return found


def _owner_by_name(name: str, world: World) -> str | None:
    # <service>-<resource>; the longest name of a service wins.
    known = world.once(_services)
    parts = name.split("-")
    return next((whose for end in range(len(parts) - 1, 0, -1) if (whose := "-".join(parts[:end])) in known), None)


def _services(world: World) -> frozenset[str]:
    return frozenset({*world.facts.service, *world.service_namespaces})
