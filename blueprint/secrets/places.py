"""Stores of secrets outside the cluster, as one service reads from them.

Each has a type of its own with only its own fields; a store is known by its kind, which is also what the SecretStore is
called in the service's namespace.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from blueprint.connection import Fetched
from blueprint.settings_secrets import AwsSecrets, GcpSecrets, OpenBaoSecrets, VaultSecrets


@dataclass(frozen=True, kw_only=True)
class SecretsManager:
    """AWS Secrets Manager."""

    name: str
    region: str
    role: str
    """The role the account takes there (IRSA)."""


@dataclass(frozen=True, kw_only=True)
class GoogleSecretManager:
    """Google Secret Manager."""

    name: str
    project: str
    service_account: str
    """The account of Google's that ours acts as (Workload Identity)."""
    cluster_project: str
    cluster_location: str
    cluster_name: str


@dataclass(frozen=True, kw_only=True)
class KeyValueEngine:
    """The KV engine of a Vault or an OpenBao: they speak alike."""

    name: str
    address: str
    mount: str
    namespace: str | None
    auth_mount: str
    role: str
    """The role the account takes there, by its token."""
    ca: str | None
    """PEM; None: a public authority's."""


Place = SecretsManager | GoogleSecretManager | KeyValueEngine
"""Every type of store."""


def _aws(source: AwsSecrets, service: str) -> SecretsManager:
    return SecretsManager(name=source.kind, region=source.region, role=source.role.format(service=service))


def _gcp(source: GcpSecrets, service: str) -> GoogleSecretManager:
    return GoogleSecretManager(
        name=source.kind,
        project=source.project,
        service_account=source.service_account.format(service=service),
        cluster_project=source.cluster_project or source.project,
        cluster_location=source.cluster_location,
        cluster_name=source.cluster_name,
    )


def _engine(source: VaultSecrets | OpenBaoSecrets, service: str) -> KeyValueEngine:
    return KeyValueEngine(
        name=source.kind,
        address=source.address,
        mount=source.mount,
        namespace=source.namespace,
        auth_mount=source.auth_mount,
        role=source.role.format(service=service),
        ca=source.ca,
    )


MAKERS: Final[Mapping[str, Callable[[Any, str], Place]]] = {
    "aws": _aws,
    "gcp": _gcp,
    "openbao": _engine,
    "vault": _engine,
}
"""Kind → maker. Total over `blueprint.settings_secrets.SecretSource`; a test says so."""


def _field(path: str, key: str) -> Fetched:
    return Fetched(name=path, property=key)


def _flat(path: str, key: str) -> Fetched:
    """Google's names know no slash. Two hyphens stand for one: no system and no service has two in its name, so that
    shop/order and shop/order-service stay apart, also for a right that is given by the beginning of a name."""
    return Fetched(name="--".join((*path.split("/"), key)))


NAMES: Final[Mapping[str, Callable[[str, str], Fetched]]] = {
    "aws": _field,
    "gcp": _flat,
    "openbao": _field,
    "vault": _field,
}
"""Kind → what the store calls the value of a key at a path. Total like `MAKERS`."""
