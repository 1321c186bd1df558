"""Copies of a stack's objects that can be created anew in another cluster: what their author wrote, and nothing else.

What the cluster they were read from has added (addresses, versions, what a controller wrote) would be refused there, or
would mean something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from operations.laboratory.inside.recorded import HASH

Manifest = Mapping[str, Any]

_NOTES: Final = (
    "argo-rollouts.argoproj.io/",
    "deployment.kubernetes.io/",
    "kubectl.kubernetes.io/",
    "pulumi.com/",
    "rollout.argoproj.io/",
)
"""Annotations that a controller or a client has left for itself begin so."""
_OF_THE_CLUSTER: Final = ("clusterIP", "clusterIPs", "healthCheckNodePort", "ipFamilies", "ipFamilyPolicy")
ROOT_CERTIFICATES: Final = "kube-root-ca.crt"
"""The ConfigMap that each cluster makes in every namespace."""


def copies(objects: Iterable[Manifest], kinds: Sequence[str]) -> list[dict[str, Any]]:
    """Of `objects` those of `kinds`, in the order of `kinds`, each fit to be created."""
    order = {kind: number for number, kind in enumerate(kinds)}
    chosen = [each for each in objects if each["kind"] in order and not _made_anew(each)]
    return [_copy(each) for each in sorted(chosen, key=lambda each: (order[each["kind"]], *_place(each)))]


def _place(thing: Manifest) -> tuple[str, str]:
    return thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


def _made_anew(thing: Manifest) -> bool:
    return bool(thing["kind"] == "ConfigMap" and thing["metadata"]["name"] == ROOT_CERTIFICATES)


def _copy(thing: Manifest) -> dict[str, Any]:
    metadata = thing["metadata"]
    kept = {key: metadata[key] for key in ("name", "namespace", "labels") if key in metadata}
    notes = {key: value for key, value in metadata.get("annotations", {}).items() if not key.startswith(_NOTES)}
    made = {key: value for key, value in deepcopy(dict(thing)).items() if key not in ("metadata", "status")}
    made["metadata"] = {**kept, **({"annotations": notes} if notes else {})}
    _CHANGES.get(thing["kind"], _as_it_is)(made)
    return made


def _as_it_is(made: dict[str, Any]) -> None:
    del made


def _namespace(made: dict[str, Any]) -> None:
    made.pop("spec", None)  # finalizers of its own cluster


def _account(made: dict[str, Any]) -> None:
    made.pop("secrets", None)


def _service(made: dict[str, Any]) -> None:
    spec = made["spec"]
    for key in _OF_THE_CLUSTER:
        if spec.get(key) != "None":  # a headless Service says so itself
            spec.pop(key, None)
    for port in spec.get("ports", ()):
        port.pop("nodePort", None)
    spec.get("selector", {}).pop(HASH, None)


def _destination_rule(made: dict[str, Any]) -> None:
    for subset in made["spec"].get("subsets", ()):
        subset.get("labels", {}).pop(HASH, None)


_CHANGES: Final[Mapping[str, Callable[[dict[str, Any]], None]]] = {
    "DestinationRule": _destination_rule,
    "Namespace": _namespace,
    "Service": _service,
    "ServiceAccount": _account,
}


def within(objects: Iterable[Manifest], namespaces: Iterable[str]) -> Iterator[Manifest]:
    """Of `objects` those in one of `namespaces`, the Namespaces themselves, and what is in none."""
    chosen = set(namespaces)
    for each in objects:
        own = each["metadata"]["name"] if each["kind"] == "Namespace" else each["metadata"].get("namespace")
        if own is None or own in chosen:
            yield each
