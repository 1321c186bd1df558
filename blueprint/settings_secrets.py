"""Stores of secrets outside the cluster, as a stack's settings name them: where each is, and as whom a service reads.

No value is here and none can be: what is written is an address and an identity. Each service has an identity of its
own, so every way of naming one holds `{service}`. What a service takes from a store is the catalogue's
(`blueprint.catalogue.keeping.Secret`), how it is read `blueprint.secrets`.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from blueprint.text import Checked, Fault, IamRole, Text


class AwsSecrets(Text):
    """AWS Secrets Manager. One secret per path, a JSON map of its keys; without `path` it is `<system>/<service>`."""

    kind: Literal["aws"]
    """aws"""
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
    """Region of the secrets, such as eu-central-1."""
    role: IamRole
    """The role taken for a service (IRSA); `{service}` stands for the service's name, so that none can read another's
    secrets. It trusts the account `secret-reader` of the service's namespace, and may get
    `secret:<system>/<service>-??????` and what is below `<system>/<service>/`; AWS puts six characters behind names."""


class GcpSecrets(Text):
    """Google Secret Manager. One secret per key, called `<system>--<service>--<key>`: names there hold no slash, and
    two hyphens are in no service's name, so that no name begins another's."""

    kind: Literal["gcp"]
    """gcp"""
    project: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
    """Project of the secrets."""
    service_account: Annotated[
        str, Field(pattern=r"^[a-z0-9-]*\{service\}[a-z0-9-]*@[a-z][a-z0-9-]{4,28}[a-z0-9]\.iam\.gserviceaccount\.com$")
    ]
    """The account acted as for a service (Workload Identity); `{service}` stands for the service's name. With it the
    part before @ has 6 to 30 characters. The account `secret-reader` of the service's namespace may act as it; it may
    read secrets whose name begins with `<system>--<service>--`."""
    cluster_project: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")] | None = None
    """Project of the GKE cluster whose accounts are trusted. Unset: that of the secrets."""
    cluster_location: Annotated[str, Field(pattern=r"^[a-z]+-[a-z]+[0-9](-[a-z])?$")]
    """Region or zone of that cluster, such as europe-west1."""
    cluster_name: Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$")]
    """Name of that cluster."""


class VaultLike(Text):
    """What HashiCorp Vault and OpenBao have in common: a KV engine of version 2, a secret per path with its keys."""

    address: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(:[0-9]{1,5})?$")]
    """Where it answers, over TLS: https://vault.example.com:8200."""
    mount: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")] = "secret"
    """Mount of the KV engine (`secret`, as `vault server -dev` mounts it)."""
    namespace: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")] | None = None
    """Namespace in it. Unset: the root."""
    auth_mount: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")] = "kubernetes"
    """Mount of the auth method that knows this cluster (`kubernetes`, its default)."""
    role: Annotated[str, Field(pattern=r"^[a-z0-9_-]*\{service\}[a-z0-9_-]*$")] = "{service}"
    """Role of that method taken for a service; `{service}` stands for the service's name. It is bound to the account
    `secret-reader` of the service's namespace, and may read `<mount>/data/<system>/<service>` and what is below it."""
    ca: (
        Annotated[str, Field(pattern=r"^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----\n?$")]
        | None
    ) = None
    """Certificate of the authority that signed its own, as PEM. Unset: a public one."""


class VaultSecrets(VaultLike):
    """HashiCorp Vault."""

    kind: Literal["vault"]
    """vault"""


class OpenBaoSecrets(VaultLike):
    """OpenBao."""

    kind: Literal["openbao"]
    """openbao"""


SecretSource = AwsSecrets | GcpSecrets | VaultSecrets | OpenBaoSecrets
"""Every kind of store of secrets outside the cluster."""


class Secrets(Checked):
    """Where secret values come from."""

    store: Literal["generated", "aws", "gcp", "vault", "openbao"] = "generated"
    """For resources that name no source. `generated`: drawn in the cluster, never seen by this program. Changing it
    gives every such Secret other values, and restarts the pods that use one."""
    sources: tuple[Annotated[SecretSource, Field(discriminator="kind")], ...] = ()
    """Stores outside the cluster that services may read from, one of a kind."""

    def faults(self) -> Iterator[Fault]:
        kinds = [source.kind for source in self.sources]
        for index, kind in enumerate(kinds):
            if kind in kinds[:index]:
                cause = f"is a second '{kind}', and a resource names its source by kind alone"
                yield Fault(f"sources.{index}", cause, "Drop one of the two")
        if self.store != "generated" and self.store not in kinds:
            cause = f"is '{self.store}', of which nothing says where it is"
            yield Fault("store", cause, f"Add one of kind {self.store} to sources, or use generated")

    def source(self, kind: str) -> SecretSource | None:
        """The settings of the store of `kind`; None: there are none."""
        return next((source for source in self.sources if source.kind == kind), None)
