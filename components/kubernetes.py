"""The one place where a manifest becomes a resource.

Everything but a Secret is registered raw, whole and as its manifest spells it: `apiextensions.CustomResource` drops
top-level fields (KongPlugin's), the typed classes cost twice the time (2.06 to 1, measured over gRPC), and the
schemas are checked elsewhere, against the real ones. A Secret is typed, because only then are its values marked. What
replaces an object, who else writes it and what it waits for is decided by `manifests.treatments` and applied here.
"""

from collections.abc import Iterable, Mapping, Sequence

import pulumi
import pulumi_kubernetes as kubernetes

from components.base import Component
from manifests import Manifest
from manifests.treatments import annotated, follows, kind, treatment


def token(manifest: Manifest) -> str:
    """The type of `manifest` to the engine: kubernetes:apps/v1:Deployment."""
    return f"kubernetes:{kind(manifest)}"


class Object(pulumi.CustomResource):
    """A Kubernetes object exactly as its manifest spells it."""

    def __init__(self, manifest: Manifest, opts: pulumi.ResourceOptions) -> None:
        super().__init__(token(manifest), logical_name(manifest), dict(manifest), opts)


def logical_name(manifest: Manifest) -> str:
    """namespace/Kind/name: unique in a stack as the object is in its cluster."""
    metadata = manifest["metadata"]
    return "/".join(filter(None, (metadata.get("namespace"), manifest["kind"], metadata["name"])))


def _secret(manifest: Manifest, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    return kubernetes.core.v1.Secret(
        logical_name(manifest),
        metadata=manifest["metadata"],
        string_data=manifest["stringData"],
        type=manifest["type"],
        opts=opts,
    )


def make(
    component: Component,
    manifests: Iterable[Manifest],
    *,
    namespaces: Mapping[str, pulumi.Resource],
    after: Sequence[pulumi.Resource] = (),
) -> dict[str, pulumi.Resource]:
    """`manifests` as children of `component`, by logical name, in the order given.

    An object comes after its namespace, which is one of `manifests` or of `namespaces`, and goes with it: destroying
    asks the API server once per namespace. What is in no namespace of `manifests` also comes after `after`; the
    others do through theirs.
    """
    made: dict[str, pulumi.Resource] = {}
    spaces, own = dict(namespaces), set[str]()
    by_place: dict[str | None, list[tuple[Manifest, pulumi.Resource]]] = {}
    for manifest in manifests:
        namespace = manifest["metadata"].get("namespace")
        how = treatment(manifest)
        parent = spaces.get(namespace) if namespace else None
        beside = by_place.get(namespace, ()) if how.after else ()
        first = [resource for other, resource in beside if follows(how, other)]
        options = component.under(
            depends_on=[*([parent] if parent else []), *(() if namespace in own else after), *first],
            deleted_with=parent,
            ignore_changes=list(how.others_own) or None,
            replace_on_changes=list(how.replaced_by) or None,
        )
        register = _secret if kind(manifest) == "core/v1:Secret" else Object
        resource: pulumi.Resource = register(annotated(manifest), options)
        made[logical_name(manifest)] = resource
        by_place.setdefault(namespace, []).append((manifest, resource))
        if manifest["kind"] == "Namespace":
            spaces[manifest["metadata"]["name"]] = resource
            own.add(manifest["metadata"]["name"])
    return made
