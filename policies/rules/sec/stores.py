"""Who reads the store: each namespace by an identity of its own, nobody for everyone."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from policies.core.rule import CRITICAL, Breach, sorts
from policies.core.trust import OURS
from policies.core.world import World, selects
from policies.objects import Object
from policies.objects.values import View
from policies.objects.walking import places
from policies.rules.sec.group import SEC, owner

CLUSTER_STORE: Final = "ClusterSecretStore.external-secrets.io"
STORE: Final = "SecretStore.external-secrets.io"
STORES: Final = sorts(STORE, CLUSTER_STORE)

ANYBODY: Final = {"kubernetes.io/metadata.name": "anybody"}
"""Labels of a namespace nobody put any on."""

_BEGINNING: Final = re.compile(r"\^[a-z0-9][a-z0-9-]{2}")
"""External Secrets looks for a pattern anywhere in a name, so one without a fixed beginning matches by chance."""

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
    why="A store that reads as somebody else hands out everybody's secrets to whoever may write an ExternalSecret.",
    cure="Use a SecretStore in the namespace, with the service account of the service and a role of its own",
    where="components/",
    sources=("External Secrets: security best practices",),
)
def store_identity(store: Object, world: World) -> Iterator[Breach]:
    if store.sort == CLUSTER_STORE:
        yield from _conditions(store)
        return
    provider = store.spec["provider"]
    accounts = [place.view for place in places(provider) if place.key == "serviceAccountRef"]
    for account in accounts:
        yield from _foreign(account, store)
    static = [
        place.view
        for place in places(provider)
        if place.key.casefold().endswith("secretref") and ".auth." in place.view.path
    ]
    for reference in static:
        yield Breach(reference, "is a key that never expires, not an identity")
    if not accounts and not static and store.namespace not in OURS:
        yield Breach(provider, "names no service account, so it reads as whoever runs the controller")
    yield from _shared(provider, store, world)


def _conditions(store: Object) -> Iterator[Breach]:
    conditions = store.spec["conditions"]
    if conditions.is_empty:
        yield Breach(conditions, "is not set, so every namespace reads everything")
    for condition in conditions:
        # One of the three is enough: names beside a selector for everyone narrow nothing.
        selector = condition["namespaceSelector"]
        named = [*condition["namespaces"].words, *condition["namespaceRegexes"].words]
        if selects(selector, ANYBODY) if selector.is_set else not named:
            yield Breach(condition, "matches every namespace")
        for pattern in condition["namespaceRegexes"]:
            if not _BEGINNING.match(pattern.word) or "|" in pattern.word:
                yield Breach(pattern, "does not begin with the name of one namespace, so it may match every one")


def _foreign(account: View, store: Object) -> Iterator[Breach]:
    there, name = account["namespace"].word, account["name"].word
    if there and there != store.namespace:
        yield Breach(account["namespace"], f"is {there}, not the store's own namespace")
    elif store.namespace not in OURS and name != owner(store.namespace):
        yield Breach(account["name"], f"is {name or 'empty'}, not the service account of {owner(store.namespace)}")


def _shared(provider: View, store: Object, world: World) -> Iterator[Breach]:
    used = world.once(_users)
    for place in places(provider):
        if place.key in ROLES and place.view.is_known and place.view.word:
            others = used.get(place.view.word, frozenset()) - {owner(store.namespace)}
            if others:
                yield Breach(place.view, f"is also the role of {', '.join(sorted(others)[:3])}")


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
