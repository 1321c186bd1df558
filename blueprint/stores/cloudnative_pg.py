"""A PostgreSQL of the service's own, run by CloudNativePG beside its namespace.

One cluster of PostgreSQL per resource, never one that several services share: a noisy neighbour, an upgrade or a
restore is then nobody else's. What it becomes is spelled in `manifests.cloudnative_pg`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import deletion, names
from blueprint.authority import LEAF_HOURS
from blueprint.catalogue import Service
from blueprint.catalogue.storing import Postgres
from blueprint.connection import Connection
from blueprint.context import Context
from blueprint.deletion import Deletion
from blueprint.migrations import Migration
from blueprint.network_rules import NetworkRule, Peer, both_ends
from blueprint.pins import Image
from blueprint.sizes import Amounts, Quota
from blueprint.stores import copies, edges, migrating, reaching_postgres, replicas
from blueprint.stores.copies import Copies
from blueprint.stores.sizes import POSTGRES, StoreSize
from blueprint.vendors import STORE_PORTS

# The newest build of each major line of CloudNativePG's catalogue `postgresql-standard-trixie` of 2026-08-17
# (cloudnative-pg/artifacts, image-catalogs); `standard` brings pgaudit and pgvector. Lines whose support has ended
# (postgresql.org/support/versioning) are not here.
IMAGES: Final[Mapping[str, Image]] = {
    "15": Image(
        repository="ghcr.io/cloudnative-pg/postgresql",
        # renovate: datasource=docker depName=ghcr.io/cloudnative-pg/postgresql
        tag="15.19-202608170814-standard-trixie@sha256:613c7a0417887cd2626a2bfb31fa4e1d86c3088e575fd66bc227007dc69a5487",
    ),
    "16": Image(
        repository="ghcr.io/cloudnative-pg/postgresql",
        # renovate: datasource=docker depName=ghcr.io/cloudnative-pg/postgresql
        tag="16.15-202608170814-standard-trixie@sha256:3df9103d7f89c8abc2870463d4d446944c81b5f1f4b707c590895dc003ecbb65",
    ),
    "17": Image(
        repository="ghcr.io/cloudnative-pg/postgresql",
        # renovate: datasource=docker depName=ghcr.io/cloudnative-pg/postgresql
        tag="17.11-202608170816-standard-trixie@sha256:91e0de662d53895a45f1396f4ee1a75daeb0c26fc87853afc9c8f43e01fdaa21",
    ),
    "18": Image(
        repository="ghcr.io/cloudnative-pg/postgresql",
        # renovate: datasource=docker depName=ghcr.io/cloudnative-pg/postgresql
        tag="18.6-202608170814-standard-trixie@sha256:771f9eab5225587af259d84680cc69a5b6e374ac32bb24effafde1f3368a1241",
    ),
}
"""Major version → image."""

NEWEST: Final = "18"
"""What a store gets that names no version."""

BUFFERS_PERCENT: Final = 25
"""Of the memory, for PostgreSQL's own cache (postgresql.org, shared_buffers: a reasonable start)."""

RESERVED: Final = 13
"""Connections no service may count on: 3 for superusers (superuser_reserved_connections, PostgreSQL's default) and 10
for the operator's instance managers, their metrics, the standbys and a migration."""

POOLED_CLIENTS: Final = 1000
"""Connections that one pod of the pooler takes (`max_client_conn` in CloudNativePG's own examples; PgBouncer's default
is 100). A waiting client costs it some 2 kB."""

POOLER: Final = Amounts(
    cpu_request_millicores=50,
    cpu_limit_millicores=500,
    memory_request_mib=64,
    memory_limit_mib=128,
    storage_request_mib=64,
    storage_limit_mib=512,
)
"""PgBouncer is one process on one core; unmeasured estimates."""


ARCHIVER: Final = Amounts(
    cpu_request_millicores=25,
    cpu_limit_millicores=250,
    memory_request_mib=128,
    memory_limit_mib=256,
    storage_request_mib=64,
    storage_limit_mib=512,
)
"""barman-cloud is Python, started anew for each piece of the log; unmeasured estimates."""

LEAST_LOSS_SECONDS: Final = 60
"""The shortest time after which a piece of the log that is not full is written away; below a minute PostgreSQL's
documentation advises streaming instead (archive_timeout)."""

RESTORE_MIB_PER_SECOND: Final = 50
"""At which a copy is read back from a bucket and unpacked; an unmeasured estimate, half of a small cloud disk's
throughput (gp3: 125 MiB/s)."""


@dataclass(frozen=True, kw_only=True)
class Pooler:
    """PgBouncer between a service and its store: connections are given back after each transaction."""

    name: str
    """Of the Pooler and its Service."""
    instances: int
    clients: int
    """Connections one pod takes."""
    servers: int
    """Connections one pod holds to the store."""
    amounts: Amounts


@dataclass(frozen=True, kw_only=True)
class CloudNativePg:
    """A cluster of PostgreSQL, and what its owner gets of it."""

    engine: str
    resource: str
    """Also the name of the Cluster."""
    egress: str
    why: str
    ports: tuple[int, ...]
    reached_at: tuple[Peer, ...]
    namespace: str
    connections: Mapping[str, Connection]
    rules: tuple[NetworkRule, ...]
    """At the store itself."""
    service: str
    service_namespace: str
    owner: str
    tier: str
    image: Image
    instances: int
    """The first writes; the others follow it."""
    spread_strictly: bool
    """Whether two pods may never share a node."""
    size: StoreSize
    storage_class: str | None
    parameters: Mapping[str, str]
    database: str
    user: str
    """Owner of the database, and the only role that may connect."""
    extensions: tuple[str, ...]
    pooler: Pooler | None
    migration: Migration | None
    """What brings its schema up to date; None: its service does."""
    copies: Copies | None
    deletion: Deletion | None
    """What is left of it when its resource leaves the catalogue."""
    archiver: Amounts
    """Of the plugin's container beside each of its pods that makes copies."""
    dns_names: tuple[str, ...]
    """What its certificate is for."""
    certificate_hours: int
    """How long that lives."""

    @property
    def quota(self) -> Quota:
        """Its pods with the job that sets up the next one, and of the pooler one more while it is replaced."""
        pods = self.instances + 1
        pod = self.size.amounts + self.archiver if self.copies else self.size.amounts
        stored = Quota(pods=pods, total=pod.times(pods), claims=pods, disk_gib=self.size.disk_gib * pods)
        if not self.pooler:
            return stored
        poolers = self.pooler.instances + 1
        return stored + Quota(pods=poolers, total=self.pooler.amounts.times(poolers))

    @property
    def largest(self) -> Amounts:
        """The most one of its containers asks for."""
        return self.size.amounts.at_least(self.archiver) if self.copies else self.size.amounts


def database(text: Postgres, resource: str) -> str:
    """The name of the database: the owner's word, or the resource's name as PostgreSQL takes it without quotes."""
    return text.params.database or resource.replace("-", "_")


def user(service: str) -> str:
    """The role of `service`: its name as PostgreSQL takes it without quotes."""
    return service.replace("-", "_")


def pooled(text: Postgres) -> bool:
    """Whether the owner asks for a pooler: connections that are given back after each transaction need one."""
    return text.pool.mode == "transaction"


def decide(service: Service, resource: str, text: Postgres, context: Context) -> CloudNativePg:
    """The PostgreSQL `resource` of `service`, described by `text`."""
    namespace, ports = context.data_namespace(service.name), STORE_PORTS["postgres"]
    edge = edges.owned(service.name, resource, "postgres", ports, context)
    size, pods = POSTGRES[context.environment][text.class_], replicas.instances(text, context.environment)
    pooler = _pooler(resource, size, pods) if pooled(text) else None
    away = copies.decide(service, resource, text, context)
    role, name = user(service.name), database(text, resource)
    first = names.address(f"{resource}-rw", namespace)
    writes = names.address(pooler.name, namespace) if pooler else first
    reads = names.address(f"{resource}-ro" if pods > 1 else f"{resource}-r", namespace)
    connection = reaching_postgres.connection(service.name, resource, role, name, writes, reads)
    session = reaching_postgres.session(service.name, resource, role, name, first)
    migration, theirs = migrating.decide(service, resource, text, ports, context, session)
    return CloudNativePg(
        engine="postgres",
        resource=resource,
        egress=names.store(resource),
        why=edge.why,
        ports=ports,
        reached_at=edge.target,
        namespace=namespace,
        connections={resource: connection},
        rules=(
            *both_ends(edge),
            *theirs,
            *edges.operated(service.name, resource, "postgres", context, copied=away is not None),
        ),
        service=service.name,
        service_namespace=context.namespace(service.name),
        owner=service.spec.owner,
        tier=service.spec.tier,
        image=IMAGES[text.params.version or NEWEST],
        instances=pods,
        spread_strictly=context.environment == "prod",
        size=size,
        storage_class=context.settings.disks.storage_class,
        parameters={
            "max_connections": str(size.connections),
            **({"archive_timeout": f"{max(away.loss_seconds, LEAST_LOSS_SECONDS)}s"} if away else {}),
            "password_encryption": "scram-sha-256",
            "shared_buffers": f"{size.amounts.memory_limit_mib * BUFFERS_PERCENT // 100}MB",
            "ssl_min_protocol_version": "TLSv1.3",
        },
        database=name,
        user=role,
        extensions=tuple(sorted(text.params.extensions)),
        pooler=pooler,
        migration=migration,
        copies=away,
        deletion=deletion.decide(text, context),
        archiver=ARCHIVER,
        dns_names=_dns_names(resource, namespace, pooler),
        certificate_hours=LEAF_HOURS,
    )


def _pooler(resource: str, size: StoreSize, pods: int) -> Pooler:
    """As many poolers as bear the loss of one where the store does; they share what the store accepts."""
    several = min(pods, 2)
    return Pooler(
        name=f"{resource}-pooler",
        instances=several,
        clients=POOLED_CLIENTS,
        servers=(size.connections - RESERVED) // several,
        amounts=POOLER,
    )


def _dns_names(resource: str, namespace: str, pooler: Pooler | None) -> tuple[str, ...]:
    services = (f"{resource}-r", f"{resource}-ro", f"{resource}-rw", *((pooler.name,) if pooler else ()))
    return tuple(name for service in services for name in (service, *edges.dns_names(service, namespace)))
