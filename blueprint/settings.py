"""What a stack may say about itself, under the one key `platform:settings` of its Pulumi.<stack>.yaml.

Settings are about where and how large; what runs is the catalogue's. The kinds of cluster are in `settings_cluster`.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from blueprint import docstrings
from blueprint.catalogue import Environment
from blueprint.catalogue.promising import once
from blueprint.settings_backups import S3 as S3  # noqa: PLC0414
from blueprint.settings_backups import Backups as Backups  # noqa: PLC0414
from blueprint.settings_cluster import Cluster as Cluster  # noqa: PLC0414  (a part of these settings)
from blueprint.settings_cluster import Embedded as Embedded  # noqa: PLC0414
from blueprint.settings_cluster import Existing as Existing  # noqa: PLC0414
from blueprint.settings_secrets import Secrets as Secrets  # noqa: PLC0414
from blueprint.text import Checked, Fault, Host, SecretName, Slug, TenantName, Text

Layer = Literal["cluster", "platform", "services"]


class Mesh(Text):
    """The service mesh."""

    mode: Literal["sidecar", "none"] = "sidecar"
    """`sidecar`: Istio, a proxy in each pod. `none`: network policies alone; no mTLS, no per-path rules. Switching
    restarts every pod."""
    trust_domain: Host | Literal["cluster.local"] = "cluster.local"
    """Domain of the identities (Istio's default, cluster.local). Changing it breaks calls until all pods restarted."""


class Jwk(Text):
    """One public key of an issuer, as RFC 7517 writes it."""

    kty: Literal["RSA"]
    """Type."""
    kid: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    """Name of the key; tokens carry it."""
    use: Literal["sig"] = "sig"
    """Signatures."""
    alg: Literal["RS256", "RS384", "RS512"] = "RS256"
    """Algorithm."""
    n: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{342,}$")]
    """Modulus, base64url; 2,048 bits at least (NIST SP 800-131A)."""
    e: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,8}$")] = "AQAB"
    """Exponent, base64url."""


class Jwks(Text):
    """The public keys of an issuer. Never a private one: the fields for those are not known here."""

    keys: Annotated[tuple[Jwk, ...], Field(min_length=1)]
    """Two during a rotation: tokens of either key pass."""


class Issuer(Text):
    """Who signs tokens."""

    issuer: Annotated[str, Field(pattern=r"^https://\S+$")]
    """The `iss` of its tokens."""
    audiences: tuple[str, ...] = ()
    """The `aud` one of which a token must carry. Unset: any."""
    groups: tuple[Slug, ...] = ()
    """Groups its users are in, for the routes' `acl`."""
    jwks: Jwks
    """Its public keys."""


class Identity(Text):
    """Who may sign the tokens of public requests."""

    issuers: dict[Slug, Issuer] = {}
    """By a name of ours."""


class SelfSigned(Text):
    """Certificates of an authority made in the cluster; browsers warn."""

    kind: Literal["selfSigned"]
    """selfSigned"""


class Acme(Text):
    """Certificates of a public authority, over HTTP on port 80 of the gateway."""

    kind: Literal["acme"]
    """acme"""
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
    """Who is notified before a certificate expires."""
    server: Annotated[str, Field(pattern=r"^https://\S+$")] = "https://acme-v02.api.letsencrypt.org/directory"
    """Directory of the authority (Let's Encrypt's). Its staging directory has no limits and is not trusted."""


Certificates = Annotated[SelfSigned | Acme, Field(discriminator="kind")]


_TAKEN: Final = frozenset({8000, 8443, 8444, 8100, *range(15000, 15091)})
"""Ports of the gateway's pods that Kong (its chart's container ports) and the mesh's proxy listen on."""


class Gateway(Checked):
    """The public edge."""

    hosts: tuple[Host, ...] = ()
    """Host names it answers for. Unset: api.<domain>. The first is the default of a route."""
    certificates: Certificates = SelfSigned(kind="selfSigned")
    """Where the certificates of these hosts come from."""
    streams: tuple[Annotated[int, Field(ge=1024, le=65535)], ...] = ()
    """TCP ports it opens besides 80 and 443, for the services' `public` ports: TLS, 1024 or above. Changing it restarts
    the gateway's pods; with operators `present`, whoever runs Kong opens them."""

    def faults(self) -> Iterator[Fault]:
        yield from once("hosts", self.hosts)
        yield from once("streams", tuple(map(str, self.streams)))
        for index, port in enumerate(self.streams):
            if port in _TAKEN:
                cause = f"is {port}, on which the gateway's pods listen already (Kong, or the mesh's proxy)"
                yield Fault(f"streams.{index}", cause, "Take another port, such as 8883")


Placement = Literal["operator", "managed"]


class Data(Text):
    """Where each engine's stores live."""

    postgres: Placement = "operator"
    """PostgreSQL: CloudNativePG, or the cloud's."""
    mongodb: Placement = "operator"
    """MongoDB."""
    redis: Placement = "operator"
    """Redis."""
    valkey: Placement = "operator"
    """Valkey."""
    clickhouse: Literal["operator"] = "operator"
    """ClickHouse; no cloud here manages one."""
    elasticsearch: Placement = "operator"
    """Elasticsearch."""


_StorageClass = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]


class Disks(Text):
    """Disks of stores and volumes."""

    storage_class: _StorageClass | None = None
    """StorageClass they are made from; it must let them grow (allowVolumeExpansion). Unset: the cluster's default.
    Changing it changes no disk that is there."""
    shared_storage_class: _StorageClass | None = None
    """StorageClass of volumes that several nodes mount at once (ReadWriteMany), such as a file system's (EFS,
    Filestore, NFS). Unset: there is none, and a service that asks for such a volume is refused. Changing it changes no
    disk that is there."""


class Brokers(Text):
    """Which broker carries a channel that names none, and where each broker lives."""

    default: Literal["kafka", "nats", "rabbitmq"] = "kafka"
    """Carries every channel whose publisher names no broker. Changing it moves those channels; nothing is copied."""
    kafka: Placement = "operator"
    """Kafka: Strimzi, or the cloud's."""
    nats: Literal["operator"] = "operator"
    """NATS."""
    rabbitmq: Placement = "operator"
    """RabbitMQ."""


class Retention(Text):
    """How long telemetry is kept, in days."""

    metrics_days: Annotated[int, Field(ge=1, le=400)] = 15
    """Metrics (Prometheus' default, 15)."""
    traces_days: Annotated[int, Field(ge=1, le=90)] = 7
    """Traces."""
    logs_days: Annotated[int, Field(ge=1, le=400)] = 30
    """Logs (the templates': 30)."""


class Observability(Text):
    """Telemetry."""

    retention: Retention = Retention()
    """How long it is kept."""


class Budget(Text):
    """Ceilings: a catalogue that asks for more is refused before anything is made."""

    cpu_cores: Annotated[int, Field(ge=1)] | None = None
    """Cores requested by all services at their most pods."""
    memory_gib: Annotated[int, Field(ge=1)] | None = None
    """GiB requested by all services at their most pods."""
    pods: Annotated[int, Field(ge=1)] | None = None
    """Pods of all services at their most."""


class Settings(Checked):
    """One stack."""

    environment: Environment
    """Picks the catalogue's patches and the size table. Never the stack's name."""
    layers: Annotated[tuple[Layer, ...], Field(min_length=1)] = ("cluster", "platform", "services")
    """What this stack makes. A services stack stands on the platform another stack made."""
    tenant: TenantName | None = None
    """Makes the stack a second copy of the services on a platform another stack made, such as pr7: its namespaces are
    called <tenant>--<service>. Unset: the base stack. Changing it replaces every object of the stack."""
    cluster: Cluster
    """Where it runs."""
    domain: Host
    """The domain its public names end in."""
    operators: Literal["install", "present"] = "install"
    """`present`: somebody else runs the controllers, or, on an embedded control plane, they cannot run."""
    image_pull_secrets: tuple[SecretName, ...] = ()
    """Secrets (kubernetes.io/dockerconfigjson) with which the services' images are fetched. Whoever knows the registry
    makes them in each service's namespace, by the time its pods start. Changing it restarts every service's pods."""
    mesh: Mesh = Mesh()
    """The service mesh."""
    gateway: Gateway = Gateway()
    """The public edge."""
    identity: Identity = Identity()
    """Who signs tokens."""
    data: Data = Data()
    """Where stores live."""
    disks: Disks = Disks()
    """What disks are made from."""
    brokers: Brokers = Brokers()
    """Which broker carries what."""
    secrets: Secrets = Secrets()
    """Where secret values come from."""
    observability: Observability = Observability()
    """Telemetry."""
    backups: Backups = Backups()
    """Where copies go."""
    budget: Budget = Budget()
    """Ceilings."""

    def faults(self) -> Iterator[Fault]:
        for index, layer in enumerate(self.layers):
            if layer in self.layers[:index]:
                yield Fault(f"layers.{index}", f"names {layer} twice", "Drop one of the two")
        yield from once("imagePullSecrets", self.image_pull_secrets)
        if self.tenant and set(self.layers) != {"services"}:
            cause = "makes a second copy of services, but the stack also makes the platform, which all copies share"
            yield Fault("tenant", cause, "Set layers to [services], or drop tenant")
        if isinstance(self.cluster, Embedded) and self.operators == "install":
            yield Fault(
                "operators",
                "asks for controllers, but an embedded control plane runs no containers, so nothing would start",
                "Set operators to present",
            )
        seen: dict[str, str] = {}
        for name, issuer in sorted(self.identity.issuers.items()):
            for index, key in enumerate(issuer.jwks.keys):
                if key.kid in seen:
                    cause = f"'{key.kid}' is also a key of {seen[key.kid]}: a token could be of either"
                    yield Fault(f"identity.issuers.{name}.jwks.keys.{index}.kid", cause, "Name it otherwise")
                seen[key.kid] = name


def schema() -> dict[str, Any]:
    """The JSON Schema of `platform:settings`, for editors."""
    return docstrings.schema(Settings)
