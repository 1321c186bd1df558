"""A cloud's resource as a plain value, beside `Manifest`: what the engine receives, before any of it exists.

A property that only the cloud knows is a `Ref` to another resource's output. So the preflight judges a cloud's
resources before anything is made, a `Ref` being an unknown value, and `components.cloud` puts the output in
its place. No stack makes one yet: clusters, and stores and brokers whose placement is `managed`, will.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

ID: Final = "id"
"""The output every resource has."""


class RefError(ValueError):
    """Cloud resources that refer to what is not there, or to each other in a circle; the text says how to mend it."""


@dataclass(frozen=True, kw_only=True)
class Ref:
    """A value that the cloud gives another resource."""

    resource: str
    """Name of that resource among those made together."""
    path: str = ID
    """One of its outputs, or with dots further into one: `masterUserSecrets.0.secretArn`."""

    @property
    def output(self) -> str:
        """The output itself."""
        return self.path.partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class CloudResource:
    """One resource of a cloud's provider."""

    type: str
    """Its token: `aws:rds/instance:Instance`."""
    name: str
    """Logical name, unique among the resources made together. Changing it replaces the resource."""
    props: Mapping[str, Any]
    """In wire names: JSON types, and a `Ref` wherever a value may stand."""
    outputs: tuple[str, ...] = ()
    """What others may refer to beside `id`."""
    protected: bool = False
    """Whether the engine refuses to delete it: for what holds data."""

    @property
    def package(self) -> str:
        """The provider that makes it: `aws`."""
        return self.type.partition(":")[0]


def refs(value: Any, path: str = "") -> Iterator[tuple[str, Ref]]:
    """Every `Ref` in `value`, with where it stands: `vpcSecurityGroupIds[0]`."""
    if isinstance(value, Ref):
        yield path, value
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield from refs(value[key], f"{path}.{key}" if path else key)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from refs(item, f"{path}[{index}]")


def ordered(resources: Iterable[CloudResource]) -> tuple[CloudResource, ...]:
    """`resources` with each behind what it refers to, by name where nothing says otherwise.

    Raises RefError as `check_refs` does.
    """
    by_name = check_refs(resources)
    sorter = _sorter(by_name)
    sorter.prepare()
    order: list[CloudResource] = []
    while sorter.is_active():
        level = sorted(sorter.get_ready())
        order += (by_name[name] for name in level)
        sorter.done(*level)
    return tuple(order)


def check_refs(resources: Iterable[CloudResource]) -> Mapping[str, CloudResource]:
    """`resources` by name, where every `Ref` in them leads somewhere.

    Raises RefError: two resources of one name, a `Ref` to a resource or an output that is not declared, or a circle.
    """
    by_name: dict[str, CloudResource] = {}
    for resource in resources:
        if resource.name in by_name:
            first = by_name[resource.name].type
            raise RefError(
                f"{_title(resource)}: {first} is called so too, so a Ref could mean either. Name one of them otherwise."
            )
        by_name[resource.name] = resource
    for resource in by_name.values():
        for path, ref in refs(resource.props):
            _check(resource, path, ref, by_name)
    try:
        _sorter(by_name).prepare()
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        raise RefError(
            f"{circle}: each refers to an output of the next, so none could be made first. Give one of them a value"
            " that is known before, such as a name instead of an id."
        ) from None
    return by_name


def _check(resource: CloudResource, path: str, ref: Ref, by_name: Mapping[str, CloudResource]) -> None:
    about = f"{_title(resource)}: {path}"
    if ref.resource not in by_name:
        raise RefError(
            f"{about} refers to '{ref.resource}', which is not made here, so it would stay empty. Refer to one of:"
            f" {', '.join(sorted(by_name))}."
        )
    target = by_name[ref.resource]
    valid = sorted({ID, *target.outputs})
    if ref.output not in valid:
        raise RefError(
            f"{about} refers to the output '{ref.output}' of {_title(target)}, which declares none of that name, so it"
            f" would stay empty. Refer to one of: {', '.join(valid)}; or add it to the outputs there."
        )


def _sorter(by_name: Mapping[str, CloudResource]) -> TopologicalSorter[str]:
    return TopologicalSorter(
        {name: sorted({ref.resource for _, ref in refs(by_name[name].props)}) for name in sorted(by_name)}
    )


def _title(resource: CloudResource) -> str:
    return f"{resource.type} '{resource.name}'"
