"""A MongoDB on Percona's operator: the PerconaServerMongoDB, and what it leans on beside it.

Field by field checked against the definitions of the operator 1.22.0. What its defaults would leave open is closed
here: by itself it takes clients without TLS and certificates of anybody, and makes pods that meet no standard.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from blueprint import names, store_names
from blueprint.stores.copies import Copies
from blueprint.stores.edges import marks
from blueprint.stores.percona_mongodb import REPLICA_SET, PerconaMongodb
from manifests.accounts import account
from manifests.certificates import server
from manifests.credentials import drawn
from manifests.manifest import Manifest, given, manifest
from manifests.resources import resources
from manifests.spread import HOST, ZONE, over

PSMDB: Final = "psmdb.percona.com/v1"
VERSION: Final = "1.22.0"
"""Of the operator whose words these are; it keeps to them when it is newer itself."""

USER: Final = 1001
"""The images' own user, and the operator's default; the disk belongs to its group."""

CONTAINER: Final[Mapping[str, Any]] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "privileged": False,
    # The entry points write the certificate in one piece to /tmp, where no volume is.
    "readOnlyRootFilesystem": False,
    "runAsNonRoot": True,
    "runAsUser": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
POD: Final[Mapping[str, Any]] = {
    "fsGroup": USER,
    "fsGroupChangePolicy": "OnRootMismatch",
    "runAsNonRoot": True,
    "runAsUser": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}

BUCKET: Final = "bucket"
"""What the one place for copies is called in the object."""


def objects(store: PerconaMongodb) -> Iterator[Manifest]:
    """Identity, certificate and credentials first; then the replica set."""
    yield _account(store)
    yield server(
        store.resource,
        store.namespace,
        store.dns_names,
        store.certificate_hours,
        labels=marks(store),
        watched={},
        usages=("server auth", "client auth"),
        subject={"commonName": store.dns_names[0]},
    )
    yield from drawn(
        store_names.owner(store.resource),
        store.namespace,
        kind="Opaque",
        data={"password": "{password}"},
        labels=marks(store),
        watched={},
    )
    yield _replica_set(store)
    if store.copies:
        yield _first_copy(store)


def _account(store: PerconaMongodb) -> Manifest:
    """As whom its pods run. They ask the API server nothing; the copier takes the role of the bucket through it."""
    roles = {"eks.amazonaws.com/role-arn": store.copies.role} if store.copies else None
    return account(store.account, store.namespace, labels=marks(store), annotations=roles)


def _replica_set(store: PerconaMongodb) -> Manifest:
    tls = store_names.server(store.resource)
    spec = {
        "crVersion": VERSION,
        "image": f"{store.image.repository}:{store.image.tag}",
        "imagePullPolicy": "IfNotPresent",
        "initContainerSecurityContext": dict(CONTAINER),
        "updateStrategy": "SmartUpdate",
        # Versions are ours, and nobody is asked for newer ones.
        "upgradeOptions": {"apply": "disabled", "setFCV": False},
        "unsafeFlags": {"replsetSize": store.members == 1},
        "tls": {"mode": "requireTLS", "allowInvalidCertificates": False},
        "secrets": {
            "users": store_names.system_users(store.resource),
            "ssl": tls,
            "sslInternal": tls,
            # With a key of their own: else whoever has a certificate of this authority with the right subject is a
            # member, and a member may do everything. The authority is every store's and every service's.
            "keyFile": store_names.members_key(store.resource),
        },
        "storageScaling": {"enableVolumeScaling": True},
        "replsets": [
            {
                "name": REPLICA_SET,
                "size": store.members,
                **_member(store, "mongod", store.members),
                **given(nonvoting=_readers(store) if store.readers else None),
            }
        ],
        "sharding": {"enabled": False},
        "users": [
            {
                "name": store.user,
                "db": store.database,
                "passwordSecretRef": {"name": store_names.owner(store.resource), "key": "password"},
                "roles": [{"name": "readWrite", "db": store.database}],
            }
        ],
        # mongod writes to standard output, where the nodes' agents read it.
        "logcollector": {"enabled": False},
        **given(backup=_backup(store, store.copies) if store.copies else None),
    }
    return manifest(PSMDB, "PerconaServerMongoDB", store.resource, store.namespace, labels=marks(store), spec=spec)


def _readers(store: PerconaMongodb) -> Manifest:
    return {"enabled": True, "size": store.readers, **_member(store, "nonVoting", store.readers)}


def _member(store: PerconaMongodb, component: str, pods: int) -> Manifest:
    """What a member is, whether it votes or not; `component` is what the operator labels its pods with."""
    several = pods > 1
    of_it = {"app.kubernetes.io/instance": store.resource, "app.kubernetes.io/component": component}
    disk = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{store.size.disk_gib}Gi"}},
        **given(storageClassName=store.storage_class),
    }
    return {
        "configuration": configuration(store),
        "labels": dict(sorted({**marks(store), "sidecar.istio.io/inject": "false"}.items())),
        "nodeSelector": {"kubernetes.io/arch": store.architecture},
        "priorityClassName": names.priority(store.tier),
        "serviceAccountName": store.account,
        "podSecurityContext": dict(POD),
        "containerSecurityContext": dict(CONTAINER),
        "resources": resources(store.size.amounts),
        # By itself the operator never puts two on a node, also where there is no second node.
        "affinity": {"antiAffinityTopologyKey": HOST if store.spread_strictly and several else "none"},
        # Also of a single pod: a budget that lets none go would keep its node from being drained.
        "podDisruptionBudget": {"maxUnavailable": 1},
        "volumeSpec": {"persistentVolumeClaim": disk},
        **given(topologySpreadConstraints=_spread(of_it, strictly=store.spread_strictly) if several else None),
    }


def _spread(pods: Mapping[str, str], *, strictly: bool) -> list[Manifest]:
    """Over zones, and where two may share a node (there is no affinity then) over nodes as well as it goes."""
    return [over(key, pods, strictly=strictly) for key in ((ZONE,) if strictly else (HOST, ZONE))]


def configuration(store: PerconaMongodb) -> str:
    """The file mongod reads besides the arguments the operator gives it. A client proves itself by its password, and
    need not have a certificate; one that shows a certificate must show one of the authority's."""
    return (
        "net:\n"
        f"  maxIncomingConnections: {store.size.connections}\n"
        "  tls:\n"
        "    allowConnectionsWithoutCertificates: true\n"
        "    disabledProtocols: TLS1_0,TLS1_1\n"
    )


def _first_copy(store: PerconaMongodb) -> Manifest:
    """The log is written away from the first full copy on, and its schedule may be a day ahead."""
    spec = {"clusterName": store.resource, "storageName": BUCKET, "type": "logical", "compressionType": "gzip"}
    name = f"{store.resource}-first"
    return manifest(PSMDB, "PerconaServerMongoDBBackup", name, store.namespace, labels=marks(store), spec=spec)


def _backup(store: PerconaMongodb, copies: Copies) -> Manifest:
    bucket, _, prefix = copies.path.removeprefix("s3://").partition("/")
    return {
        "enabled": True,
        "image": f"{store.copier.repository}:{store.copier.tag}",
        "containerSecurityContext": dict(CONTAINER),
        "podSecurityContext": dict(POD),
        "resources": resources(store.agent),
        # Without credentialsSecret the copier takes the role of its pod's account.
        "storages": {
            BUCKET: {
                "main": True,
                "type": "s3",
                "s3": {"bucket": bucket, "prefix": prefix, **given(region=copies.region)},
            }
        },
        "pitr": {"enabled": True, "oplogSpanMin": store.oplog_span_minutes, "compressionType": "gzip"},
        "tasks": [
            {
                "name": "full",
                "enabled": True,
                "schedule": copies.schedule,
                "storageName": BUCKET,
                "type": "logical",
                "compressionType": "gzip",
                # Files would be deleted by the operator's own pod, which has no right in any bucket: the bucket's rule
                # does it. What is counted here is only what is listed.
                "retention": {"type": "count", "count": store.copies_kept, "deleteFromStorage": False},
            }
        ],
    }
