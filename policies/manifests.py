"""Manifests as objects to judge: plain dicts in wire names, from the program, a chart or a file."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policies.objects import Object


def objects(manifests: Iterable[Mapping[str, Any]], *, place: str = "") -> Iterator[Object]:
    """Each of `manifests`, read at `place`."""
    for manifest in manifests:
        yield from_manifest(manifest, place=place)


def from_manifest(manifest: Mapping[str, Any], *, place: str = "") -> Object:
    """`manifest` as an object with the token the Kubernetes provider would give it."""
    version, kind = manifest.get("apiVersion"), manifest.get("kind")
    token = f"kubernetes:{version if '/' in str(version) else f'core/{version}'}:{kind}"
    return Object(type=token, props=manifest, place=place)
