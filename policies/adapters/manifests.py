"""Manifests as objects to judge: plain dicts in wire names, from the program, a chart or a file."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

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


CHART: Final = "kubernetes:helm.sh/v4:Chart"
"""Token of a chart: what is installed under which values, not the objects inside."""


def charts(installed: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Object]:
    """Each of `installed`, a name and the properties of a chart, as the program registers it."""
    for name, props in installed:
        yield Object(type=CHART, props=props, logical=name)
