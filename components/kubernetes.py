"""The one place where a manifest becomes a resource.

Everything but a Secret is registered raw, whole and as its manifest spells it: `apiextensions.CustomResource` drops
top-level fields (KongPlugin's), the typed classes cost twice the time (2.06 to 1, measured over gRPC), and the
schemas are checked elsewhere, against the real ones. A Secret is typed, because only then are its values marked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_kubernetes as kubernetes

from components.base import Component
from manifests import Manifest


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """What the engine must know about a kind that its manifest does not say."""

    others_own: tuple[str, ...] = ()
    """Fields another controller writes, as whole dot paths: server-side apply ignores paths into lists."""
    replaced_by: tuple[str, ...] = ()
    """Immutable fields: a new value is a new object."""
    wait_for: str | None = None
    """What makes it ready, for kinds the provider does not know."""
    skip_await: bool = False
    """Not waited for."""
    after: tuple[str, ...] = ()
    """Kinds of the same namespace and component that are there first."""


_PREREQUISITES: Final = ("LimitRange", "NetworkPolicy/default-deny", "ResourceQuota", "ServiceAccount")
"""What stands before the first pod starts."""

TREATMENTS: Final[Mapping[str, Treatment]] = {
    "apps/v1:Deployment": Treatment(after=(*_PREREQUISITES, "ConfigMap")),
    "argoproj.io/v1alpha1:Rollout": Treatment(
        after=(*_PREREQUISITES, "ConfigMap", "AnalysisTemplate", "VirtualService/-weights"),
        wait_for="jsonpath={.status.phase}=Healthy",
        replaced_by=("spec.selector",),
    ),
    "batch/v1:CronJob": Treatment(after=(*_PREREQUISITES, "ConfigMap")),
    "cert-manager.io/v1:Certificate": Treatment(wait_for="condition=Ready"),
    "cert-manager.io/v1:ClusterIssuer": Treatment(wait_for="condition=Ready"),
    "configuration.konghq.com/v1:KongClusterPlugin": Treatment(replaced_by=("plugin",)),
    "configuration.konghq.com/v1:KongConsumer": Treatment(after=("Secret",)),
    "configuration.konghq.com/v1:KongPlugin": Treatment(replaced_by=("plugin",)),
    # The workload behind a Service is waited for; its endpoints, settling for ten seconds, prove nothing more.
    "core/v1:Service": Treatment(skip_await=True),
    "gateway.networking.k8s.io/v1:Gateway": Treatment(wait_for="condition=Programmed", after=("Certificate",)),
    "gateway.networking.k8s.io/v1:GatewayClass": Treatment(replaced_by=("spec.controllerName",)),
    "gateway.networking.k8s.io/v1:HTTPRoute": Treatment(after=("Gateway", "KongPlugin")),
    # Argo Rollouts keeps the hashes of the two versions in the subsets, and the weights in the delegate.
    "networking.istio.io/v1:DestinationRule": Treatment(others_own=("spec.subsets",)),
    "networking.istio.io/v1:VirtualService": Treatment(after=("DestinationRule",)),
}
"""Kind to its treatment; a kind that is not here needs none."""


def _weighted(manifest: Manifest) -> bool:
    """Whether somebody moves the weights of this route: only a canary's delegate has any."""
    return any("weight" in end for rule in manifest["spec"]["http"] for end in rule.get("route", []))


SPECIAL: Final[Mapping[str, tuple[Callable[[Manifest], bool], Treatment]]] = {
    "networking.istio.io/v1:VirtualService": (
        _weighted,
        Treatment(others_own=("spec.http",), after=("DestinationRule",)),
    ),
}
"""Kind to a treatment for some of its objects, and which."""


def token(manifest: Manifest) -> str:
    """The type of `manifest` to the engine: kubernetes:apps/v1:Deployment."""
    return f"kubernetes:{kind(manifest)}"


def kind(manifest: Manifest) -> str:
    """apps/v1:Deployment; the core group is spelled out."""
    version = manifest["apiVersion"]
    return f"{version if '/' in version else f'core/{version}'}:{manifest['kind']}"


def treatment(manifest: Manifest) -> Treatment:
    """How `manifest` is registered."""
    applies, special = SPECIAL.get(kind(manifest), (lambda _: False, Treatment()))
    return special if applies(manifest) else TREATMENTS.get(kind(manifest), Treatment())


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
        first = [resource for other, resource in by_place.get(namespace, []) if _before(how, other)]
        options = component.under(
            depends_on=[*([parent] if parent else []), *(() if namespace in own else after), *first],
            deleted_with=parent,
            ignore_changes=list(how.others_own) or None,
            replace_on_changes=list(how.replaced_by) or None,
        )
        register = _secret if kind(manifest) == "core/v1:Secret" else Object
        resource: pulumi.Resource = register(_annotated(manifest, how), options)
        made[logical_name(manifest)] = resource
        by_place.setdefault(namespace, []).append((manifest, resource))
        if manifest["kind"] == "Namespace":
            spaces[manifest["metadata"]["name"]] = resource
            own.add(manifest["metadata"]["name"])
    return made


def _before(how: Treatment, other: Manifest) -> bool:
    return any(
        other["kind"] == wanted.partition("/")[0] and other["metadata"]["name"].endswith(wanted.partition("/")[2])
        for wanted in how.after
    )


def _annotated(manifest: Manifest, how: Treatment) -> Manifest:
    """`manifest` with the provider's own annotations about waiting."""
    notes: dict[str, Any] = {}
    if how.wait_for:
        notes["pulumi.com/waitFor"] = how.wait_for
    if how.skip_await:
        notes["pulumi.com/skipAwait"] = "true"
    if not notes:
        return manifest
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), **notes}}}
