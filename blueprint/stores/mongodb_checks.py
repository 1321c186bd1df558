"""What must hold between a MongoDB and its stack before anything is decided (`blueprint.stores.checks`)."""

from collections.abc import Iterator
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.storing import Mongodb
from blueprint.delivery import peak_pods
from blueprint.drills import timing
from blueprint.settings import Settings
from blueprint.stores import copies, percona_mongodb, versions
from blueprint.stores.sizes import MONGODB
from blueprint.text import Fault, alternatives

RESERVED_DATABASES: Final = ("admin", "config", "local")
"""MongoDB's own (its manual, "Databases and Collections")."""
RESERVED_USERS: Final = ("backup", "clusterAdmin", "clusterMonitor", "databaseAdmin", "userAdmin")
"""The operator's own (v1.22.0, pkg/controller/perconaservermongodb/secrets.go); it creates no other user called so."""


def faults(service: Service, resource: str, text: Mongodb, settings: Settings) -> Iterator[Fault]:
    """What is wrong with the MongoDB `resource` of `service` in this stack; fields are below the resource."""
    yield from versions.faults(text.params.version, percona_mongodb.IMAGES, percona_mongodb.NEWEST, "MongoDB")
    yield from _reserved(service, resource, text)
    if text.pool.mode == "transaction":
        yield Fault(
            "pool.mode",
            "is transaction, and nothing stands between a driver and MongoDB that could give connections back",
            "Drop it; a driver's own pool is limited by pool.maxPerReplica",
        )
    yield from _connections(service, text, settings)
    yield from copies.region_faults(text, settings, needed="which MongoDB's copier must know: it would ask us-east-1")
    yield from copies.faults(
        text,
        settings,
        disk_gib=MONGODB[settings.environment][text.class_].disk_gib,
        least_loss_seconds=percona_mongodb.LEAST_LOSS_SECONDS,
        restore_mib_per_second=percona_mongodb.RESTORE_MIB_PER_SECOND,
    )
    yield from timing.faults(text, settings)


def _reserved(service: Service, resource: str, text: Mongodb) -> Iterator[Fault]:
    name = percona_mongodb.database(text, resource)
    if name in RESERVED_DATABASES:
        yield Fault(
            "params.database",
            f"'{name}' is a database MongoDB keeps for itself",
            f"Name it after what it holds; not {', '.join(RESERVED_DATABASES)}",
        )
    user = percona_mongodb.user(service.name, resource)
    if user in RESERVED_USERS:
        yield Fault(
            "type",
            f"makes a user called '{user}' after the service, and the operator of MongoDB keeps that name for itself",
            "Call the service otherwise, or give it a store of another type",
        )


def _connections(service: Service, text: Mongodb, settings: Settings) -> Iterator[Fault]:
    """Every pod of the busiest moment with its pool and its monitors open, against what one member takes: the one that
    leads has them all."""
    environment = settings.environment
    pods, each = peak_pods(service.spec, meshed=settings.mesh.mode != "none"), text.pool.max_per_replica
    asked, sizes = pods * (each + percona_mongodb.MONITORS), MONGODB[environment]
    most = sizes[text.class_].connections - percona_mongodb.RESERVED
    if asked <= most:
        return
    larger = [name for name, of in sizes.items() if of.connections - percona_mongodb.RESERVED >= asked]
    fitting = most // pods - percona_mongodb.MONITORS
    fewer = [f"set it to {fitting} or less"] if fitting >= 1 else []
    yield Fault(
        "pool.maxPerReplica",
        f"is {each}: {pods} pods at the busiest moment × ({each} + {percona_mongodb.MONITORS} by which a driver"
        f" watches) = {asked} connections, and class {text.class_} takes {sizes[text.class_].connections} −"
        f" {percona_mongodb.RESERVED} for its members and operator = {most} in {environment}, so pods would be refused"
        " when there is most to do",
        alternatives(*fewer, f"set class: {larger[0]}" if larger else "lower scaling.maxReplicas"),
    )
