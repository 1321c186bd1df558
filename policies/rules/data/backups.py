"""Operators' stores: each has a copy off the cluster, a schedule and a retention."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from blueprint import store_names
from blueprint.catalogue.off import OFF
from blueprint.catalogue.storing import (
    Backup,
    Clickhouse,
    Elasticsearch,
    KeyValue,
    Mongodb,
    Mysql,
    Opensearch,
    Postgres,
    Store,
)
from blueprint.quantities import seconds
from policies.cloud.wants import is_given
from policies.core.rule import HIGH, Violation, sorts
from policies.core.world import World
from policies.objects import Object
from policies.objects.pods import pods
from policies.objects.values import MalformedError, UndeterminedError, View
from policies.rules.data.group import DATA

CNPG: Final = "Cluster.postgresql.cnpg.io"
MARIADB: Final = "MariaDB.k8s.mariadb.com"
PSMDB: Final = "PerconaServerMongoDB.psmdb.percona.com"
CLICKHOUSE: Final = "ClickHouseInstallation.clickhouse.altinity.com"
ELASTICSEARCH: Final = "Elasticsearch.elasticsearch.k8s.elastic.co"
KAFKA: Final = "Kafka.kafka.strimzi.io"
OPENSEARCH: Final = "OpenSearchCluster.opensearch.org"
REDIS: Final = "RedisReplication.redis.redis.opstreelabs.in"
PLUGIN: Final = "barman-cloud.cloudnative-pg.io"
OFF_CLUSTER: Final = ("azure", "gcs", "minio", "s3")
"""Percona's kinds of storage that are somewhere else; `filesystem` is the cluster's own disk."""
BUCKETS: Final = ("s3://", "gs://", "https://")
"""How barman's destinations begin that are somewhere else; `file://` is the pod's own disk."""
DISKS: Final = frozenset({"persistentvolumeclaims", "persistentvolumes", "pvc", "pv"})
"""Velero's words for what holds the data."""
COPIERS: Final[Mapping[str, tuple[str, ...]]] = {
    CLICKHOUSE: ("BACKUP DATABASE", "clickhouse-backup"),
    ELASTICSEARCH: ("_slm", "_snapshot", "slm-policy"),
    KAFKA: ("mirror", "kafka-backup"),
    OPENSEARCH: ("_sm", "_snapshot"),
    REDIS: ("--rdb",),
}
"""What a CronJob's image or arguments say that copies a store whose operator cannot."""
ASKED: Final[Mapping[str, type[Store]]] = {
    CNPG: Postgres,
    MARIADB: Mysql,
    PSMDB: Mongodb,
    CLICKHOUSE: Clickhouse,
    ELASTICSEARCH: Elasticsearch,
    OPENSEARCH: Opensearch,
    REDIS: KeyValue,
}
"""What a service writes to get one."""


@DATA.stack(
    "data-backups-operator",
    "–/M/M",
    HIGH,
    sorts(CNPG, MARIADB, PSMDB, CLICKHOUSE, ELASTICSEARCH, KAFKA, OPENSEARCH, REDIS),
    why="A store without a copy elsewhere is gone with its cluster.",
    cure="Give it a target off the cluster, a schedule and a retention",
    where="services/{service}.yaml: resources.<name>.backup",
    sources=("CloudNativePG", "Percona", "Strimzi", "Velero"),
)
def backups_operator(store: Object, world: World) -> Iterator[Violation]:
    if _can_be_made_again(store, world):
        return
    if not any(_covers(schedule, store) for schedule in world.of("Schedule.velero.io")):
        yield from CHECKS.get(store.sort, _copied_by_a_job)(store, world)


def _can_be_made_again(store: Object, world: World) -> bool:
    """Whether the service says so: `backup: none` for the store of this name, or for every one of this type where none
    is called so."""
    service = world.facts.beside.get(store.namespace)
    wanted = ASKED.get(store.sort)
    named = service.spec.resources.get(store.name) if service else None
    if wanted and isinstance(named, wanted):
        return named.backup == OFF
    theirs = (
        [each for each in service.spec.resources.values() if wanted and isinstance(each, wanted)] if service else []
    )
    return bool(theirs) and all(each.backup == OFF for each in theirs)


def _covers(schedule: Object, store: Object) -> bool:
    """Whether Velero copies the namespace of `store`, with its disks, for some time."""
    template, namespace = schedule.spec["template"], store.namespace
    among = template["includedNamespaces"].words or ("*",)
    return (
        not schedule.spec["paused"].flag
        and is_given(schedule.spec["schedule"])
        and is_given(template["ttl"])
        and (_moves_snapshots(template) or template["defaultVolumesToFsBackup"].flag is True)
        and not any(is_given(template[key]) for key in ("labelSelector", "orLabelSelectors"))
        and "*" in (template["includedResources"].words or ("*",))
        and not DISKS & {each.partition(".")[0] for each in template["excludedResources"].words}
        and ("*" in among or namespace in among)
        and namespace not in template["excludedNamespaces"].words
    )


def _moves_snapshots(template: View) -> bool:
    return template["snapshotMoveData"].flag is True and template["snapshotVolumes"].flag is not False


def _cnpg(store: Object, world: World) -> Iterator[Violation]:
    if store.spec.at("backup", "barmanObjectStore").is_set:
        yield Violation(store.spec.at("backup", "barmanObjectStore"), "is the in-tree backup, which 1.31 does not have")
    archiver = [
        each for each in store.spec["plugins"] if each["name"].text == PLUGIN and each["enabled"].flag is not False
    ]
    if not archiver:
        yield Violation(store.spec["plugins"], f"has no {PLUGIN}, so nothing leaves the cluster")
    for plugin in archiver:
        if plugin["isWALArchiver"].flag is not True:
            yield Violation(plugin["isWALArchiver"], "is not true, so no moment between two copies can be restored")
        yield from _bucket(plugin.at("parameters", "barmanObjectName"), store, world)
    scheduled = [
        each
        for each in world.within(store.namespace, "ScheduledBackup.postgresql.cnpg.io")
        if each.spec.at("cluster", "name").text == store.name
        and not each.spec["suspend"].flag
        and each.spec["method"].text == "plugin"  # a snapshot stays with the disks, and the third way is gone
    ]
    if world.declares(store.namespace) and not scheduled:
        yield Violation("", "has no ScheduledBackup by the plugin that is not suspended")


def _bucket(named: View, store: Object, world: World) -> Iterator[Violation]:
    if not named.word:
        yield Violation(named, "names no ObjectStore")
        return
    target = world.named("ObjectStore.barmancloud.cnpg.io", store.namespace, named.word)
    if target is None:
        if world.declares(store.namespace):
            yield Violation(named, f"names the ObjectStore {named.word}, which is not there")
        return
    path, endpoint = target.spec.at("configuration", "destinationPath"), target.spec.at("configuration", "endpointURL")
    if not path.word.startswith(BUCKETS):
        yield Violation(path, "is no bucket", on=target)
    if _is_inside(endpoint):
        yield Violation(endpoint, "is in the cluster, and gone with it", on=target)
    if not target.spec["retentionPolicy"].word:
        yield Violation(
            target.spec["retentionPolicy"], "is not set, so copies are never deleted or kept by luck", on=target
        )


def _is_inside(endpoint: View) -> bool:
    """Whether a bucket's address is a Service's: `http://minio.backups.svc:9000`."""
    return _is_inside_host(endpoint.word.partition("://")[2])


def _is_inside_host(place: str) -> bool:
    """The same of an address without its scheme."""
    host = place.partition("/")[0].partition(":")[0]
    return host.endswith((".svc", ".svc.cluster.local", ".svc.cluster.local."))


def _is_elsewhere(storage: View) -> bool:
    kind = storage["type"].text
    return kind in OFF_CLUSTER and not _is_inside(storage[kind]["endpointUrl"])


def _psmdb(store: Object, _: World) -> Iterator[Violation]:
    backup = store.spec["backup"]
    if backup["enabled"].flag is not True:
        yield Violation(backup["enabled"], "is not true")
        return
    elsewhere = [name for name, storage in backup["storages"].entries() if _is_elsewhere(storage)]
    if not elsewhere:
        yield Violation(backup["storages"], "holds no storage off the cluster")
    if backup.at("pitr", "enabled").flag is not True:
        yield Violation(backup.at("pitr", "enabled"), "is not true, so no moment between two copies can be restored")
    if not any(_is_kept(task) and task["storageName"].text in elsewhere for task in backup["tasks"]):
        yield Violation(
            backup["tasks"], "holds no enabled task with a schedule, a retention and a storage off the cluster"
        )


def _mariadb(store: Object, world: World) -> Iterator[Violation]:
    """Full copies by its operator; the log in between is kept only of several pods, where its owner asks for it."""
    copied = [
        each
        for each in world.within(store.namespace, "PhysicalBackup.k8s.mariadb.com")
        if each.spec.at("mariaDbRef", "name").text == store.name and not each.spec.at("schedule", "suspend").flag
    ]
    if world.declares(store.namespace) and not copied:
        yield Violation("", "has no PhysicalBackup that is not suspended")
    for each in copied:
        bucket, schedule = each.spec.at("storage", "s3"), each.spec.at("schedule", "cron")
        if not bucket["bucket"].word:
            yield Violation(bucket, "names no bucket, so nothing leaves the cluster", on=each)
        elif _is_inside_host(bucket["endpoint"].word):
            yield Violation(bucket["endpoint"], "is in the cluster, and gone with it", on=each)
        if not schedule.word:
            yield Violation(schedule, "is not set, so there is one copy and no more", on=each)
        if not each.spec["maxRetention"].word:
            yield Violation(each.spec["maxRetention"], "is not set, so copies are kept by luck", on=each)


def _is_kept(task: View) -> bool:
    kept = task["keep"].number or task.at("retention", "count").number
    return task["enabled"].flag is not False and bool(task["schedule"].word) and bool(kept)


def _copied_by_a_job(store: Object, world: World) -> Iterator[Violation]:
    """Operators without backups: a CronJob beside the store, a sidecar in it, or Velero over all of it."""
    marks = COPIERS[store.sort]
    beside = [each for each in world.within(store.namespace, "CronJob.batch") if _is_about(each, store)]
    jobs = [each for each in (store, *beside) if _runs(marks, each)]
    if not jobs and world.declares(store.namespace):
        yield Violation(
            "", "has no copy elsewhere: neither a CronJob or a sidecar that makes one, nor a Velero Schedule"
        )
    for each in jobs:
        yield from _as_declared(each, store, world)


def _copier(job: Object) -> str:
    """The store of which a CronJob of the platform's makes copies; "" where it is somebody else's."""
    try:
        return next((pod.labels[store_names.COPIER].word for pod in pods(job)), "")
    except (MalformedError, UndeterminedError):
        return ""


def _is_about(job: Object, store: Object) -> bool:
    """Whether a CronJob makes copies of `store`, for all that can be seen: the platform's says of which."""
    return _copier(job) in ("", store.name)


def _as_declared(job: Object, store: Object, world: World) -> Iterator[Violation]:
    """A CronJob of the platform's: when, where to and for how long the owner and the stack say."""
    service, settings = world.facts.beside.get(store.namespace), world.facts.settings
    text = service.spec.resources.get(store.name) if service else None
    target = settings.backups.copies if settings else None
    if not target or not _copier(job) or not isinstance(text, Store) or not isinstance(text.backup, Backup):
        return
    schedule, words = job.spec["schedule"], _given(job)
    if schedule.text != text.backup.schedule:
        yield Violation(schedule, f"is not '{text.backup.schedule}', when its owner wants copies", on=job)
    if not any(word.startswith(f"{target.bucket}/") and word.endswith(f"/{store.name}") for word in words):
        yield Violation("", f"is given no place for {store.name} in {target.bucket}, the stack's bucket", on=job)
    days = str(-(-round(seconds(text.backup.retention)) // 86_400))
    if days not in words:
        yield Violation("", f"is not given the {days} days for which its owner wants copies kept", on=job)


def _given(job: Object) -> frozenset[str]:
    """The variables of its containers."""
    containers = (container for pod in pods(job) for container in pod.containers)
    return frozenset(each["value"].word for container in containers for each in container.view["env"])


def _runs(marks: tuple[str, ...], thing: Object) -> bool:
    try:
        return not thing.spec["suspend"].flag and any(
            mark in text
            for pod in pods(thing)
            for container in pod.containers
            for text in (container.view["image"].word, *container.view["command"].words, *container.view["args"].words)
            for mark in marks
        )
    except (MalformedError, UndeterminedError):
        return False  # what cannot be read makes no copy; rules about pods say what is wrong with it


CHECKS: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    CNPG: _cnpg,
    MARIADB: _mariadb,
    PSMDB: _psmdb,
}
