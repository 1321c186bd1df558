"""The one place where a manifest becomes a resource.

An object is registered raw, whole and as its manifest spells it: `apiextensions.CustomResource` drops top-level fields
(KongPlugin's), the typed classes cost twice the time (2.06 to 1, measured over gRPC) and a fifth of a second to import,
and the schemas are checked elsewhere, against the real ones. Of what the typed classes add, only what a Secret's marks
is needed, and done here. What replaces an object, who else writes it and what it waits for is decided by
`manifests.treatments` and applied here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pulumi

from components.base import Component
from manifests import Manifest
from manifests.identity import kind, logical_name, token
from manifests.keeping import goes, retained
from manifests.treatments import annotated, follows, treatment


def _register(manifest: Manifest, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    inputs: dict[str, Any] = dict(manifest)
    if kind(manifest) == "core/v1:Secret":
        # Marked, its values are encrypted in the state, and so is what the API server answers.
        inputs["stringData"] = pulumi.Output.secret(manifest["stringData"])
        opts.additional_secret_outputs = ["data", "stringData"]
    return pulumi.CustomResource(token(manifest), logical_name(manifest), inputs, opts)


def make(
    component: Component,
    manifests: Iterable[Manifest],
    *,
    namespaces: Mapping[str, pulumi.Resource],
    after: Sequence[pulumi.Resource] = (),
) -> dict[str, pulumi.Resource]:
    """`manifests` as children of `component`, by logical name, in the order given.

    An object comes after its namespace, which is one of `manifests` or of `namespaces`. What is in no namespace of
    `manifests` also comes after `after`; the others do through theirs.

    Destroying asks the API server once per namespace of `manifests`: what is in it goes with it, and stays with it,
    unless it says that it goes. What is in one of `namespaces` is deleted by itself. That namespace is older than the
    operators in `after` and outlives them, and nobody would be there to take the finalizers off what is left in it.
    """
    made: dict[str, pulumi.Resource] = {}
    spaces, own, staying = dict(namespaces), set[str](), set[str]()
    earlier: list[tuple[Manifest, pulumi.Resource]] = []
    for manifest in manifests:
        namespace = manifest["metadata"].get("namespace")
        how = treatment(manifest)
        parent = spaces.get(namespace) if namespace else None
        first = [
            resource
            for other, resource in earlier
            if follows(how, other, beside=other["metadata"].get("namespace") == namespace)
        ]
        options = component.under(
            depends_on=[*([parent] if parent else []), *(() if namespace in own else after), *first],
            deleted_with=parent if namespace in own and not (namespace in staying and goes(manifest)) else None,
            ignore_changes=list(how.others_own) or None,
            replace_on_changes=list(how.replaced_by) or None,
            protect=(how.protected and retained(manifest)) or None,
            retain_on_delete=retained(manifest) or None,
        )
        resource = made[logical_name(manifest)] = _register(annotated(manifest), options)
        earlier.append((manifest, resource))
        if manifest["kind"] == "Namespace":
            spaces[manifest["metadata"]["name"]] = resource
            own.add(manifest["metadata"]["name"])
            if retained(manifest):
                staying.add(manifest["metadata"]["name"])
    return made
