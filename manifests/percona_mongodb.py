"""A MongoDB on Percona's operator: the PerconaServerMongoDB, and what it leans on beside it.

Field by field checked against the definitions of the operator 1.22.0. What its defaults would leave open is closed
here: by itself it takes clients without TLS and certificates of anybody, and makes pods that meet no standard.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from blueprint import names, store_names
from blueprint.pins import Image
from blueprint.sizes import Amounts
from blueprint.stores.copies import Copies
from blueprint.stores.edges import marks
from blueprint.stores.percona_mongodb import REPLICA_SET, PerconaMongodb
from manifests.accounts import account
from manifests.certificates import server
from manifests.credentials import drawn
from manifests.manifest import Manifest, given, manifest
from manifests.resources import resources
from manifests.served import Served
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
"""What the place for copies is called in the object."""


class Members(Served, Protocol):
    """A replica set, whether it is live or restored."""

    @property
    def architecture(self) -> str: ...

    @property
    def copier(self) -> Image: ...

    @property
    def database(self) -> str: ...

    @property
    def user(self) -> str: ...


def objects(store: PerconaMongodb) -> Iterator[Manifest]:
    """Identity, certificate and credentials first; then the replica set."""
    yield from beside(store, store.copies.role if store.copies else None)
    yield replica_set(store, _members(store), backup=_backup(store, store.copies) if store.copies else None)
    if store.copies:
        yield _first_copy(store)


def beside(of: Members, role: str | None) -> Iterator[Manifest]:
    """What its pods lean on: as whom they run, `role` being who that is at the bucket; certificate; the password of its
    owner. They ask the API server nothing; the copier takes the role through the account."""
    roles = {"eks.amazonaws.com/role-arn": role} if role else None
    yield account(of.account, of.namespace, labels=marks(of), annotations=roles)
    yield server(
        of.resource,
        of.namespace,
        of.dns_names,
        of.certificate_hours,
        labels=marks(of),
        watched={},
        usages=("server auth", "client auth"),
        subject={"commonName": of.dns_names[0]},
    )
    yield from drawn(
        store_names.owner(of.resource),
        of.namespace,
        kind="Opaque",
        data={"password": "{password}"},
        labels=marks(of),
        watched={},
    )


def replica_set(of: Members, members: Manifest, *, backup: Manifest | None) -> Manifest:
    """The PerconaServerMongoDB of `members`, with the words on its copies in `backup`."""
    tls = store_names.server(of.resource)
    spec = {
        "crVersion": VERSION,
        "image": f"{of.image.repository}:{of.image.tag}",
        "imagePullPolicy": "IfNotPresent",
        "initContainerSecurityContext": dict(CONTAINER),
        "updateStrategy": "SmartUpdate",
        # Versions are ours, and nobody is asked for newer ones.
        "upgradeOptions": {"apply": "disabled", "setFCV": False},
        "unsafeFlags": {"replsetSize": members["size"] == 1},
        "tls": {"mode": "requireTLS", "allowInvalidCertificates": False},
        "secrets": {
            "users": store_names.system_users(of.resource),
            "ssl": tls,
            "sslInternal": tls,
            # With a key of their own: else whoever has a certificate of this authority with the right subject is a
            # member, and a member may do everything. The authority is every store's and every service's.
            "keyFile": store_names.members_key(of.resource),
        },
        "storageScaling": {"enableVolumeScaling": True},
        "replsets": [{"name": REPLICA_SET, **members}],
        "sharding": {"enabled": False},
        "users": [
            {
                "name": of.user,
                "db": of.database,
                "passwordSecretRef": {"name": store_names.owner(of.resource), "key": "password"},
                "roles": [{"name": "readWrite", "db": of.database}],
            }
        ],
        # mongod writes to standard output, where the nodes' agents read it.
        "logcollector": {"enabled": False},
        **given(backup=backup),
    }
    return manifest(PSMDB, "PerconaServerMongoDB", of.resource, of.namespace, labels=marks(of), spec=spec)


def member(of: Members) -> Manifest:
    """What every member is, wherever its pod stands."""
    return {
        "configuration": configuration(of),
        "labels": dict(sorted({**marks(of), "sidecar.istio.io/inject": "false"}.items())),
        "nodeSelector": {"kubernetes.io/arch": of.architecture},
        "priorityClassName": names.priority(of.tier),
        "serviceAccountName": of.account,
        "podSecurityContext": dict(POD),
        "containerSecurityContext": dict(CONTAINER),
        "resources": resources(of.size.amounts),
        # By itself the operator never puts two on a node, also where there is no second node.
        "affinity": {"antiAffinityTopologyKey": "none"},
        # Also of a single pod: a budget that lets none go would keep its node from being drained.
        "podDisruptionBudget": {"maxUnavailable": 1},
        "volumeSpec": {
            "persistentVolumeClaim": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": f"{of.size.disk_gib}Gi"}},
                **given(storageClassName=of.storage_class),
            }
        },
    }


def copier(of: Members, amounts: Amounts) -> Manifest:
    """The words on copies that do not depend on where they are."""
    return {
        "enabled": True,
        "image": f"{of.copier.repository}:{of.copier.tag}",
        "containerSecurityContext": dict(CONTAINER),
        "podSecurityContext": dict(POD),
        "resources": resources(amounts),
    }


def bucket(path: str, region: str | None) -> Manifest:
    """The place of a store in the bucket. Without credentialsSecret the copier takes the role of its pod's account."""
    name, _, prefix = path.removeprefix("s3://").partition("/")
    return {"type": "s3", "s3": {"bucket": name, "prefix": prefix, **given(region=region)}}


def _members(store: PerconaMongodb) -> Manifest:
    readers = {"enabled": True, "size": store.readers, **_spread_member(store, "nonVoting", store.readers)}
    return {
        "size": store.members,
        **_spread_member(store, "mongod", store.members),
        **given(nonvoting=readers if store.readers else None),
    }


def _spread_member(store: PerconaMongodb, component: str, pods: int) -> Manifest:
    """One of `pods` members, whether they vote or not; `component` is what the operator labels their pods with."""
    of_it = {"app.kubernetes.io/instance": store.resource, "app.kubernetes.io/component": component}
    if pods == 1:
        return member(store)
    return {
        **member(store),
        "affinity": {"antiAffinityTopologyKey": HOST if store.spread_strictly else "none"},
        "topologySpreadConstraints": _spread(of_it, strictly=store.spread_strictly),
    }


def _spread(pods: Mapping[str, str], *, strictly: bool) -> list[Manifest]:
    """Over zones, and where two may share a node (there is no affinity then) over nodes as well as it goes."""
    return [over(key, pods, strictly=strictly) for key in ((ZONE,) if strictly else (HOST, ZONE))]


def configuration(of: Members) -> str:
    """The file mongod reads besides the arguments the operator gives it. A client proves itself by its password, and
    need not have a certificate; one that shows a certificate must show one of the authority's."""
    return (
        "net:\n"
        f"  maxIncomingConnections: {of.size.connections}\n"
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
    return {
        **copier(store, store.agent),
        "storages": {BUCKET: {"main": True, **bucket(copies.path, copies.region)}},
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
