"""A cloud's resources as objects to judge, before any of them is made: plain data, and what only the cloud knows.

Whatever is no plain data in a property is a reference to another resource's output (`Ref` in `manifests.cloud`, which
this folder may not import), and an unknown value. A rule that decides by one is undecided, never misled.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from policies.objects import Object, Options
from policies.objects.values import Unknown, step


class Spelled(Protocol):
    """A cloud's resource as it is spelled."""

    @property
    def type(self) -> str:
        """Its token: `aws:rds/instance:Instance`."""

    @property
    def name(self) -> str:
        """Its logical name."""

    @property
    def props(self) -> Mapping[str, Any]:
        """Its properties, in wire names."""

    @property
    def protected(self) -> bool:
        """Whether the engine refuses to delete it."""


def cloud_resources(resources: Iterable[Spelled]) -> Iterator[Object]:
    """Each of `resources`, as the program registers it."""
    for of in resources:
        props = {key: _known(value, key) for key, value in of.props.items()}
        yield Object(type=of.type, props=props, logical=of.name, options=Options(protect=of.protected))


def _known(value: Any, path: str) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {key: _known(inner, step(path, key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_known(inner, step(path, index)) for index, inner in enumerate(value)]
    return Unknown(path)
