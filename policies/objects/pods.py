"""Pod specs, found by their shape in any object: a mapping that holds a list of containers.

A list of kinds would be out of date the day an operator brings a new one, and every kind it lacks is a way around
every rule about pods. Operators also take pods in pieces: a container by itself, a securityContext beside an image, a
template that leaves the containers to them; a patch of an
existing object is a piece too (`DeploymentPatch`). Pieces are judged by what they say; an operator fills in the rest.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Literal

from policies.objects import Object, shapes
from policies.objects.glance import Glance, glance
from policies.objects.values import ABSENT, Unknown, View

Role = Literal["container", "init", "ephemeral"]

CONTEXT: Final = "securityContext"

ROLES: Final[dict[str, Role]] = {
    "containers": "container",
    "initContainers": "init",
    "ephemeralContainers": "ephemeral",
}
"""Field of a pod spec to what its containers are."""

READ: Final = frozenset({*ROLES, CONTEXT})
"""Fields that are read with their pod spec, and so are no pieces."""

FINISHED: Final = frozenset(
    {"MariaDB.k8s.mariadb.com", "OpenSearchCluster.opensearch.org", "Pooler.postgresql.cnpg.io"}
)
"""Kinds whose operator writes account and security over the pod spec or the containers it is given, so that what is not
written there is not missing (cloudnative-pg v1.30.0, pkg/specs/pgbouncer/deployments.go; mariadb-operator v26.6.0,
pkg/builder/pod_builder.go, which has the pod's from another place of the object; opensearch-k8s-operator v3.0.0-alpha,
pkg/builders/cluster.go). Theirs are pieces."""

HOLDERS: Final = re.compile(r".*(?:containers|specs?|templates?)|pod", re.IGNORECASE)
"""Fields under which a pod spec would be found. One that is not known yet may hide anything."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container of a pod."""

    pod: "Pod"
    view: View
    role: Role
    context: str = CONTEXT
    """Field of its securityContext."""
    whole: bool = True
    """Whether it is described here, so that what is not written is not set. False: an operator fills in the rest."""

    @property
    def object(self) -> Object:
        """What it was found in."""
        return self.pod.object

    @property
    def security(self) -> View:
        """securityContext."""
        return self.view[self.context]

    @property
    def name(self) -> str:
        """Its name; "" where it has none."""
        return self.view["name"].word

    @property
    def is_sidecar(self) -> bool:
        """Whether it is an init container that keeps running beside the others (restartPolicy: Always)."""
        return self.role == "init" and self.view["restartPolicy"].text == "Always"


@dataclass(frozen=True, kw_only=True)
class Pod:
    """One pod spec, with the metadata its pods will have."""

    object: Object
    spec: View
    metadata: View
    """Of the template, or of the Pod itself."""
    context: str = CONTEXT
    """Field of its securityContext."""
    whole: bool = True
    """Whether it is a pod spec. False: a piece of one."""
    loose: tuple[View, ...] = ()
    """Containers of a piece, which are in none of a pod spec's lists."""

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """All of them: init and ephemeral ones too. Those not known yet come last, and stand for a whole list where
        the list is not known: what stops at one has seen the others."""
        if self.whole:
            listed = [(place, role) for field, role in ROLES.items() for place in _listed(self.spec, field)]
            known = sorted(listed, key=lambda each: not each[0].is_known)
            return tuple(Container(pod=self, view=view, role=role) for view, role in known)
        # Whose securityContext lies beside an image, the pod's or the container's, only its operator knows.
        itself = Container(pod=self, view=self.spec, role="container", context=self.context, whole=False)
        finished = self.object.sort in FINISHED
        return (itself, *(Container(pod=self, view=each, role="container", whole=not finished) for each in self.loose))

    @property
    def security(self) -> View:
        """The pod's securityContext."""
        return self.spec[self.context]

    @property
    def labels(self) -> View:
        """Labels of its pods."""
        return self.metadata["labels"]

    @property
    def annotations(self) -> View:
        """Annotations of its pods."""
        return self.metadata["annotations"]

    @property
    def is_windows(self) -> bool:
        """Whether it says it runs on Windows, which exempts it from three of the standards' controls."""
        return self.spec.at("os", "name").text == "windows"

    @property
    def in_user_namespace(self) -> bool:
        """Whether root inside is an unprivileged user outside (hostUsers: false)."""
        return self.spec["hostUsers"].flag is False


def _listed(spec: View, field: str) -> Iterable[View]:
    place = spec[field] if spec.is_known else spec
    return place if place.is_known else (place,)


def pods(thing: Object) -> tuple[Pod, ...]:
    """Every pod spec in `thing`. Items of lists are objects of their own and are not looked into.

    A field that may hold one and is not known yet is an unreadable pod spec: rules about it cannot decide.
    """
    return tuple(pod for pod in parts(thing) if pod.whole)


def parts(thing: Object) -> tuple[Pod, ...]:
    """Every pod spec in `thing`, and every piece of one."""
    return thing.once(_parts)


def containers(thing: Object) -> Iterator[Container]:
    """Every container `thing` describes, in a pod spec or by itself."""
    return (container for pod in parts(thing) for container in pod.containers if container.whole)


def _parts(thing: Object) -> tuple[Pod, ...]:
    return tuple(_found(thing)) if thing.is_kubernetes and may_hold_pods(glance(thing)) else ()


@lru_cache(maxsize=4096)
def may_hold_pods(seen: Glance) -> bool:
    """Whether an object that looks like `seen` may hold a pod spec or a piece of one."""
    return seen.unknown or any(name in ROLES or shapes.is_podlike(name) for name in seen.names)


def _found(thing: Object) -> Iterator[Pod]:
    return _below(thing, "", thing.root, ABSENT, thing.body())


def _within(thing: Object, key: str, place: View, above: View, *, pieces: bool = True) -> Iterator[Pod]:
    value = place.value
    if key in thing.describes:
        return
    if isinstance(value, list):
        for index, part in enumerate(value):
            item = place.below(index, part)
            yield from _within(thing, key if isinstance(part, Unknown) else "", item, ABSENT, pieces=pieces)
    elif isinstance(value, Unknown):
        if HOLDERS.fullmatch(key) or (key == "items" and above is thing.root):
            yield Pod(object=thing, spec=place, metadata=ABSENT)
    elif isinstance(value, dict):
        yield from _below(thing, key, place, above, place.entries(), pieces=pieces)


Entries = Iterable[tuple[str, View]]


def _below(
    thing: Object, key: str, place: View, above: View, entries: Entries, *, pieces: bool = True
) -> Iterator[Pod]:
    found = tuple(_here(thing, key, place, above, pieces=pieces))
    yield from found
    whole = any(pod.whole for pod in found)
    for name, part in entries:
        yield from _within(thing, name, part, place, pieces=pieces and not (whole and name in READ))


def _here(thing: Object, key: str, place: View, above: View, *, pieces: bool) -> Iterator[Pod]:
    """The pod spec `place` is, or the pieces it holds."""
    value = place.value
    named = key == "spec" and "containers" in value and not (thing.is_custom and isinstance(value["containers"], dict))
    whole = named or any(isinstance(value.get(field), list) for field in ROLES)
    metadata = above["metadata"] if key == "spec" else _mapping(place["metadata"])
    if whole and thing.sort in FINISHED:
        yield Pod(object=thing, spec=place, metadata=metadata, whole=False)
    elif whole:
        yield Pod(object=thing, spec=place, metadata=metadata)
    if pieces:
        read = READ if whole else frozenset()
        for context, loose in shapes.pieces(place, CONTEXT, read, custom=thing.is_custom):
            spec = shapes.readable(place, custom=thing.is_custom)
            yield Pod(object=thing, spec=spec, metadata=metadata, context=context, whole=False, loose=loose)


def _mapping(metadata: View) -> View:
    return metadata if isinstance(metadata.value, dict | Unknown) else ABSENT
