"""A Pulumi program that makes what the file `captured` beside it lists (bench/replay.py writes it); nothing else."""

import marshal
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes


class Object(pulumi.CustomResource):
    """A class of its own, as every resource has: the SDK sends a stack trace for no other."""

    def __init__(self, kind: str, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(kind, name, props, opts)


class Component(pulumi.ComponentResource):
    """Likewise."""

    def __init__(self, kind: str, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__(kind, name, {}, opts)


made: dict[str, Any] = {}
provider: pulumi.ProviderResource | None = None
rows, outputs = marshal.loads(Path("captured").read_bytes())  # noqa: S302  (written by the same run)
for urn, kind, name, custom, props, parent, dependencies, ignored, replaced, gone, version in rows:
    if kind.startswith("pulumi:providers:"):
        options = pulumi.ResourceOptions(version=version)
        provider = made[urn] = pulumi.ProviderResource(kind.rpartition(":")[2], name, props, options)
        continue
    options = pulumi.ResourceOptions(
        parent=made.get(parent),
        providers=None if parent in made or provider is None else [provider],
        depends_on=[made[each] for each in dependencies],
        deleted_with=made.get(gone),
        ignore_changes=ignored or None,
        replace_on_changes=replaced or None,
    )
    if not custom:
        made[urn] = Component(kind, name, options)
    elif kind == "kubernetes:core/v1:Secret":
        made[urn] = kubernetes.core.v1.Secret(
            name, metadata=props["metadata"], string_data=props["stringData"], type=props["type"], opts=options
        )
    else:
        made[urn] = Object(kind, name, props, options)
for urn, values in outputs:
    if urn in made:
        made[urn].register_outputs(values)
