"""A PostgreSQL on CloudNativePG: the Cluster with its database and pooler, and what these lean on beside it.

Field by field checked against the definitions of CloudNativePG 1.30.0. What its default would leave open is closed
here: by itself the operator admits every role to every database, without TLS.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import names, store_names
from blueprint.stores.cloudnative_pg import CloudNativePg, Pooler
from blueprint.stores.copies import Copies
from blueprint.stores.edges import marks
from manifests.certificates import server
from manifests.credentials import drawn
from manifests.manifest import Manifest, given, manifest
from manifests.resources import resources
from manifests.spread import HOST, ZONE, over

CNPG: Final = "postgresql.cnpg.io/v1"
BARMAN: Final = "barmancloud.cnpg.io/v1"

WATCHED: Final = {"cnpg.io/reload": "true"}
"""On a Secret: the operator reads it again when it changes."""


def objects(store: CloudNativePg) -> Iterator[Manifest]:
    """Certificate and credentials first; then the cluster and what lives in it."""
    yield server(
        store.resource,
        store.namespace,
        store.dns_names,
        store.certificate_hours,
        labels=marks(store),
        watched=WATCHED,
    )
    yield from drawn(
        store_names.owner(store.resource),
        store.namespace,
        kind="kubernetes.io/basic-auth",
        data={"username": store.user, "password": "{password}"},
        labels=marks(store),
        watched=WATCHED,
    )
    if store.copies:
        yield _bucket(store, store.copies)
    yield _cluster(store)
    yield _database(store)
    if store.pooler:
        yield _pooler(store, store.pooler)
    if store.copies:
        yield _schedule(store, store.copies)


def _out_of_the_mesh(store: CloudNativePg) -> Mapping[str, str]:
    """On every pod and job: the namespace says it too, but an operator's job that gets a proxy never ends."""
    return {**marks(store), **names.MANAGED, "istio.io/dataplane-mode": "none", "sidecar.istio.io/inject": "false"}


def host_rules(database: str, user: str) -> list[str]:
    """Who may connect: the owner to its database, with its password and TLS; and nobody else. The operator puts its
    own rules, for the standbys and the pooler, before these, and `host all all all scram-sha-256` behind them."""
    return [f"hostssl {database} {user} all scram-sha-256", "host all all all reject"]


def _cluster(store: CloudNativePg) -> Manifest:
    several = store.instances > 1
    tls = store_names.server(store.resource)
    spec = {
        "description": store.why,
        "instances": store.instances,
        "imageName": f"{store.image.repository}:{store.image.tag}",
        "enableSuperuserAccess": False,
        # Of a single pod a budget would only keep its node from being drained.
        "enablePDB": several,
        "primaryUpdateStrategy": "unsupervised",
        "primaryUpdateMethod": "switchover" if several else "restart",
        "inheritedMetadata": {"labels": dict(sorted(_out_of_the_mesh(store).items()))},
        "priorityClassName": names.priority(store.tier),
        "bootstrap": {
            "initdb": {
                "database": store.database,
                "owner": store.user,
                "secret": {"name": store_names.owner(store.resource)},
                "dataChecksums": True,
                "encoding": "UTF8",
            }
        },
        "certificates": {"serverCASecret": tls, "serverTLSSecret": tls},
        "postgresql": {
            "parameters": dict(sorted(store.parameters.items())),
            "pg_hba": host_rules(store.database, store.user),
            # One standby has each commit before its client is told; while there is none, writing goes on.
            **given(
                synchronous={"method": "any", "number": 1, "dataDurability": "preferred"} if several else None,
            ),
        },
        "storage": _disk(store),
        "resources": resources(store.size.amounts),
        **given(
            affinity=_apart(store) if several else None,
            topologySpreadConstraints=_zones(store),
            plugins=[_archiving(store)] if store.copies else None,
            serviceAccountTemplate=_identity(store.copies) if store.copies else None,
        ),
    }
    return manifest(CNPG, "Cluster", store.resource, store.namespace, labels=marks(store), spec=spec)


PLUGIN: Final = "barman-cloud.cloudnative-pg.io"


def _archiving(store: CloudNativePg) -> Manifest:
    """Each piece of the log goes to the bucket, so that every moment between two copies can be restored."""
    return {
        "name": PLUGIN,
        "enabled": True,
        "isWALArchiver": True,
        "parameters": {"barmanObjectName": store.resource},
    }


def _identity(copies: Copies) -> Manifest:
    return {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": copies.role}}}


def _bucket(store: CloudNativePg, copies: Copies) -> Manifest:
    spec = {
        "retentionPolicy": f"{copies.retention_days}d",
        "configuration": {
            "destinationPath": copies.path,
            "s3Credentials": {"inheritFromIAMRole": True},
            "wal": {"compression": "gzip"},
            "data": {"compression": "gzip"},
        },
        "instanceSidecarConfiguration": {"resources": resources(store.archiver)},
    }
    return manifest(BARMAN, "ObjectStore", store.resource, store.namespace, labels=marks(store), spec=spec)


def _schedule(store: CloudNativePg, copies: Copies) -> Manifest:
    spec = {
        "cluster": {"name": store.resource},
        # Six fields: this kind's schedule begins with seconds.
        "schedule": f"0 {copies.schedule}",
        "immediate": True,
        "backupOwnerReference": "self",
        "method": "plugin",
        "pluginConfiguration": {"name": PLUGIN},
        # From a follower where there is one, so that copying takes nothing from the first.
        "target": "prefer-standby",
    }
    return manifest(CNPG, "ScheduledBackup", store.resource, store.namespace, labels=marks(store), spec=spec)


def _disk(store: CloudNativePg) -> Manifest:
    return {
        "size": f"{store.size.disk_gib}Gi",
        "resizeInUseVolumes": True,
        **given(storageClass=store.storage_class),
    }


def _apart(store: CloudNativePg) -> Manifest:
    return {
        "enablePodAntiAffinity": True,
        "podAntiAffinityType": "required" if store.spread_strictly else "preferred",
        "topologyKey": HOST,
    }


def _zones(store: CloudNativePg) -> list[Manifest]:
    if store.instances == 1:
        return []
    return [over(ZONE, {"cnpg.io/cluster": store.resource}, strictly=store.spread_strictly)]


def _database(store: CloudNativePg) -> Manifest:
    """The cluster makes the database when it starts; this keeps what is in it as the catalogue says, and keeps the data
    when it is gone."""
    spec = {
        "cluster": {"name": store.resource},
        "name": store.database,
        "owner": store.user,
        "ensure": "present",
        "databaseReclaimPolicy": "retain",
        **given(extensions=[{"name": name, "ensure": "present"} for name in store.extensions]),
    }
    return manifest(CNPG, "Database", store.resource, store.namespace, labels=marks(store), spec=spec)


def _pooler(store: CloudNativePg, pooler: Pooler) -> Manifest:
    spec = {
        "cluster": {"name": store.resource},
        "instances": pooler.instances,
        "type": "rw",
        "pgbouncer": {
            "poolMode": "transaction",
            "parameters": {"default_pool_size": str(pooler.servers), "max_client_conn": str(pooler.clients)},
        },
        "template": {
            "metadata": {"labels": dict(sorted(_out_of_the_mesh(store).items()))},
            "spec": {
                "priorityClassName": names.priority(store.tier),
                "containers": [{"name": "pgbouncer", "resources": resources(pooler.amounts)}],
            },
        },
    }
    return manifest(CNPG, "Pooler", pooler.name, store.namespace, labels=marks(store), spec=spec)
