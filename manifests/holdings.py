"""What an object that holds data holds, in words, for a person who decides whether it goes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import store_names
from manifests.copy_jobs import KEPT, PLACE
from manifests.identity import Key, key, kind
from manifests.losses import line, major
from manifests.manifest import Manifest
from manifests.percona_mongodb import BUCKET
from manifests.treatments import at


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What an object holds, for a person who decides about it."""

    engine: str
    """`PostgreSQL 18`"""
    what: str
    """`database orders`"""
    disks: str
    """`3 × 100Gi`"""
    copies: str | None
    """Where they are, when they are made, how long they are kept; None: there are none."""


def _postgres(cluster: Manifest, beside: Mapping[Key, Manifest]) -> Holding:
    spec, namespace = cluster["spec"], cluster["metadata"]["namespace"]
    version = major(spec.get("imageName"))
    return Holding(
        engine=f"PostgreSQL {version}" if version else "PostgreSQL",
        what=f"database {at(cluster, 'spec.bootstrap.initdb.database') or 'of an unknown name'}",
        disks=f"{spec.get('instances', 1)} × {at(cluster, 'spec.storage.size') or 'of an unknown size'}",
        copies=_barman(cluster, namespace, beside),
    )


def _barman(cluster: Manifest, namespace: str, beside: Mapping[Key, Manifest]) -> str | None:
    buckets = [at(plugin, "parameters.barmanObjectName") for plugin in cluster["spec"].get("plugins", ())]
    found = [beside.get(("barmancloud.cnpg.io", "ObjectStore", namespace, str(name))) for name in buckets if name]
    bucket = next(filter(None, found), None)
    if bucket is None:
        return None
    schedule = beside.get(("postgresql.cnpg.io", "ScheduledBackup", namespace, cluster["metadata"]["name"]))
    # Six fields, of which the first are seconds.
    times = f", made at '{str(at(schedule, 'spec.schedule')).partition(' ')[2]}' (UTC)" if schedule else ""
    kept = at(bucket, "spec.retentionPolicy")
    return f"{at(bucket, 'spec.configuration.destinationPath')}{times}{f', kept {kept}' if kept else ''}"


_MEMBERS: Final = "spec.replsets.0"


def _mongodb(replica_set: Manifest, _: Mapping[Key, Manifest]) -> Holding:
    version, users = major(at(replica_set, "spec.image")), at(replica_set, "spec.users") or [{}]
    disk = at(replica_set, f"{_MEMBERS}.volumeSpec.persistentVolumeClaim.resources.requests.storage")
    bucket, task = at(replica_set, f"spec.backup.storages.{BUCKET}.s3"), at(replica_set, "spec.backup.tasks.0.schedule")
    return Holding(
        engine=f"MongoDB {version}" if version else "MongoDB",
        what=f"database {users[0].get('db', 'of an unknown name')}",
        disks=f"{at(replica_set, f'{_MEMBERS}.size') or 1} × {disk or 'of an unknown size'}",
        copies=f"s3://{bucket['bucket']}/{bucket.get('prefix', '')}, made at '{task}' (UTC)" if bucket else None,
    )


def _mariadb(server: Manifest, beside: Mapping[Key, Manifest]) -> Holding:
    namespace, name = server["metadata"]["namespace"], server["metadata"]["name"]
    version, (made, copied) = (
        line(at(server, "spec.image"), 2),
        (beside.get(("k8s.mariadb.com", kind, namespace, name)) for kind in ("Database", "PhysicalBackup")),
    )
    bucket = at(copied, "spec.storage.s3") if copied else None
    return Holding(
        engine=f"MariaDB {version[0]}.{version[1]}" if version else "MariaDB",
        what=f"database {(at(made, 'spec.name') if made else None) or 'of an unknown name'}",
        disks=f"{at(server, 'spec.replicas') or 1} × {at(server, 'spec.storage.size') or 'of an unknown size'}",
        copies=(
            f"s3://{bucket['bucket']}/{bucket['prefix']}, made at '{at(copied, 'spec.schedule.cron')}' (UTC), kept"
            f" {at(copied, 'spec.maxRetention')}"
            if copied and bucket
            else None
        ),
    )


def _copied_by_job(store: Manifest, beside: Mapping[Key, Manifest]) -> str | None:
    """What the CronJob beside a store says of the copies it asks for."""
    namespace, name = store["metadata"]["namespace"], store_names.copy_run(store["metadata"]["name"])
    job = beside.get(("batch", "CronJob", namespace, name))
    if job is None:
        return None
    containers = at(job, "spec.jobTemplate.spec.template.spec.containers") or ()
    given = {each["name"]: each["value"] for container in containers for each in container.get("env", ())}
    return f"s3://{given[PLACE]}, made at '{at(job, 'spec.schedule')}' (UTC), kept {given[KEPT]}d"


def _clickhouse(installation: Manifest, beside: Mapping[Key, Manifest]) -> Holding:
    version = major(at(installation, "spec.templates.podTemplates.0.spec.containers.0.image"))
    granted = [
        each.partition(" ON ")[2].removesuffix(".*").strip("`")
        for field, queries in sorted((at(installation, "spec.configuration.users") or {}).items())
        if field.endswith("/grants/query")
        for each in queries
    ]
    disk = at(installation, "spec.templates.volumeClaimTemplates.0.spec.resources.requests.storage")
    pods = at(installation, "spec.configuration.clusters.0.layout.replicasCount") or 1
    return Holding(
        engine=f"ClickHouse {version}" if version else "ClickHouse",
        what=f"database {granted[0] if granted else 'of an unknown name'}",
        disks=f"{pods} × {disk or 'of an unknown size'}",
        copies=_copied_by_job(installation, beside),
    )


def _elasticsearch(cluster: Manifest, beside: Mapping[Key, Manifest]) -> Holding:
    version, nodes = major(at(cluster, "spec.image")), sum(each.get("count", 0) for each in cluster["spec"]["nodeSets"])
    disk = at(cluster, "spec.nodeSets.0.volumeClaimTemplates.0.spec.resources.requests.storage")
    return Holding(
        engine=f"Elasticsearch {version}" if version else "Elasticsearch",
        what="every index",
        disks=f"{nodes} × {disk or 'of an unknown size'}",
        copies=_copied_by_job(cluster, beside),
    )


def _opensearch(cluster: Manifest, _: Mapping[Key, Manifest]) -> Holding:
    version, pools = major(at(cluster, "spec.general.image")), cluster["spec"]["nodePools"]
    nodes = sum(each.get("replicas", 0) for each in pools)
    return Holding(
        engine=f"OpenSearch {version}" if version else "OpenSearch",
        what="every index",
        disks=f"{nodes} × {at(cluster, 'spec.nodePools.0.diskSize') or 'of an unknown size'}",
        copies=None,
    )


def _files(claim: Manifest, beside: Mapping[Key, Manifest]) -> Holding:
    del beside
    modes, size = claim["spec"].get("accessModes", ()), at(claim, "spec.resources.requests.storage")
    return Holding(engine="files", what=", ".join(modes), disks=f"1 × {size or 'of an unknown size'}", copies=None)


def _redis(replication: Manifest, beside: Mapping[Key, Manifest]) -> Holding:
    version = major(at(replication, "spec.kubernetesConfig.image"))
    disk = at(replication, "spec.storage.volumeClaimTemplate.spec.resources.requests.storage")
    return Holding(
        engine=f"Redis (Valkey {version})" if version else "Redis",
        what="every key",
        disks=f"{at(replication, 'spec.clusterSize') or 1} × {disk}" if disk else "none: memory alone",
        copies=_copied_by_job(replication, beside),
    )


HOLDINGS: Final[Mapping[str, Callable[[Manifest, Mapping[Key, Manifest]], Holding]]] = {
    "clickhouse.altinity.com/v1:ClickHouseInstallation": _clickhouse,
    "core/v1:PersistentVolumeClaim": _files,
    "elasticsearch.k8s.elastic.co/v1:Elasticsearch": _elasticsearch,
    "k8s.mariadb.com/v1alpha1:MariaDB": _mariadb,
    "opensearch.org/v1:OpenSearchCluster": _opensearch,
    "postgresql.cnpg.io/v1:Cluster": _postgres,
    "psmdb.percona.com/v1:PerconaServerMongoDB": _mongodb,
    "redis.redis.opstreelabs.in/v1beta2:RedisReplication": _redis,
}
"""Kind → what one holds, in words. Total over the kinds that hold data; a test says so."""


def holding(manifest: Manifest, beside: Iterable[Manifest]) -> Holding:
    """What `manifest` holds. `beside` are the objects of its stack, where its copies are described."""
    return HOLDINGS[kind(manifest)](manifest, {key(each): each for each in beside})
