"""Service accounts of pods that ask the API server nothing."""

from collections.abc import Mapping

from manifests.manifest import Manifest, manifest


def account(
    name: str, namespace: str, *, labels: Mapping[str, str], annotations: Mapping[str, str] | None = None
) -> Manifest:
    """The account `name`, of which no pod gets a token. `annotations`: who it is in a cloud."""
    return manifest(
        "v1",
        "ServiceAccount",
        name,
        namespace,
        labels=labels,
        annotations=annotations,
        automountServiceAccountToken=False,
    )
