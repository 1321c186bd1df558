"""Pod specs, found by their shape in any object: a mapping that holds a list of containers.

A list of kinds would be out of date the day an operator brings a new one, and every kind it lacks is a way around
every rule about pods.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from policies.objects import Object
from policies.values import ABSENT, Unknown, View, step

Role = Literal["container", "init", "ephemeral"]

ROLES: Final[dict[str, Role]] = {
    "containers": "container",
    "initContainers": "init",
    "ephemeralContainers": "ephemeral",
}
"""Field of a pod spec to what its containers are."""

HOLDERS: Final = frozenset({*ROLES, "spec", "template", "podTemplate", "podTemplateSpec", "jobTemplate"})
"""Fields under which a pod spec would be found. One that is not known yet may hide anything."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container of a pod."""

    pod: "Pod"
    view: View
    role: Role

    @property
    def object(self) -> Object:
        """What it was found in."""
        return self.pod.object

    @property
    def security(self) -> View:
        """securityContext."""
        return self.view["securityContext"]

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

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """All of them: init and ephemeral ones too."""
        return tuple(
            Container(pod=self, view=view, role=role) for field, role in ROLES.items() for view in self.spec[field]
        )

    @property
    def security(self) -> View:
        """The pod's securityContext."""
        return self.spec["securityContext"]

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
        """Whether root inside is nobody outside (hostUsers: false)."""
        return self.spec["hostUsers"].flag is False


def pods(thing: Object) -> tuple[Pod, ...]:
    """Every pod spec in `thing`. Items of lists are objects of their own and are not looked into.

    A field that may hold one and is not known yet is a pod spec nobody can read: rules about it cannot decide.
    """
    return thing.once(_pods)


def _pods(thing: Object) -> tuple[Pod, ...]:
    return tuple(_found(thing))


def _found(thing: Object) -> Iterator[Pod]:
    if thing.is_kubernetes:
        for key, place in thing.root.entries():
            if key not in ("items", "metadata", "status"):
                yield from _within(thing, key, place, thing.root)


def _within(thing: Object, key: str, place: View, above: View) -> Iterator[Pod]:
    value = place.value
    if isinstance(value, list):
        for index, part in enumerate(value):
            yield from _within(thing, "", View(part, step(place.path, index)), ABSENT)
    elif isinstance(value, Unknown):
        if key in HOLDERS:
            yield Pod(object=thing, spec=place, metadata=ABSENT)
    elif isinstance(value, dict):
        if any(isinstance(value.get(field), list) for field in ROLES) or (key == "spec" and "containers" in value):
            yield Pod(object=thing, spec=place, metadata=above["metadata"] if key == "spec" else ABSENT)
        for name, part in place.entries():
            yield from _within(thing, name, part, place)
