"""A secret belongs to one service: no other names it, copies it or reads the store it comes from."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import names, store_names
from policies.core.rule import CRITICAL, KUBERNETES, Violation, sorts
from policies.core.trust import OURS
from policies.core.world import World
from policies.objects import Object
from policies.objects.selectors import selects
from policies.objects.values import View
from policies.objects.walking import SecretReference, marks, places, secret_references
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
    why="Access to a secret is granted by namespace; a copy elsewhere escapes its owner's grants and rotation.",
    cure="Give each service a secret of its own, under its own path of the store",
    where="services/{service}.yaml: spec.resources",
    sources=("EKS best practices: data encryption",),
)
def no_cross_namespace(thing: Object, world: World) -> Iterator[Violation]:
    if thing.sort in SPREADERS:
        yield Violation("", "puts one secret into several namespaces")
    for annotations in marks(thing):
        if annotations.key == "annotations":
            yield from _copied(annotations)
    for said in secret_references(thing):
        yield from _crosses(thing, said)
    yield from SPECIAL.get(thing.sort, _nothing)(thing, world)


def _copied(annotations: View) -> Iterator[Violation]:
    for key, value in annotations.entries():
        if key.startswith(COPIERS) and value.is_set and not (value.is_known and value.value in ("false", False)):
            yield Violation(value, "lets a controller copy it into other namespaces")


def _crosses(thing: Object, said: SecretReference) -> Iterator[Violation]:
    named = said.namespace.word
    if not named or named == thing.namespace:
        return
    # What has no namespace of its own must name one; the platform's it may.
    if thing.namespace or named not in OURS:
        yield Violation(said.namespace, f"takes a Secret out of {named}")


def _grant(thing: Object, _: World) -> Iterator[Violation]:
    for target in thing.spec["to"]:
        if target["kind"].word == "Secret" and target["group"].word in ("", "core"):
            yield Violation(target, "opens this namespace's Secrets to another one")


def _external(thing: Object, world: World) -> Iterator[Violation]:
    if _is_of_a_store(thing, world):
        return
    for entry in thing.spec["data"]:
        through = entry.at("sourceRef", "storeRef")
        yield from _outside(entry.at("remoteRef", "key"), thing, world, through)
    for source in thing.spec["dataFrom"]:
        through = source.at("sourceRef", "storeRef")
        if source["extract"].is_set:
            yield from _outside(source.at("extract", "key"), thing, world, through)
        if source["find"].is_set:
            yield from _outside(source.at("find", "path"), thing, world, through)


def _is_of_a_store(thing: Object, world: World) -> bool:
    """Whether it takes credentials of its service's own stores, which no path of a vault but a namespace tells apart:
    the SecretStore reads in that one, and its account there what it was given."""
    through = thing.spec["secretStoreRef"]
    if through["kind"].word not in ("", "SecretStore") or any(
        entry["sourceRef"].is_set for field in ("data", "dataFrom") for entry in thing.spec[field]
    ):
        return False
    store = world.named(STORE, thing.namespace, through["name"].word)
    kubernetes = store.spec.at("provider", "kubernetes") if store else None
    if kubernetes is None or kubernetes["remoteNamespace"].word != names.data_namespace(thing.namespace):
        return False
    service = world.facts.service.get(thing.namespace)
    theirs = {store_names.owner(resource) for resource in service.spec.resources} if service else set()
    return thing.spec["dataFrom"].is_empty and all(
        entry.at("remoteRef", "key").word in theirs for entry in thing.spec["data"]
    )


def _pushed(thing: Object, world: World) -> Iterator[Violation]:
    for entry in thing.spec["data"]:
        yield from _outside(entry.at("match", "remoteRef", "remoteKey"), thing, world)


def _outside(key: View, thing: Object, world: World, through: View | None = None) -> Iterator[Violation]:
    whose, mark = owner(thing.namespace), _separator(thing, world, through)
    steps = key.word.strip("/").split(mark)
    service = world.facts.service.get(whose)
    inside = steps[:2] == [service.spec.system, whose] if service else whose in steps[:2]
    if not inside or not whose or {"..", ".", "*"} & set(steps):
        prefix = f"{service.spec.system}{mark}{whose}" if service else whose
        yield Violation(key, f"lies outside {prefix}{mark}, where the secrets of {whose or 'no service'} are kept")


FLAT: Final = "--"
"""Stands for a slash in the names of Google's secrets, which know none; no service's name holds it."""


def _separator(thing: Object, world: World, through: View | None) -> str:
    """What stands between system, service and key in the store that `thing` reads `through`, or its one for all."""
    named = through if through is not None and through.is_set else thing.spec["secretStoreRef"]
    store = (
        world.named(CLUSTER_STORE, "", named["name"].word)
        if named["kind"].word == "ClusterSecretStore"
        else world.named(STORE, thing.namespace, named["name"].word)
    )
    return FLAT if store and store.spec.at("provider", "gcpsm").is_set else "/"


def _nothing(_: Object, __: World) -> Iterator[Violation]:
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
    why="A service with another's database credential can write its tables, past the owner's checks.",
    cure="Drop the reference and ask the owner's API",
    where="services/{service}.yaml: spec.consumes",
    sources=("a database per service",),
)
def owner_only(thing: Object, world: World) -> Iterator[Violation]:
    connections = world.once(_connections)
    for said in secret_references(thing):
        name, here = said.name.word, owner(said.namespace.word or thing.namespace)
        theirs = connections.get((owner(thing.namespace), name))
        whose = theirs or (connections.get(("", name)) if here in OURS else _owner_by_name(name, world))
        if whose and whose != owner(thing.namespace):
            yield Violation(said.name, f"is a credential of {whose}")


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


CLUSTER_STORE: Final = "ClusterSecretStore.external-secrets.io"
STORE: Final = "SecretStore.external-secrets.io"
STORES: Final = sorts(STORE, CLUSTER_STORE)

UNLABELLED: Final = {"kubernetes.io/metadata.name": "unlabelled"}
"""Labels of a namespace without labels of its own."""

_BEGINNING: Final = re.compile(r"\^[a-z0-9][a-z0-9-]{2}")
"""External Secrets looks for a pattern anywhere in a name, so one without a fixed beginning matches by chance."""

ACCOUNTS: Final = frozenset({"serviceAccount", "serviceAccountRef"})
"""Fields of a store's provider that name the account as which it reads; the first is kubernetes.auth's."""

ROLES: Final = frozenset({"role", "roleArn", "serviceAccountEmail"})
"""Fields of a store's provider that say as whom it reads (External Secrets: aws.role, vault.auth.kubernetes.role)."""

ASSOCIATION: Final = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
ACCOUNT_ROLES: Final = ("eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account")
"""Annotations of a service account that name its identity in the cloud."""


@SEC.stack(
    "sec-store-identity",
    "M/M/M",
    CRITICAL,
    STORES,
    why="A store with a foreign identity gives that identity's secrets to anyone who may write an ExternalSecret.",
    cure="Use a SecretStore in the namespace, with the service account of the service and a role of its own",
    where="components/",
    sources=("External Secrets: security best practices",),
)
def store_identity(store: Object, world: World) -> Iterator[Violation]:
    if store.sort == CLUSTER_STORE:
        yield from _conditions(store)
        return
    provider = store.spec["provider"]
    accounts = [place.view for place in places(provider) if place.key in ACCOUNTS]
    for account in accounts:
        yield from _foreign(account, store)
    static = [
        place.view
        for place in places(provider)
        if place.key.casefold().endswith("secretref") and ".auth." in place.view.path
    ]
    for reference in static:
        yield Violation(reference, "is a key that never expires, not an identity")
    if not accounts and not static and store.namespace not in OURS:
        yield Violation(provider, "names no service account, so it reads with the controller's own identity")
    yield from _elsewhere(provider["kubernetes"], store)
    yield from _shared(provider, store, world)


def _elsewhere(kubernetes: View, store: Object) -> Iterator[Violation]:
    """Of another namespace's Secrets a service's store may read those of its own stores alone."""
    there = kubernetes["remoteNamespace"]
    if kubernetes.is_set and store.namespace not in OURS and there.word != names.data_namespace(store.namespace):
        yield Violation(there, f"is {there.word or 'not set'}, not {names.data_namespace(store.namespace)}")


def _conditions(store: Object) -> Iterator[Violation]:
    conditions = store.spec["conditions"]
    if conditions.is_empty:
        yield Violation(conditions, "is not set, so every namespace reads everything")
    for condition in conditions:
        # One of the three is enough: names beside a selector for everyone narrow nothing.
        selector = condition["namespaceSelector"]
        named = [*condition["namespaces"].words, *condition["namespaceRegexes"].words]
        if selects(selector, UNLABELLED) if selector.is_set else not named:
            yield Violation(condition, "matches every namespace")
        for pattern in condition["namespaceRegexes"]:
            if not _BEGINNING.match(pattern.word) or "|" in pattern.word:
                yield Violation(pattern, "does not begin with the name of one namespace, so it may match every one")


def _foreign(account: View, store: Object) -> Iterator[Violation]:
    there, name = account["namespace"].word, account["name"].word
    if there and there != store.namespace:
        yield Violation(account["namespace"], f"is {there}, not the store's own namespace")
    elif store.namespace not in OURS and name not in (names.SECRET_READER, owner(store.namespace)):
        yield Violation(account["name"], f"is {name or 'empty'}, not the service account of {owner(store.namespace)}")


def _shared(provider: View, store: Object, world: World) -> Iterator[Violation]:
    used = world.once(_users)
    for place in places(provider):
        if place.key in ROLES and place.view.is_known and place.view.word:
            others = used.get(place.view.word, frozenset()) - {owner(store.namespace)}
            if others:
                yield Violation(place.view, f"is also the role of {', '.join(sorted(others)[:3])}")


def _users(world: World) -> Mapping[str, frozenset[str]]:
    """Role to the services that read as it. What cannot be read is left to the rules about it."""
    found: dict[str, set[str]] = {}
    for store in world.of(STORE):
        for place in places(store.spec["provider"] if isinstance(store.props.get("spec"), dict) else View(None)):
            if place.key in ROLES and isinstance(place.view.value, str):
                found.setdefault(place.view.value, set()).add(owner(store.namespace))
    for account in world.of("ServiceAccount"):
        for role in _roles(account):
            found.setdefault(role, set()).add(owner(account.namespace))
    for association in world.of(ASSOCIATION):
        arn, namespace = association.props.get("roleArn"), association.props.get("namespace")
        if isinstance(arn, str) and isinstance(namespace, str):
            found.setdefault(arn, set()).add(owner(namespace))
    return {role: frozenset(services) for role, services in found.items()}


def _roles(account: Object) -> Iterator[str]:
    metadata = account.props.get("metadata")
    marks = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(marks, dict):
        yield from (role for key in ACCOUNT_ROLES if isinstance(role := marks.get(key), str))
