"""A MySQL on mariadb-operator: the MariaDB, its one database, user and grant, and what these lean on beside it.

Field by field checked against the definitions of mariadb-operator 26.6.0. What its defaults would leave open is closed
here: by itself it takes clients without TLS, gives agents a right over the whole cluster, and makes pods that meet no
standard.
"""

from collections.abc import Iterator
from typing import Any, Final

from blueprint import names, store_names
from blueprint.stores.copies import Copies
from blueprint.stores.edges import marks
from blueprint.stores.mariadb_operator import OperatedMariadb
from manifests.accounts import account
from manifests.certificates import BOTH_WAYS, server
from manifests.credentials import drawn, drawn_from, external_secret, filled, generator, target
from manifests.keeping import RETAIN
from manifests.manifest import Manifest, given, manifest
from manifests.pods import RESTRICTED, pod_security
from manifests.resources import resources
from manifests.spread import HOST, ZONE, over

MARIADB: Final = "k8s.mariadb.com/v1alpha1"

USER: Final = 10_001
"""Nobody of the node's. The image takes any user (hub.docker.com/_/mariadb, "Running as an arbitrary user"); its own,
which the operator would take, is 999."""

AGENT: Final[Manifest] = {word: value for word, value in RESTRICTED.items() if word != "seccompProfile"}
"""The operator's words for a container do not know the profile, which stands at the pod."""
SERVER: Final[Manifest] = {
    **AGENT,
    # Jobs that set a disk up take the same words, have no volume for /tmp, and write there (mariadb-backup --prepare).
    "readOnlyRootFilesystem": False,
}

WATCHED: Final = {"k8s.mariadb.com/watch": ""}
"""On a Secret: the operator looks again when it changes."""

SYSTEM: Final = ("root",)
FOLLOWED: Final = ("agent", "replication", "root")
"""Passwords of the operator's: of the server's root, by which followers come in, by which agents know the operator."""


def objects(store: OperatedMariadb) -> Iterator[Manifest]:
    """Identity, certificate and credentials first; then the server, and what lives in it."""
    yield _account(store)
    yield server(
        store.resource,
        store.namespace,
        store.dns_names,
        store.certificate_hours,
        labels=marks(store),
        watched=WATCHED,
        usages=BOTH_WAYS,
    )
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


def _account(store: OperatedMariadb) -> Manifest:
    """As whom its pods run. Of several pods the operator mounts a token beside each server itself, for the agent; a
    copy takes the role of the bucket through it."""
    roles = {"eks.amazonaws.com/role-arn": store.copies.role} if store.copies else None
    return account(store.account, store.namespace, labels=marks(store), annotations=roles)


def _system(store: OperatedMariadb) -> Iterator[Manifest]:
    name, keys = store_names.system_users(store.resource), FOLLOWED if store.agent else SYSTEM
    yield generator(name, store.namespace, labels=marks(store), keys=keys)
    yield external_secret(
        name,
        store.namespace,
        labels=marks(store),
        refreshPolicy="CreatedOnce",
        target=target(name, "Opaque", {key: filled(f"{{{key}}}") for key in keys}, {**marks(store), **WATCHED}),
        dataFrom=[drawn_from(name)],
    )


def _out_of_the_mesh(store: OperatedMariadb) -> Manifest:
    """On every pod and Job of the operator's, and on what else it makes."""
    labels = {**marks(store), **names.MANAGED, "istio.io/dataplane-mode": "none", "sidecar.istio.io/inject": "false"}
    return {"labels": dict(sorted(labels.items()))}


def _secret(name: str, key: str) -> Manifest:
    return {"name": name, "key": key}


def _server(store: OperatedMariadb) -> Manifest:
    certificate = {"name": store_names.server(store.resource)}
    return _object(
        store,
        "MariaDB",
        {
            "image": f"{store.image.repository}:{store.image.tag}",
            "replicas": store.instances,
            "rootPasswordSecretKeyRef": _secret(store_names.system_users(store.resource), "root"),
            # cert-manager puts the authority beside the certificate. Followers and the operator show it as clients.
            "tls": {
                "enabled": True,
                "required": True,
                **dict.fromkeys(("serverCASecretRef", "serverCertSecretRef"), certificate),
                **dict.fromkeys(("clientCASecretRef", "clientCertSecretRef"), certificate),
            },
            "myCnf": configuration(store),
            "storage": {
                "size": f"{store.size.disk_gib}Gi",
                "resizeInUseVolumes": True,
                "pvcRetentionPolicy": {
                    "whenDeleted": "Retain" if store.deletion == RETAIN else "Delete",
                    "whenScaled": "Retain",
                },
                **given(storageClassName=store.storage_class),
            },
            "resources": resources(store.size.amounts),
            "securityContext": dict(SERVER),
            "podSecurityContext": pod_security(USER, USER),
            "serviceAccountName": store.account,
            "priorityClassName": names.priority(store.tier),
            "inheritMetadata": _out_of_the_mesh(store),
            # Also of a single pod: a budget that lets none go would keep its node from being drained.
            "podDisruptionBudget": {"maxUnavailable": 1},
            # Five minutes, in which a server makes its own tables or reads its log after a crash (docs/configuration.md
            # of the operator, "Probes"); by itself it has fifty seconds.
            "startupProbe": {"failureThreshold": 30, "periodSeconds": 10, "timeoutSeconds": 5},
            **given(
                topologySpreadConstraints=_spread(store) if store.instances > 1 else None,
                replication=_replication(store) if store.agent else None,
                pointInTimeRecoveryRef={"name": store.resource} if store.logged else None,
            ),
        },
    )


def configuration(store: OperatedMariadb) -> str:
    """The file the server reads besides the operator's own: names of system variables are written with underscores."""
    return "[mariadb]\n" + "".join(f"{name}={value}\n" for name, value in sorted(store.parameters.items()))


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
        "agent": {**beside, "basicAuth": {"enabled": True, "passwordSecretKeyRef": _secret(system, "agent")}},
        "initContainer": beside,
        "replica": {
            "replPasswordSecretKeyRef": _secret(system, "replication"),
            # A follower that is new, or has lost its place in the log, begins with a copy.
            **(_from_copies(store) if store.copies else {}),
        },
    }


def _from_copies(store: OperatedMariadb) -> Manifest:
    return {
        "bootstrapFrom": {
            "physicalBackupTemplateRef": {"name": store.resource},
            "restoreJob": {"metadata": _out_of_the_mesh(store), "resources": resources(store.copier)},
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
        "passwordSecretKeyRef": _secret(store_names.owner(store.resource), "password"),
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
        # The bucket is reached by the role of the account: no keys are named.
        "storage": {"s3": _bucket(copies, "copies")},
        "stagingStorage": {"persistentVolumeClaim": _staging(store)},
        "timeout": "6h",
        "resources": resources(store.copier),
        "securityContext": dict(SERVER),
        "podSecurityContext": pod_security(USER, USER),
        "serviceAccountName": store.account,
        "inheritMetadata": _out_of_the_mesh(store),
    }


def _staging(store: OperatedMariadb) -> Manifest:
    return {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{store.staging_gib}Gi"}},
        **given(storageClassName=store.storage_class),
    }


def _log(store: OperatedMariadb, copies: Copies) -> Manifest:
    return {
        "physicalBackupRef": {"name": store.resource},
        "compression": "gzip",
        # A moment that cannot be reached is said to be so, not replaced by another.
        "strictMode": True,
        "storage": {"s3": _bucket(copies, "log")},
    }


def _bucket(copies: Copies, folder: str) -> Manifest:
    bucket, _, prefix = copies.path.removeprefix("s3://").partition("/")
    found: dict[str, Any] = {
        "bucket": bucket,
        "prefix": f"{prefix}/{folder}",
        "endpoint": f"s3.{copies.region}.amazonaws.com",
        "region": copies.region,
        "tls": {"enabled": True},
    }
    return found
