"""The type `Manifest`, and the one function that begins an object."""

from collections.abc import Mapping
from typing import Any

from blueprint.names import MANAGED

Manifest = dict[str, Any]
"""A whole Kubernetes object in wire names: apiVersion, kind, metadata with an explicit name, and the rest."""


def manifest(
    api_version: str,
    kind: str,
    name: str,
    namespace: str | None,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **rest: Any,
) -> Manifest:
    """An object with our mark on it. `rest` is everything beside metadata, in wire names (`spec=`, `data=`, ...)."""
    metadata: Manifest = {"name": name}
    if namespace is not None:
        metadata["namespace"] = namespace
    metadata["labels"] = dict(sorted({**MANAGED, **(labels or {})}.items()))
    if annotations:
        metadata["annotations"] = dict(sorted(annotations.items()))
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def given(**fields: Any) -> Manifest:
    """The `fields` that say something: neither None nor an empty map or list."""
    return {name: value for name, value in fields.items() if value is not None and value not in ({}, [], ())}


def duration(seconds: float) -> str:
    """`seconds` as Go, and with it Istio, writes a duration: 0.4 is 400ms, 90 is 90s. Istio takes none below 1ms."""
    return f"{int(seconds)}s" if seconds == int(seconds) else f"{max(1, round(seconds * 1000))}ms"
