"""The authorities of stores' certificates, as files in the pods of a service."""

from collections.abc import Iterator, Mapping, Sequence

from blueprint.connection import Trust
from manifests.manifest import Manifest


def volumes(trusts: Sequence[Trust]) -> Iterator[Manifest]:
    """A volume for each Secret they come from, with the certificate alone: the key beside it is no file of a pod's."""
    for secret, name in _names(trusts).items():
        yield {"name": name, "secret": {"secretName": secret, "items": [{"key": Trust.file, "path": Trust.file}]}}


def mounts(trusts: Sequence[Trust]) -> Iterator[Manifest]:
    """A folder for each of them."""
    for trust in trusts:
        yield {"name": _names(trusts)[trust.secret], "mountPath": trust.folder, "readOnly": True}


def _names(trusts: Sequence[Trust]) -> Mapping[str, str]:
    secrets = sorted({trust.secret for trust in trusts})
    return {secret: f"trust-{index}" for index, secret in enumerate(secrets)}
