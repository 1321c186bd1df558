"""A ClickHouse of the service's own, run by Altinity's operator beside its namespace.

One shard: every pod holds all data, and nothing is sharded. Several pods copy from each other and agree by Keepers of
their own. What it becomes is spelled in `manifests.altinity_clickhouse`; why so, in
docs/decisions/0046-clickhouse-runs-on-altinitys-operator.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import deletion, names, store_names
from blueprint.authority import LEAF_HOURS
from blueprint.catalogue import Service
from blueprint.catalogue.storing import Clickhouse
from blueprint.connection import Composed, Connection, Drawn, Known
from blueprint.context import Context
from blueprint.deletion import Deletion
from blueprint.migrations import Migration, Session
from blueprint.network_rules import NetworkRule, Peer, both_ends
from blueprint.pins import Image
from blueprint.sizes import STORAGE_LIMIT_MIB, STORAGE_REQUEST_MIB, Amounts, Quota
from blueprint.stores import copies, copy_jobs, edges, migrating, replicas
from blueprint.stores.copies import Copies
from blueprint.stores.copy_jobs import Asked, CopyJob
from blueprint.stores.sizes import CLICKHOUSE, StoreSize
from blueprint.stores.trusting import of_store
from blueprint.variables import Composed as Variable
from blueprint.variables import FromSecret
from blueprint.vendors import STORE_PORTS

# The line with long-term support of 2026. The digests are those of the multi-platform indexes, as they stand in public
# repositories that pin them.
IMAGES: Final[Mapping[str, Image]] = {
    "26.3": Image(
        repository="docker.io/clickhouse/clickhouse-server",
        # renovate: datasource=docker depName=clickhouse/clickhouse-server
        tag="26.3.33.24@sha256:810861a2e2d0188744f5f23b2d3ec9ff95812bcb9ddbb8fed13a377a7f305893",
    ),
}
"""Line → image."""

NEWEST: Final = "26.3"
"""What a store gets that names no version."""

KEEPER_IMAGE: Final = Image(
    repository="docker.io/clickhouse/clickhouse-keeper",
    # renovate: datasource=docker depName=clickhouse/clickhouse-keeper
    tag="26.3.33.24@sha256:3fd59d9efb8c9e9136c3c924ceaa004f65c0b14699f34e4eae4eb63e2f860803",
)
"""ClickHouse Keeper: what several pods agree by."""

KEEPERS: Final = 3
"""The least of which a majority is left when one is away (ClickHouse's documentation, "ClickHouse Keeper")."""

KEEPER: Final = Amounts(
    cpu_request_millicores=100,
    cpu_limit_millicores=500,
    memory_request_mib=512,
    memory_limit_mib=512,
    storage_request_mib=STORAGE_REQUEST_MIB,
    storage_limit_mib=STORAGE_LIMIT_MIB,
)
"""A Keeper holds a few lines about each table and its parts; unmeasured estimates."""

KEEPER_DISK_GIB: Final = 5
"""Its log and snapshots; an unmeasured estimate."""

RESERVED: Final = 20
"""Connections no service may count on: the other pods', the operator's, the probes'. An estimate."""

CLUSTER: Final = "store"
"""What the one cluster of an installation is called; part of the names of its pods. At most 15 characters (the
operator's definition)."""

KEEPER_CLUSTER: Final = "keeper"
"""The same for the Keepers."""

SECURE_PORT: Final = 9440
"""The native protocol with TLS; HTTPS is the other of `STORE_PORTS`."""


@dataclass(frozen=True, kw_only=True)
class Keepers:
    """Who keep what the pods of one ClickHouse have agreed on."""

    pods: int
    image: Image
    amounts: Amounts
    disk_gib: int
    """Of each. May grow in place, never shrink."""
    hosts: tuple[str, ...]
    """Where each is reached from the same namespace."""


@dataclass(frozen=True, kw_only=True)
class AltinityClickhouse:
    """One ClickHouse, and what its owner gets of it."""

    engine: str
    resource: str
    """Also the name of the ClickHouseInstallation and the ClickHouseKeeperInstallation."""
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
    replicas: int
    """Pods. Each holds all data, writes and answers."""
    keepers: Keepers | None
    """None: there is one pod, which agrees with nobody."""
    spread_strictly: bool
    """Whether two pods may never share a node."""
    size: StoreSize
    storage_class: str | None
    database: str
    user: str
    """May do everything in the database, and nothing elsewhere."""
    account: str
    """The service account of its pods."""
    copies: Copies | None
    copying: CopyJob | None
    """Who asks for these copies, which the server writes."""
    deletion: Deletion | None
    """What is left of it when its resource leaves the catalogue."""
    migration: Migration | None
    """What brings its tables up to date; None: its service does."""
    dns_names: tuple[str, ...]
    """What its certificate is for."""
    certificate_hours: int
    """How long that lives."""

    @property
    def quota(self) -> Quota:
        """Its pods and the Keepers, one of which is gone before the next takes its place, and a run that copies."""
        needed = Quota(
            pods=self.replicas,
            total=self.size.amounts.times(self.replicas),
            claims=self.replicas,
            disk_gib=self.size.disk_gib * self.replicas,
        )
        if self.keepers:
            needed += Quota(
                pods=self.keepers.pods,
                total=self.keepers.amounts.times(self.keepers.pods),
                claims=self.keepers.pods,
                disk_gib=self.keepers.disk_gib * self.keepers.pods,
            )
        return needed + self.copying.quota if self.copying else needed

    @property
    def largest(self) -> Amounts:
        """The most one of its containers asks for."""
        found = self.size.amounts.at_least(self.keepers.amounts) if self.keepers else self.size.amounts
        return found.at_least(self.copying.largest) if self.copying else found


def database(text: Clickhouse, resource: str) -> str:
    """The name of the database: the owner's word, or the resource's name."""
    return text.params.database or resource


def service_of(resource: str) -> str:
    """The Service of the pods that are ready, by the operator's own pattern."""
    return f"clickhouse-{resource}"


def hosts(resource: str, pods: int) -> tuple[str, ...]:
    """The Service of each pod, and what the pods call each other (pkg/model/chi/namer/patterns.go of the operator)."""
    return tuple(f"chi-{resource}-{CLUSTER}-0-{number}" for number in range(pods))


def keeper_hosts(resource: str, pods: int) -> tuple[str, ...]:
    """The same of each Keeper (pkg/model/chk/namer/patterns.go)."""
    return tuple(f"chk-{resource}-{KEEPER_CLUSTER}-0-{number}" for number in range(pods))


def decide(service: Service, resource: str, text: Clickhouse, context: Context) -> AltinityClickhouse:
    """The ClickHouse `resource` of `service`, described by `text`."""
    namespace, ports = context.data_namespace(service.name), STORE_PORTS["clickhouse"]
    edge = edges.owned(service.name, resource, "clickhouse", ports, context)
    pods = replicas.instances(text, context.environment)
    keepers, size = _keepers(resource) if pods > 1 else None, CLICKHOUSE[context.environment][text.class_]
    away = copies.decide(service, resource, text, context)
    session = _session(service.name, resource, text, namespace)
    migration, theirs = migrating.decide(service, resource, text, ports, context, session)
    reached = (service_of(resource), *hosts(resource, pods), *(keepers.hosts if keepers else ()))
    return AltinityClickhouse(
        engine="clickhouse",
        resource=resource,
        egress=names.store(resource),
        why=edge.why,
        ports=ports,
        reached_at=edge.target,
        namespace=namespace,
        connections={resource: _connection(service.name, resource, text, namespace)},
        rules=(
            *both_ends(edge),
            *theirs,
            *edges.operated(service.name, resource, "clickhouse", context, copied=away is not None),
        ),
        service=service.name,
        service_namespace=context.namespace(service.name),
        owner=service.spec.owner,
        tier=service.spec.tier,
        image=IMAGES[text.params.version or NEWEST],
        replicas=pods,
        keepers=keepers,
        spread_strictly=context.environment == "prod",
        size=size,
        storage_class=context.settings.disks.storage_class,
        database=database(text, resource),
        user=service.name,
        account=store_names.store_account(resource),
        copies=away,
        copying=copy_jobs.decide(service, resource, away, _asked(resource, text, namespace), context, size.disk_gib),
        deletion=deletion.decide(text, context),
        migration=migration,
        # Pods call each other by the first of these four, everybody else by the others.
        dns_names=tuple(name for host in reached for name in (host, *edges.dns_names(host, namespace))),
        certificate_hours=LEAF_HOURS,
    )


def _keepers(resource: str) -> Keepers:
    return Keepers(
        pods=KEEPERS,
        image=KEEPER_IMAGE,
        amounts=KEEPER,
        disk_gib=KEEPER_DISK_GIB,
        hosts=keeper_hosts(resource, KEEPERS),
    )


def _asked(resource: str, text: Clickhouse, namespace: str) -> Asked:
    return Asked(
        engine="clickhouse",
        image=IMAGES[text.params.version or NEWEST],
        host=names.address(service_of(resource), namespace),
        port=SECURE_PORT,
        user=copy_jobs.USER,
        secret=store_names.copier(resource),
        database=database(text, resource),
        by_itself=False,
    )


def _connection(service: str, resource: str, text: Clickhouse, namespace: str) -> Connection:
    trust, host = of_store(resource), names.address(service_of(resource), namespace)
    https = next(port for port in STORE_PORTS["clickhouse"] if port != SECURE_PORT)
    return Connection(
        secret=names.connection(service, resource),
        keys={
            "ca": Known(text=trust.path),
            "database": Known(text=database(text, resource)),
            "host": Known(text=host),
            "http_url": Known(text=f"https://{host}:{https}"),
            "password": Drawn(secret=store_names.owner(resource), key="password"),
            "port": Known(text=str(SECURE_PORT)),
            "url": Composed(text=_url(service, resource, text, namespace)),
            "username": Known(text=service),
        },
        trust=trust,
    )


def _session(service: str, resource: str, text: Clickhouse, namespace: str) -> Session:
    """What a migration is given: the service's own address. There are no names that drivers read by themselves."""
    password = "DATABASE_PASSWORD"  # noqa: S105  the variable, not its content
    url = _url(service, resource, text, namespace).format(password=f"$({password})")
    return Session(
        environment=(
            FromSecret(name=password, secret=names.connection(service, resource), key="password"),
            Variable(name="DATABASE_URL", value=url),
        ),
        trust=of_store(resource),
    )


def _url(service: str, resource: str, text: Clickhouse, namespace: str) -> str:
    """In the words clickhouse-go and clickhouse-connect share."""
    host = names.address(service_of(resource), namespace)
    return f"clickhouse://{service}:{{password}}@{host}:{SECURE_PORT}/{database(text, resource)}?secure=true"
