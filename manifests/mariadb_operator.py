"""A MySQL on mariadb-operator: the MariaDB, its one database, user and grant, and what these lean on beside it.

Field by field checked against the definitions of mariadb-operator 26.6.0. What its defaults would leave open is closed
here, and in `mariadb_server`: by itself it gives agents a right over the whole cluster.
"""

from collections.abc import Iterator
from typing import Final

from blueprint import store_names
from blueprint.stores.copies import Copies
from blueprint.stores.edges import marks
from blueprint.stores.mariadb_operator import OperatedMariadb
from manifests.credentials import drawn
from manifests.keeping import RETAIN
from manifests.manifest import Manifest, given, manifest
from manifests.mariadb_server import (
    AGENT,
    COPIES,
    LOG,
    MARIADB,
    SERVER,
    USER,
    WATCHED,
    bucket,
    configuration,
    disk,
    identity,
    key_of,
    out_of_the_mesh,
    proof,
    serving,
    staging,
)
from manifests.pods import pod_security
from manifests.resources import resources
from manifests.spread import HOST, ZONE, over

SYSTEM: Final = ("root",)
FOLLOWED: Final = ("agent", "replication", "root")
"""Passwords of the operator's: of the server's root, by which followers come in, by which agents know the operator."""


def objects(store: OperatedMariadb) -> Iterator[Manifest]:
    """Identity, certificate and credentials first; then the server, and what lives in it."""
    yield identity(store, store.copies.role if store.copies else None)
    yield proof(store)
    yield from _system(store)
    yield from drawn(
        store_names.owner(store.resource),
        store.namespace,
        kind="Opaque",
        data={"password": "{password}"},
        labels=marks(store),
        watched=WATCHED,
    )
    yield _server(store)
    yield _object(store, "Database", _database(store))
    yield _object(store, "User", _user(store))
    yield _object(store, "Grant", _grant(store))
    if store.copies:
        yield _object(store, "PhysicalBackup", _backup(store, store.copies))
    if store.copies and store.logged:
        yield _object(store, "PointInTimeRecovery", _log(store, store.copies))


def _object(store: OperatedMariadb, kind: str, spec: Manifest) -> Manifest:
    return manifest(MARIADB, kind, store.resource, store.namespace, labels=marks(store), spec=spec)


def _system(store: OperatedMariadb) -> Iterator[Manifest]:
    keys = FOLLOWED if store.agent else SYSTEM
    yield from drawn(
        store_names.system_users(store.resource),
        store.namespace,
        kind="Opaque",
        data={key: f"{{{key}}}" for key in keys},
        labels=marks(store),
        watched=WATCHED,
        keys=keys,
    )


def _server(store: OperatedMariadb) -> Manifest:
    return _object(
        store,
        "MariaDB",
        {
            **serving(store),
            "replicas": store.instances,
            "myCnf": configuration(store),
            "storage": disk(store, kept=store.deletion == RETAIN),
            **given(
                topologySpreadConstraints=_spread(store) if store.instances > 1 else None,
                replication=_replication(store) if store.agent else None,
                pointInTimeRecoveryRef={"name": store.resource} if store.logged else None,
            ),
        },
    )


def _spread(store: OperatedMariadb) -> list[Manifest]:
    """Over nodes and zones; in production rather none than two on one."""
    pods = {"app.kubernetes.io/instance": store.resource, "app.kubernetes.io/name": "mariadb"}
    return [over(key, pods, strictly=store.spread_strictly) for key in (HOST, ZONE)]


def _replication(store: OperatedMariadb) -> Manifest:
    system, image = store_names.system_users(store.resource), store.agent_image
    beside: Manifest = {
        "image": f"{image.repository}:{image.tag}",
        "resources": resources(store.agent) if store.agent else {},
        "securityContext": dict(AGENT),
    }
    return {
        "enabled": True,
        "primary": {"autoFailover": True},
        # A follower has each commit before anybody sees it; while there is none, writing goes on after ten seconds.
        "semiSyncEnabled": True,
        "semiSyncAckTimeout": "10s",
        "semiSyncWaitPoint": "AfterSync",
        # By itself the operator shows agents its token, and they ask the API server whose it is: a right over the whole
        # cluster (system:auth-delegator) for each store.
        "agent": {**beside, "basicAuth": {"enabled": True, "passwordSecretKeyRef": key_of(system, "agent")}},
        "initContainer": beside,
        "replica": {
            "replPasswordSecretKeyRef": key_of(system, "replication"),
            # A follower that is new, or has lost its place in the log, begins with a copy.
            **(_from_copies(store) if store.copies else {}),
        },
    }


def _from_copies(store: OperatedMariadb) -> Manifest:
    return {
        "bootstrapFrom": {
            "physicalBackupTemplateRef": {"name": store.resource},
            "restoreJob": {"metadata": out_of_the_mesh(store), "resources": resources(store.copier)},
        },
        "recovery": {"enabled": True},
    }


def _database(store: OperatedMariadb) -> Manifest:
    """Stays in the server when its object goes."""
    return {
        "mariaDbRef": {"name": store.resource},
        "name": store.database,
        "characterSet": "utf8mb4",
        "collate": "utf8mb4_unicode_ci",
        "cleanupPolicy": "Skip",
    }


def _user(store: OperatedMariadb) -> Manifest:
    """Goes with its object: nobody comes in whom the catalogue does not know."""
    return {
        "mariaDbRef": {"name": store.resource},
        "name": store.user,
        "host": "%",
        "passwordSecretKeyRef": key_of(store_names.owner(store.resource), "password"),
        "require": {"ssl": True},
        "maxUserConnections": store.user_connections,
        "cleanupPolicy": "Delete",
    }


def _grant(store: OperatedMariadb) -> Manifest:
    return {
        "mariaDbRef": {"name": store.resource},
        "privileges": ["ALL PRIVILEGES"],
        "database": granted(store.database),
        "table": "*",
        "username": store.user,
        "host": "%",
        "grantOption": False,
        "cleanupPolicy": "Delete",
    }


def granted(database: str) -> str:
    """`database` as GRANT reads it: an underscore alone would be any character there, also between quotes."""
    return database.replace("_", r"\_")


def _backup(store: OperatedMariadb, copies: Copies) -> Manifest:
    return {
        # Also of a first that has lost its followers: then a copy is needed most.
        "mariaDbRef": {"name": store.resource, "waitForIt": False},
        "target": "PreferReplica",
        "schedule": {"cron": copies.schedule, "suspend": False, "immediate": True},
        "compression": "gzip",
        "maxRetention": f"{copies.retention_days * 24}h",
        "storage": {"s3": bucket(copies.path, copies.region, COPIES)},
        "stagingStorage": {"persistentVolumeClaim": staging(store.staging_gib, store.storage_class)},
        "timeout": "6h",
        "resources": resources(store.copier),
        "securityContext": dict(SERVER),
        "podSecurityContext": pod_security(USER, USER),
        "serviceAccountName": store.account,
        "inheritMetadata": out_of_the_mesh(store),
    }


def _log(store: OperatedMariadb, copies: Copies) -> Manifest:
    return {
        "physicalBackupRef": {"name": store.resource},
        "compression": "gzip",
        # A moment that cannot be reached is said to be so, not replaced by another.
        "strictMode": True,
        "storage": {"s3": bucket(copies.path, copies.region, LOG)},
    }
