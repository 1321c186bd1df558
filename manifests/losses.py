"""What going from one set of objects to another would do to data: what it takes away, and what it may not ask.

Pure, over plain manifests: `plat up` compares the state with the plan, a review one commit with another. What holds
data, which of its fields replace it, where its size and its version stand is said per kind in `manifests.treatments`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from blueprint.quantities import mebibytes
from manifests.identity import Key, key, kind
from manifests.manifest import Manifest
from manifests.percona_mongodb import BUCKET
from manifests.treatments import TREATMENTS, Treatment, at, replaces


@dataclass(frozen=True, kw_only=True)
class Loss:
    """An object that holds data, and would be deleted."""

    old: Manifest
    replaced_by: tuple[str, ...]
    """The fields whose new values make another object of it; none: it is not there any more."""


@dataclass(frozen=True, kw_only=True)
class Impossible:
    """A change of an object that holds data which would be refused, or be half done when it is."""

    old: Manifest
    field: str
    cause: str
    cure: str


def losses(old: Iterable[Manifest], new: Iterable[Manifest]) -> Iterator[Loss]:
    """What holds data among `old` and would be deleted on the way to `new`, in the order of `old`.

    A new name is another object: of an object that is renamed, the old one is lost.
    """
    for before, after in _holders(old, new):
        if after is None or (paths := replaces(before, after)):
            yield Loss(old=before, replaced_by=() if after is None else paths)


def impossible(old: Iterable[Manifest], new: Iterable[Manifest]) -> Iterator[Impossible]:
    """What `new` asks of the data that `old` holds and no operator can do, in the order of `old`."""
    for before, after in _holders(old, new):
        if after is not None:
            for check in CHECKS:
                yield from check(_treatment(before), before, after)


def _holders(old: Iterable[Manifest], new: Iterable[Manifest]) -> Iterator[tuple[Manifest, Manifest | None]]:
    """Each of `old` that holds data, with what becomes of it."""
    after = {key(each): each for each in new if _treatment(each).holds_data}
    for each in old:
        if _treatment(each).holds_data:
            yield each, after.get(key(each))


_NOTHING: Final = Treatment()


def _treatment(manifest: Manifest) -> Treatment:
    """A state may hold kinds that this program makes no more, or that a chart has brought."""
    return TREATMENTS.get(kind(manifest), _NOTHING)


def _shrinking(how: Treatment, old: Manifest, new: Manifest) -> Iterator[Impossible]:
    for path in how.grows:
        before, after = at(old, path), at(new, path)
        had, has = _mebibytes(before), _mebibytes(after)
        if had is not None and has is not None and has < had:
            yield Impossible(
                old=old,
                field=path,
                cause=f"goes from {before} to {after}, and a disk never shrinks",
                cure="Keep the class it has, or make a store of another name beside it and move the data there",
            )


def _versions(how: Treatment, old: Manifest, new: Manifest) -> Iterator[Impossible]:
    if how.version is None:
        return
    was, will_be = (line(at(each, how.version), how.version_numbers) for each in (old, new))
    if was is None or will_be is None:
        return
    if will_be < was:
        written, asked = (".".join(map(str, numbers)) for numbers in (was, will_be))
        yield Impossible(
            old=old,
            field=how.version,
            cause=f"goes from version {written} back to {asked}, which cannot read what {written} has written",
            cure=f'Keep params.version: "{written}", or make a store of another name beside it and move the data there',
        )
    before, after = was[0], will_be[0]
    if after - before > MAJORS_AT_ONCE:
        yield Impossible(
            old=old,
            field=how.version,
            cause=f"goes from version {before} to {after} at once, over what {before + 1} has changed",
            cure=f'Go to params.version: "{before + 1}" first, look at what its release notes ask of the service and of'
            " its extensions, and take a copy before the next step",
        )


def _forms(how: Treatment, old: Manifest, new: Manifest) -> Iterator[Impossible]:
    for path in how.born_with:
        had, has = at(old, path) is not None, at(new, path) is not None
        if had != has:
            yield Impossible(
                old=old,
                field=path,
                cause=f"{'comes' if has else 'goes'}, and data that was made {'without' if has else 'with'} it is of"
                " another form",
                cure="Keep to one pod or to several as it is, or make a store of another name beside it and move the"
                " data there",
            )


MAJORS_AT_ONCE: Final = 1
"""Major versions that one change may go up. An upgrade in place stops the store, cannot be taken back once it has
succeeded, and cuts off the copies made before it (CloudNativePG 1.30, "Major Version Upgrades"): each step is one that
somebody has looked at."""

CHECKS: Final[tuple[Callable[[Treatment, Manifest, Manifest], Iterator[Impossible]], ...]] = (
    _forms,
    _shrinking,
    _versions,
)

_MAJOR: Final = re.compile(r"^[^@]*:v?(?P<numbers>\d+(?:\.\d+)*)(?![^.@_-])")
_SIZE: Final = re.compile(r"[0-9]+(Ki|Mi|Gi|Ti)?")


def major(image: object) -> int | None:
    """The major version an image's tag begins with: 18 of `ghcr.io/…/postgresql:18.6-standard@sha256:…`; None: it says
    none."""
    found = line(image, 1)
    return found[0] if found else None


def line(image: object, numbers: int) -> tuple[int, ...] | None:
    """The first `numbers` of the version an image's tag begins with; None: it says none, or fewer."""
    found = _MAJOR.match(str(image or ""))
    parts = found["numbers"].split(".")[:numbers] if found else []
    return tuple(map(int, parts)) if len(parts) == numbers else None


def _mebibytes(size: object) -> int | None:
    """None where nothing is said, or in a unit this program does not write."""
    return mebibytes(str(size)) if _SIZE.fullmatch(str(size or "")) else None


# ------------------------------------------------------------------ in words


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


def _clickhouse(installation: Manifest, _: Mapping[Key, Manifest]) -> Holding:
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
        copies=None,
    )


def _elasticsearch(cluster: Manifest, _: Mapping[Key, Manifest]) -> Holding:
    version, nodes = major(at(cluster, "spec.image")), sum(each.get("count", 0) for each in cluster["spec"]["nodeSets"])
    disk = at(cluster, "spec.nodeSets.0.volumeClaimTemplates.0.spec.resources.requests.storage")
    return Holding(
        engine=f"Elasticsearch {version}" if version else "Elasticsearch",
        what="every index",
        disks=f"{nodes} × {disk or 'of an unknown size'}",
        copies=None,
    )


def _files(claim: Manifest, beside: Mapping[Key, Manifest]) -> Holding:
    del beside
    modes, size = claim["spec"].get("accessModes", ()), at(claim, "spec.resources.requests.storage")
    return Holding(engine="files", what=", ".join(modes), disks=f"1 × {size or 'of an unknown size'}", copies=None)


def _redis(replication: Manifest, _: Mapping[Key, Manifest]) -> Holding:
    version = major(at(replication, "spec.kubernetesConfig.image"))
    disk = at(replication, "spec.storage.volumeClaimTemplate.spec.resources.requests.storage")
    return Holding(
        engine=f"Redis (Valkey {version})" if version else "Redis",
        what="every key",
        disks=f"{at(replication, 'spec.clusterSize') or 1} × {disk}" if disk else "none: memory alone",
        copies=None,
    )


HOLDINGS: Final[Mapping[str, Callable[[Manifest, Mapping[Key, Manifest]], Holding]]] = {
    "clickhouse.altinity.com/v1:ClickHouseInstallation": _clickhouse,
    "core/v1:PersistentVolumeClaim": _files,
    "elasticsearch.k8s.elastic.co/v1:Elasticsearch": _elasticsearch,
    "k8s.mariadb.com/v1alpha1:MariaDB": _mariadb,
    "postgresql.cnpg.io/v1:Cluster": _postgres,
    "psmdb.percona.com/v1:PerconaServerMongoDB": _mongodb,
    "redis.redis.opstreelabs.in/v1beta2:RedisReplication": _redis,
}
"""Kind → what one holds, in words. Total over the kinds that hold data; a test says so."""


def holding(manifest: Manifest, beside: Iterable[Manifest]) -> Holding:
    """What `manifest` holds. `beside` are the objects of its stack, where its copies are described."""
    return HOLDINGS[kind(manifest)](manifest, {key(each): each for each in beside})
