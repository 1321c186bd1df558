"""The one place where a `CloudResource` becomes a resource, with the outputs of others in place of its `Ref`s.

It is registered raw, by token and wire names: what is made is what `manifests` spelled and the preflight judged. Its
first user will be whatever a cloud's provider makes (clusters, managed stores and brokers).
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from components.base import Component
from manifests.cloud import CloudResource, Ref, ordered


class Resource(pulumi.CustomResource):
    """A cloud's resource exactly as it is spelled."""

    def __init__(self, of: CloudResource, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        # An output that is no property must be named here, or the SDK drops what the provider says of it.
        super().__init__(of.type, of.name, {**dict.fromkeys(of.outputs), **props}, opts)


def make(
    component: Component,
    resources: Iterable[CloudResource],
    *,
    providers: Mapping[str, pulumi.ProviderResource],
) -> dict[str, pulumi.CustomResource]:
    """`resources` as children of `component`, by name, each after those whose outputs it holds.

    `providers` are by package (`aws`). Raises RefError (`manifests.cloud.check_refs`), and LookupError for a package
    without a provider: the ambient one would work in whatever account the machine is logged into.
    """
    order = ordered(resources)
    for of in order:
        if of.package not in providers:
            raise LookupError(
                f"{of.type} '{of.name}': there is no provider for '{of.package}', so it would be made wherever this"
                f" machine is logged in. Give one beside: {', '.join(sorted(providers)) or 'none'}."
            )
    made: dict[str, pulumi.CustomResource] = {}
    for of in order:
        options = component.under(provider=providers[of.package], protect=of.protected or None)
        made[of.name] = Resource(of, {key: _resolved(value, made) for key, value in of.props.items()}, options)
    return made


def _resolved(value: Any, made: Mapping[str, pulumi.CustomResource]) -> Any:
    """`value` with each `Ref` in it as the output it names."""
    if isinstance(value, Ref):
        return _output(made[value.resource], value)
    if isinstance(value, Mapping):
        return {key: _resolved(inner, made) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_resolved(inner, made) for inner in value]
    return value


def _output(resource: pulumi.CustomResource, ref: Ref) -> pulumi.Output[Any]:
    found: pulumi.Output[Any] = getattr(resource, ref.output)
    for step in ref.path.split(".")[1:]:
        found = found[int(step) if step.isdecimal() else step]
    return found
