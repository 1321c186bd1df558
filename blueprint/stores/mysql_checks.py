"""What must hold between a MySQL and its stack before anything is decided (`blueprint.stores.checks`)."""

from collections.abc import Iterator
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.storing import Backup, Mysql
from blueprint.cron import longest_gap_seconds
from blueprint.delivery import peak_pods
from blueprint.drills import timing
from blueprint.quantities import seconds
from blueprint.settings import Existing, Settings
from blueprint.stores import copies, made_services, mariadb_operator, replicas, versions
from blueprint.stores.mysql_words import RESERVED, SYSTEM
from blueprint.stores.sizes import MYSQL
from blueprint.text import Fault, alternatives

USERS: Final = ("mysql", "repl", "root")
"""The server's own, and the one by which the operator's followers know each other (mariadb-operator v26.6.0,
pkg/controller/replication/user_sql.go)."""

MADE: Final = ("internal", "primary", "secondary")
"""What the operator calls the Services beside it: the store's name, a hyphen and one of these (v26.6.0,
api/v1alpha1/mariadb_keys.go)."""

ORACLES: Final = ("5", "8", "9")
"""What the versions of Oracle's MySQL begin with; no line of MariaDB that is offered does."""


def faults(service: Service, resource: str, text: Mysql, settings: Settings) -> Iterator[Fault]:
    """What is wrong with the MySQL `resource` of `service` in this stack; fields are below the resource."""
    yield from _version(text)
    yield from _names(service, resource, text)
    if text.pool.mode == "transaction":
        yield Fault(
            "pool.mode",
            "is transaction, and nothing stands between a driver and MariaDB that could give connections back",
            "Drop it; a driver's own pool is limited by pool.maxPerReplica",
        )
    yield from _connections(service, text, settings)
    yield from _copies(text, settings)
    followed = replicas.instances(text, settings.environment) > 1
    if followed and isinstance(settings.cluster, Existing) and not settings.cluster.api_server_cidrs:
        yield Fault(
            "highAvailability" if text.high_availability else "readReplicas",
            "asks for several pods, whose agents follow the MariaDB object at the API server, and the stack does not"
            " say where that is: closed in, they would never become ready",
            "Set platform:settings.cluster.apiServerCidrs to the addresses that `kubectl get endpointslices kubernetes"
            " --namespace default` shows",
        )


def _version(text: Mysql) -> Iterator[Fault]:
    asked = text.params.version
    if asked is None or asked.split(".")[0] not in ORACLES:
        yield from versions.faults(asked, mariadb_operator.IMAGES, mariadb_operator.NEWEST, "MariaDB")
        return
    offered = " or ".join(f'"{line}"' for line in mariadb_operator.IMAGES)
    yield Fault(
        versions.FIELD,
        f"'{asked}' is a version of Oracle's MySQL, and what runs here is MariaDB, whose drivers and protocol are the"
        " same and whose versions are others: each operator for MySQL itself lacks users, TLS that is required or"
        " copies without static keys (docs/decisions/0048-mysql-is-mariadb-run-by-mariadb-operator.md)",
        f"Write {offered}, or drop it for {mariadb_operator.NEWEST}; what differs is said at `type: mysql` in"
        " docs/catalogue.md",
    )


def _names(service: Service, resource: str, text: Mysql) -> Iterator[Fault]:
    name = mariadb_operator.database(text, resource)
    if name in SYSTEM:
        yield Fault(
            "params.database",
            f"'{name}' is a database MariaDB keeps for itself",
            f"Name it after what it holds; not {', '.join(SYSTEM)}",
        )
    if name in RESERVED:
        yield Fault(
            "params.database",
            f"'{name}' is a word of SQL, so every statement that names the database would fail without quotes",
            f"Name it after what it holds, such as {name}_data",
        )
    if service.name in USERS:
        yield Fault(
            "type",
            f"makes a user called '{service.name}' after the service, a name MariaDB or its operator keeps for itself",
            "Call the service otherwise, or give it a store of another type",
        )
    yield from made_services.faults(service, resource, MADE)


def _connections(service: Service, text: Mysql, settings: Settings) -> Iterator[Fault]:
    """Every pod of the busiest moment with all its connections open, against what the server takes."""
    environment, sizes = settings.environment, MYSQL[settings.environment]
    pods, each = peak_pods(service.spec, meshed=settings.mesh.mode != "none"), text.pool.max_per_replica
    asked, taken = pods * each, sizes[text.class_].connections
    most = taken - mariadb_operator.RESERVED
    if asked <= most:
        return
    larger = [name for name, of in sizes.items() if of.connections - mariadb_operator.RESERVED >= asked]
    fewer = [f"set it to {most // pods} or less"] if most >= pods else []
    yield Fault(
        "pool.maxPerReplica",
        f"is {each}: {pods} pods at the busiest moment × {each} = {asked} connections, and class {text.class_} takes"
        f" {taken} − {mariadb_operator.RESERVED} that its operator, followers and a migration keep = {most} in"
        f" {environment}, so pods would be refused when there is most to do",
        alternatives(*fewer, f"set class: {larger[0]}" if larger else "lower scaling.maxReplicas"),
    )


def _copies(text: Mysql, settings: Settings) -> Iterator[Fault]:
    if not isinstance(text.backup, Backup) or not copies.wanted(text, settings.environment):
        return
    yield from copies.region_faults(text, settings, needed="by which MariaDB's copier finds it")
    yield from copies.faults(
        text,
        settings,
        disk_gib=MYSQL[settings.environment][text.class_].disk_gib,
        least_loss_seconds=0,
        restore_mib_per_second=mariadb_operator.RESTORE_MIB_PER_SECOND,
    )
    yield from timing.faults(text, settings)
    if text.backup.pitr and replicas.instances(text, settings.environment) == 1:
        yield Fault(
            "backup.pitr",
            "asks for the log between two copies, which its operator writes away only where followers read it, and"
            f" there is one pod in {settings.environment}",
            "Set highAvailability to true, or pitr to false and rpo to the time between two copies",
        )
    gap = longest_gap_seconds(text.backup.schedule)
    if text.backup.pitr and seconds(text.backup.rpo) < gap:
        yield Fault(
            "backup.rpo",
            f"is {text.backup.rpo}, and a file of the log is written away once it has"
            f" {mariadb_operator.LOG_FILE_MIB} MiB, however long that takes: only copies, {gap // 3600} h apart, are"
            " made by the clock",
            f"Set it to {gap // 3600}h or more, copy more often, and set highAvailability for what may not be lost",
        )
