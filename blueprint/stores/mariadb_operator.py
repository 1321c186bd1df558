"""A MySQL of the service's own: a MariaDB, run by mariadb-operator beside its namespace.

One server per resource, alone or with followers: the first writes, and a follower takes its place. What it becomes is
spelled in `manifests.mariadb_operator`; why so, in docs/decisions/0048-mysql-is-mariadb-run-by-mariadb-operator.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import deletion, names, store_names
from blueprint.authority import LEAF_HOURS
from blueprint.catalogue import Service
from blueprint.catalogue.storing import Backup, Mysql
from blueprint.connection import Connection
from blueprint.context import Context
from blueprint.deletion import Deletion
from blueprint.migrations import Migration
from blueprint.network_rules import NetworkRule, Peer, both_ends
from blueprint.pins import Image
from blueprint.sizes import Amounts, Quota
from blueprint.stores import copies, edges, migrating, reaching_mysql, replicas
from blueprint.stores.copies import Copies
from blueprint.stores.sizes import MYSQL, StoreSize
from blueprint.vendors import STORE_PORTS

# The lines with long-term support that the operator runs and whose support does not end soon (mariadb.org, "Maintenance
# policy": 11.4 until May 2029, 11.8 until June 2028). 11.8.8 is the operator's own default (v26.6.0, the chart's
# values.yaml). The digests are those with which public repositories pin these tags.
IMAGES: Final[Mapping[str, Image]] = {
    "11.4": Image(
        repository="docker.io/library/mariadb",
        # renovate: datasource=docker depName=mariadb
        tag="11.4.12@sha256:a794d9eb009e20de605858a11f32f63b4075cbd197c650436f0e3b457e4caed7",
    ),
    "11.8": Image(
        repository="docker.io/library/mariadb",
        # renovate: datasource=docker depName=mariadb
        tag="11.8.8@sha256:d9f7eb2637296652f24b484afd5d246f759f49f5babcadc6a9e344c9acb75fbf",
    ),
}
"""Line of MariaDB → image."""

NEWEST: Final = "11.8"
"""What a store gets that names no version."""

AGENT_IMAGE: Final = Image(
    repository="ghcr.io/mariadb-operator/mariadb-operator",
    # renovate: datasource=docker depName=ghcr.io/mariadb-operator/mariadb-operator
    tag="26.6.0",
)
"""The operator's own, of its version: what steers each of several servers, and what prepares it to start."""

BUFFERS_PERCENT: Final = 40
"""Of the memory, for InnoDB's cache. mariadb.com, "InnoDB Buffer Pool", goes up to 80 % on a machine of its own; of a
small pod the connections need as much (`sizes.MYSQL`)."""

KEPT: Final = 10
"""Connections the service's user never gets: the operator's, the agent's, the followers', the copier's, the probes'."""
RESERVED: Final = KEPT + 3
"""Connections the pods of the service may not count on: those, and three of a migration, which is the same user."""

AGENT: Final = Amounts(
    cpu_request_millicores=25,
    cpu_limit_millicores=250,
    memory_request_mib=64,
    memory_limit_mib=128,
    storage_request_mib=64,
    storage_limit_mib=512,
)
"""The agent beside each of several servers, and what runs before them; unmeasured estimates."""

COPIER: Final = Amounts(
    cpu_request_millicores=100,
    cpu_limit_millicores=1000,
    memory_request_mib=256,
    memory_limit_mib=512,
    storage_request_mib=64,
    storage_limit_mib=512,
)
"""Each container of the Job that makes a copy or sets up a follower: mariadb-backup reads files, gzip packs them;
unmeasured estimates."""

LOG_FILE_MIB: Final = 128
"""A file of the log, before the next is begun and this one can be written away: what the operator advises for little
traffic (v26.6.0, docs/pitr.md, "Binary log size")."""
LOG_KEPT_SECONDS: Final = 259_200
"""Three days in which a follower that was away finds what it missed, and in which the log can be written away."""

RESTORE_MIB_PER_SECOND: Final = 50
"""At which a copy is read back from a bucket and unpacked; the estimate for PostgreSQL's, which are files as well."""


@dataclass(frozen=True, kw_only=True)
class OperatedMariadb:
    """A MariaDB, and what its owner gets of it."""

    engine: str
    resource: str
    """Also the name of the MariaDB object, of its Database, its User and its Grant."""
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
    """System variables, as the server's file of settings has them."""
    database: str
    user: str
    """May do everything in the database, and nothing elsewhere."""
    user_connections: int
    """The most it may hold at a time."""
    account: str
    """The service account of its pods."""
    agent: Amounts | None
    """Of what runs beside each server; None: there is one server, and nothing beside it."""
    agent_image: Image
    copies: Copies | None
    logged: bool
    """Whether the log between two copies is written away as well."""
    copier: Amounts
    staging_gib: int
    """Disk where a copy lies until it is in the bucket."""
    deletion: Deletion | None
    """What is left of it when its resource leaves the catalogue."""
    migration: Migration | None
    """What brings its schema up to date; None: its service does."""
    dns_names: tuple[str, ...]
    """What its certificate is for."""
    certificate_hours: int
    """How long that lives."""

    @property
    def quota(self) -> Quota:
        """Its pods, and the Job that makes a copy or, from one, a follower: one at a time."""
        pod = self.size.amounts + self.agent if self.agent else self.size.amounts
        pods = Quota(
            pods=self.instances,
            total=pod.times(self.instances),
            claims=self.instances,
            disk_gib=self.size.disk_gib * self.instances,
        )
        if not self.copies:
            return pods
        return pods + Quota(pods=1, total=self.copier, claims=1, disk_gib=self.staging_gib)

    @property
    def largest(self) -> Amounts:
        """The most one of its containers asks for."""
        found = self.size.amounts.at_least(self.copier) if self.copies else self.size.amounts
        return found.at_least(self.agent) if self.agent else found


def database(text: Mysql, resource: str) -> str:
    """The name of the database: the owner's word, or the resource's name as SQL takes it without quotes."""
    return text.params.database or resource.replace("-", "_")


def several(text: Mysql, context: Context) -> bool:
    """Whether followers stand beside the first."""
    return replicas.instances(text, context.environment) > 1


def decide(service: Service, resource: str, text: Mysql, context: Context) -> OperatedMariadb:
    """The MySQL `resource` of `service`, described by `text`."""
    namespace, ports = context.data_namespace(service.name), STORE_PORTS["mysql"]
    edge = edges.owned(service.name, resource, "mysql", ports, context)
    size, name = MYSQL[context.environment][text.class_], database(text, resource)
    away = copies.decide(service, resource, text, context)
    logged = isinstance(text.backup, Backup) and text.backup.pitr
    writes, reads = (
        names.address(each, namespace)
        for each in ((f"{resource}-primary", f"{resource}-secondary") if several(text, context) else (resource,) * 2)
    )
    session = reaching_mysql.session(service.name, resource, service.name, name, writes)
    migration, theirs = migrating.decide(service, resource, text, ports, context, session)
    return OperatedMariadb(
        engine="mysql",
        resource=resource,
        egress=names.store(resource),
        why=edge.why,
        ports=ports,
        reached_at=edge.target,
        namespace=namespace,
        connections={
            resource: reaching_mysql.connection(service.name, resource, service.name, name, writes, reads),
        },
        rules=(
            *both_ends(edge),
            *theirs,
            *edges.operated(service.name, resource, "mysql", context, copied=away is not None),
        ),
        service=service.name,
        service_namespace=context.namespace(service.name),
        owner=service.spec.owner,
        tier=service.spec.tier,
        image=IMAGES[text.params.version or NEWEST],
        instances=replicas.instances(text, context.environment),
        spread_strictly=context.environment == "prod",
        size=size,
        storage_class=context.settings.disks.storage_class,
        parameters=_parameters(size),
        database=name,
        user=service.name,
        user_connections=size.connections - KEPT,
        account=store_names.store_account(resource),
        agent=AGENT if several(text, context) else None,
        agent_image=AGENT_IMAGE,
        copies=away,
        logged=away is not None and logged,
        copier=COPIER,
        staging_gib=_staging_gib(size, logged=logged) if away else 0,
        deletion=deletion.decide(text, context),
        migration=migration,
        dns_names=dns_names(resource, namespace),
        certificate_hours=LEAF_HOURS,
    )


def _parameters(size: StoreSize) -> Mapping[str, str]:
    return {
        # Its own default, MIXED, lets a follower compute what the first has computed.
        "binlog_format": "ROW",
        "binlog_expire_logs_seconds": str(LOG_KEPT_SECONDS),
        "character_set_server": "utf8mb4",
        "innodb_buffer_pool_size": f"{size.amounts.memory_limit_mib * BUFFERS_PERCENT // 100}M",
        # A client's file is read by the client alone.
        "local_infile": "OFF",
        "max_binlog_size": f"{LOG_FILE_MIB}M",
        "max_connections": str(size.connections),
        # Nobody is known by the name of a host, and the resolver is not asked when somebody connects.
        "skip_name_resolve": "ON",
    }


def _staging_gib(size: StoreSize, *, logged: bool) -> int:
    """A copy, and what gzip makes of it; where the log is kept it is also unpacked, to see where it ends (v26.6.0,
    pkg/command/backup.go: MariadbBackupMeta)."""
    return size.disk_gib * (3 if logged else 2)


def dns_names(resource: str, namespace: str) -> tuple[str, ...]:
    """What the operator's own certificate would be for (v26.6.0, docs/tls.md, "MariaDB certificate specification"): its
    Services, each pod, and the server itself, which the agent asks."""
    services = (resource, f"{resource}-primary", f"{resource}-secondary", f"*.{resource}-internal")
    found = (name for service in services for name in (service, *edges.dns_names(service, namespace)))
    return (*found, "localhost")
