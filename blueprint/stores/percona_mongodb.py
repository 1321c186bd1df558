"""A MongoDB of the service's own, run by Percona's operator beside its namespace.

One replica set per resource, never one that several services share, of one member where nobody asks for more: drivers,
change streams and transactions want a replica set even of one. Not sharded. What it becomes is spelled in
`manifests.percona_mongodb`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import deletion, names, store_names
from blueprint.authority import LEAF_HOURS
from blueprint.catalogue import Service
from blueprint.catalogue.storing import Backup, Mongodb
from blueprint.connection import Composed, Connection, Drawn, Known
from blueprint.context import Context
from blueprint.cron import shortest_gap_seconds
from blueprint.deletion import Deletion
from blueprint.migrations import Migration, Session
from blueprint.network_rules import NetworkRule, Peer, both_ends
from blueprint.pins import Image
from blueprint.quantities import seconds
from blueprint.sizes import Amounts, Quota
from blueprint.stores import copies, edges, migrating, replicas
from blueprint.stores.copies import Copies
from blueprint.stores.sizes import MONGODB, StoreSize
from blueprint.stores.trusting import of_store
from blueprint.variables import Composed as Variable
from blueprint.variables import FromSecret
from blueprint.vendors import STORE_PORTS

ARCHITECTURE: Final = "amd64"
"""Of the images below: Percona publishes a digest for each architecture, and none for both (release notes of its
operator 1.22.0, "Percona certified images")."""

# The builds certified with the operator 1.22.0, on its page above. 6.0 is there too; its support has ended
# (mongodb.com/legal/support-policy/lifecycles).
IMAGES: Final[Mapping[str, Image]] = {
    "7.0": Image(
        repository="docker.io/percona/percona-server-mongodb",
        # renovate: datasource=docker depName=percona/percona-server-mongodb
        tag="7.0.30-16@sha256:32bc384e2af367e4261bdf1d2b09211bb210425f292494e5837e5a05f6805768",
    ),
    "8.0": Image(
        repository="docker.io/percona/percona-server-mongodb",
        # renovate: datasource=docker depName=percona/percona-server-mongodb
        tag="8.0.19-7@sha256:779378a9f52cd9e617d0c356053b4b9c97209b0b759aa819300427836f6f2c66",
    ),
}
"""Major version → image."""

NEWEST: Final = "8.0"
"""What a store gets that names no version."""

COPIER: Final = Image(
    repository="docker.io/percona/percona-backup-mongodb",
    # renovate: datasource=docker depName=percona/percona-backup-mongodb
    tag="2.12.0@sha256:6d56b787c2dc532c9c19cc607a2bc1855a722cdaa52024ea38d4de4aae777f8a",
)
"""Percona Backup for MongoDB, beside every member that makes copies."""

REPLICA_SET: Final = "rs0"
"""The operator's own name for the first; part of the name of its Service and pods."""

RESERVED: Final = 50
"""Connections no service may count on: the other members', the operator's, the copier's, the probes'. An estimate."""

MONITORS: Final = 2
"""Connections a driver holds to each member besides its pool, to see who leads (MongoDB's specification "Server
Monitoring": one for the heartbeat, one for the round-trip time)."""

AGENT: Final = Amounts(
    cpu_request_millicores=25,
    cpu_limit_millicores=250,
    memory_request_mib=128,
    memory_limit_mib=256,
    storage_request_mib=64,
    storage_limit_mib=512,
)
"""One copier; it idles but for the copies' time. Unmeasured estimates."""

LEAST_LOSS_SECONDS: Final = 60
"""The shortest piece of the oplog that is written away: a minute, so that each is worth a file."""
LONGEST_SPAN_MINUTES: Final = 10
"""The longest: Percona's default. A longer one could outlast the oplog itself."""

RESTORE_MIB_PER_SECOND: Final = 30
"""At which a copy is read back: document by document, with its indexes built anew; an unmeasured estimate."""

_LONGEST_MARK: Final = names.LABEL_LENGTH - len("--hash")
"""The operator marks the owner's Secret with an annotation `<resource>-<user>-hash`, whose name may have 63 characters
(v1.22.0, custom_users.go)."""


@dataclass(frozen=True, kw_only=True)
class PerconaMongodb:
    """A replica set of MongoDB, and what its owner gets of it."""

    engine: str
    resource: str
    """Also the name of the PerconaServerMongoDB."""
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
    architecture: str
    """Of the nodes its pods may run on."""
    members: int
    """Those that vote. One of them writes, the others follow it."""
    readers: int
    """Members that only answer reads: they never vote, nor lead."""
    spread_strictly: bool
    """Whether two pods may never share a node."""
    size: StoreSize
    storage_class: str | None
    database: str
    user: str
    """Reads and writes the database, and may do nothing else."""
    account: str
    """The service account of its pods."""
    copies: Copies | None
    deletion: Deletion | None
    """What is left of it when its resource leaves the catalogue."""
    migration: Migration | None
    """What brings its documents and indexes up to date; None: its service does."""
    oplog_span_minutes: int
    """How much work one piece of the oplog in the bucket holds: at most so much is lost."""
    copies_kept: int
    """Full copies the operator lists, so that each is listed for as long as it is to be kept."""
    copier: Image
    agent: Amounts
    """Of the copier beside each member that makes copies."""
    dns_names: tuple[str, ...]
    """What its certificate is for."""
    certificate_hours: int
    """How long that lives."""

    @property
    def quota(self) -> Quota:
        """Its pods and no more: one is gone before the next takes its place."""
        pods = self.members + self.readers
        pod = self.size.amounts + self.agent if self.copies else self.size.amounts
        return Quota(pods=pods, total=pod.times(pods), claims=pods, disk_gib=self.size.disk_gib * pods)

    @property
    def largest(self) -> Amounts:
        """The most one of its containers asks for."""
        return self.size.amounts.at_least(self.agent) if self.copies else self.size.amounts


def database(text: Mongodb, resource: str) -> str:
    """The name of the database: the owner's word, or the resource's name."""
    return text.params.database or resource


def user(service: str, resource: str) -> str:
    """The user of `service`: its name, shortened where the operator's mark for it would be too long."""
    return names.fit(service, _LONGEST_MARK - len(resource))


def decide(service: Service, resource: str, text: Mongodb, context: Context) -> PerconaMongodb:
    """The MongoDB `resource` of `service`, described by `text`."""
    namespace, ports = context.data_namespace(service.name), STORE_PORTS["mongodb"]
    edge = edges.owned(service.name, resource, "mongodb", ports, context)
    away = copies.decide(service, resource, text, context)
    session = _session(service.name, resource, text, namespace)
    migration, theirs = migrating.decide(service, resource, text, ports, context, session)
    return PerconaMongodb(
        engine="mongodb",
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
            *edges.operated(service.name, resource, "mongodb", context, copied=away is not None),
        ),
        service=service.name,
        service_namespace=context.namespace(service.name),
        owner=service.spec.owner,
        tier=service.spec.tier,
        image=IMAGES[text.params.version or NEWEST],
        architecture=ARCHITECTURE,
        members=replicas.voters(text, context.environment),
        readers=replicas.readers(text, context.environment),
        spread_strictly=context.environment == "prod",
        size=MONGODB[context.environment][text.class_],
        storage_class=context.settings.disks.storage_class,
        database=database(text, resource),
        user=user(service.name, resource),
        account=store_names.store_account(resource),
        copies=away,
        deletion=deletion.decide(text, context),
        migration=migration,
        oplog_span_minutes=_span_minutes(away.loss_seconds) if away else 0,
        copies_kept=_kept(text.backup) if away and isinstance(text.backup, Backup) else 0,
        copier=COPIER,
        agent=AGENT,
        dns_names=dns_names(resource, namespace),
        certificate_hours=LEAF_HOURS,
    )


def _span_minutes(loss_seconds: int) -> int:
    return max(LEAST_LOSS_SECONDS // 60, min(loss_seconds // 60, LONGEST_SPAN_MINUTES))


def _kept(backup: Backup) -> int:
    """By the shortest time between two: a schedule with uneven gaps keeps some longer, none shorter."""
    return -(-round(seconds(backup.retention)) // shortest_gap_seconds(backup.schedule))


def headless(resource: str) -> str:
    """The operator's headless Service: it names every member that is ready."""
    return f"{resource}-{REPLICA_SET}"


def dns_names(resource: str, namespace: str) -> tuple[str, ...]:
    """The Service, where a driver begins, and below it the members, whom it is led to and who check each other."""
    found = (headless(resource), *edges.dns_names(headless(resource), namespace))
    return tuple(name for each in found for name in (each, f"*.{each}"))


def _connection(service: str, resource: str, text: Mongodb, namespace: str) -> Connection:
    (port,), trust = STORE_PORTS["mongodb"], of_store(resource)
    url = _url(service, resource, text, namespace)
    return Connection(
        secret=names.connection(service, resource),
        keys={
            "ca": Known(text=trust.path),
            "database": Known(text=database(text, resource)),
            "host": Known(text=names.address(headless(resource), namespace)),
            "password": Drawn(secret=store_names.owner(resource), key="password"),
            "port": Known(text=str(port)),
            "read_url": Composed(text=f"{url}&readPreference=secondaryPreferred"),
            "url": Composed(text=url),
            "username": Known(text=user(service, resource)),
        },
        trust=trust,
    )


def _session(service: str, resource: str, text: Mongodb, namespace: str) -> Session:
    """What a migration is given: the service's own address. There is no pooler to go past, and there are no names that
    drivers read by themselves."""
    password = "DATABASE_PASSWORD"  # noqa: S105  the variable, not its content
    url = _url(service, resource, text, namespace).format(password=f"$({password})")
    return Session(
        environment=(
            FromSecret(name=password, secret=names.connection(service, resource), key="password"),
            Variable(name="DATABASE_URL", value=url),
        ),
        trust=of_store(resource),
    )


def _url(service: str, resource: str, text: Mongodb, namespace: str) -> str:
    """One seed, not mongodb+srv: that needs a resolver for SRV records in every driver, and brings nothing here, since
    `replicaSet` makes the driver ask the member it meets first for all others. Without maxPoolSize it takes 100."""
    (port,), host = STORE_PORTS["mongodb"], names.address(headless(resource), namespace)
    role, name, ca = user(service, resource), database(text, resource), of_store(resource).path
    return (
        f"mongodb://{role}:{{password}}@{host}:{port}/{name}?tls=true&tlsCAFile={ca}&authSource={name}"
        f"&replicaSet={REPLICA_SET}&maxPoolSize={text.pool.max_per_replica}"
    )
