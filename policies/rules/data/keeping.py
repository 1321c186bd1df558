"""Copies for long enough, no deletion by accident, more than one zone, versions somebody still mends."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from policies.cloud.companions import Link
from policies.cloud.stores import STORES
from policies.cloud.wants import Asked, Want, among, least, off, on, wanted
from policies.core.facts import Facts
from policies.core.rule import HIGH, MEDIUM, Selector, Violation
from policies.core.world import World
from policies.objects import Object
from policies.objects.values import View
from policies.rules.data.group import DATA, of_stores


@DATA.resource(
    "data-backups",
    "–/M/M",
    HIGH,
    wanted(of_stores(lambda store: store.backups)),
    why="What was deleted, or encrypted by somebody else, comes back from a copy or not at all.",
    cure="Keep backups at least as long as the environment and the service ask, also after the store is gone",
    where="services/{service}.yaml: resources.<name>.backup, or components/",
    sources=("AWSGuard rds-instance-backup-enabled", "CKV_AWS_133"),
)
def backups(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)


PROTECTED: Final = Want(
    path=(),
    accepts=lambda _, thing, __: thing.options is None or thing.options.protect,
    wanted="",
    says="is not protected by the program, so leaving it out deletes it",
)
"""Where nobody told the options there is nothing to judge: a manifest has none."""


@DATA.resource(
    "data-deletion-protection",
    "–/A/M",
    HIGH,
    wanted(
        {
            **{token: (*store.kept, *((PROTECTED,) if store.protected else ())) for token, store in STORES.items()},
            "Elasticsearch.elasticsearch.k8s.elastic.co": (
                among(
                    "spec.volumeClaimDeletePolicy",
                    "DeleteOnScaledownOnly",
                    default="DeleteOnScaledownAndClusterDeletion",
                ),
                PROTECTED,
            ),
            "Cluster.postgresql.cnpg.io": (PROTECTED,),
            "Database.postgresql.cnpg.io": (
                among("spec.databaseReclaimPolicy", "retain", default="retain"),
                PROTECTED,
            ),
            "ClickHouseInstallation.clickhouse.altinity.com": (
                among("spec.defaults.storageManagement.reclaimPolicy", "Retain", default="Delete"),
                PROTECTED,
            ),
            "ClickHouseKeeperInstallation.clickhouse-keeper.altinity.com": (
                among("spec.defaults.storageManagement.reclaimPolicy", "Retain", default="Delete"),
                PROTECTED,
            ),
            "MariaDB.k8s.mariadb.com": (
                among("spec.storage.pvcRetentionPolicy.whenDeleted", "Retain", default="Retain"),
                PROTECTED,
            ),
            "Database.k8s.mariadb.com": (among("spec.cleanupPolicy", "Skip", default="Delete"), PROTECTED),
            "Kafka.kafka.strimzi.io": (PROTECTED,),
            "KafkaNodePool.kafka.strimzi.io": (
                off("spec.storage.deleteClaim"),
                off("spec.storage.volumes[].deleteClaim"),
            ),
            "OpenSearchCluster.opensearch.org": (PROTECTED,),
            "PerconaServerMongoDB.psmdb.percona.com": (
                Want(
                    path="metadata.finalizers",
                    accepts=lambda at, _, __: "percona.com/delete-psmdb-pvc" not in at.words,
                    wanted="",
                    says="has percona.com/delete-psmdb-pvc, which deletes the data with the object",
                ),
                PROTECTED,
            ),
            "RedisReplication.redis.redis.opstreelabs.in": (on("spec.storage.keepAfterDelete"), PROTECTED),
            "RedisCluster.redis.redis.opstreelabs.in": (on("spec.storage.keepAfterDelete"), PROTECTED),
            "RabbitmqCluster.rabbitmq.com": (PROTECTED,),
            "Vhost.rabbitmq.com": (among("spec.deletionPolicy", "retain", default="delete"),),
            "Queue.rabbitmq.com": (among("spec.deletionPolicy", "retain", default="delete"),),
        }
    ),
    why="A renamed resource is a deleted one and a new one; for a store that is its data.",
    cure="Protect the store, in the program and at the cloud",
    where="components/: protect, and the store's own deletion protection",
    sources=("compliance-policies rds", "CKV_AWS_293"),
)
def deletion_protection(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)


def _masters(nodes: View) -> float:
    """Nodes of an Elasticsearch that may lead it: every role, where none is written."""
    return sum(each["count"].number or 0 for each in nodes if _may_lead(each["config"]))


def _may_lead(config: View) -> bool:
    """Elasticsearch takes `node.roles: [...]` and `node: {roles: [...]}` for the same."""
    roles = [each for each in (config["node.roles"], config["node"]["roles"]) if each.is_set]
    return not roles or any("master" in each.words for each in roles)


def _managers(pools: View) -> float:
    """Nodes of an OpenSearch that may lead it; `master` is the word of versions before 2."""
    return sum(each["replicas"].number or 0 for each in pools if {"cluster_manager", "master"} & {*each["roles"].words})


IN_ZONES: Final[Mapping[str, tuple[Want, ...]]] = {
    **of_stores(lambda store: store.zones),
    "Cluster.postgresql.cnpg.io": (least("spec.instances", 3, default=1),),
    "MariaDB.k8s.mariadb.com": (least("spec.replicas", 3, default=1),),
    "PerconaServerMongoDB.psmdb.percona.com": (least("spec.replsets[].size", 3),),
    "RedisReplication.redis.redis.opstreelabs.in": (least("spec.clusterSize", 3),),
    "RedisCluster.redis.redis.opstreelabs.in": (least("spec.clusterSize", 3),),
    "Redis.redis.redis.opstreelabs.in": (
        Want(path=(), accepts=lambda _, __, ___: False, wanted="", says="is one pod that nobody takes over from"),
    ),
    "ClickHouseInstallation.clickhouse.altinity.com": (
        least("spec.configuration.clusters[].layout.replicasCount", 2, default=1),
    ),
    "ClickHouseKeeperInstallation.clickhouse-keeper.altinity.com": (
        least("spec.configuration.clusters[].layout.replicasCount", 3, default=1),
    ),
    "Elasticsearch.elasticsearch.k8s.elastic.co": (
        Want(
            path="spec.nodeSets",
            accepts=lambda at, _, __: _masters(at) >= 3,
            wanted="",
            says="has fewer than 3 nodes that may lead",
        ),
    ),
    "OpenSearchCluster.opensearch.org": (
        Want(
            path="spec.nodePools",
            accepts=lambda at, _, __: _managers(at) >= 3,
            wanted="",
            says="has fewer than 3 nodes that may lead",
        ),
        Want(
            path="spec.nodePools[].topologySpreadConstraints",
            accepts=lambda at, _, __: any(each["topologyKey"].text == "topology.kubernetes.io/zone" for each in at),
            wanted="",
            says="does not put them into different zones",
        ),
    ),
    "KafkaNodePool.kafka.strimzi.io": (least("spec.replicas", 3),),
    "Kafka.kafka.strimzi.io": (
        least(("spec", "kafka", "config", "default.replication.factor"), 3, default=1),
        least(("spec", "kafka", "config", "min.insync.replicas"), 2, default=1),
    ),
    "RabbitmqCluster.rabbitmq.com": (least("spec.replicas", 3, default=1),),
}
CLUSTERS: Final[Mapping[str, str]] = {
    "aws:rds/cluster:Cluster": "aws:rds/clusterInstance:ClusterInstance",
    "aws:docdb/cluster:Cluster": "aws:docdb/clusterInstance:ClusterInstance",
}
"""Clusters that are as available as they have instances."""
OF_CLUSTER: Final = Link(named="clusterIdentifier", own="clusterIdentifier")
_ZONES: Final = wanted(IN_ZONES)


@DATA.stack(
    "data-multi-az",
    "–/A/M",
    HIGH,
    Selector[Asked | Object](
        lambda thing: (*_ZONES.subjects(thing), *((thing,) if thing.sort in CLUSTERS else ())),
        frozenset({*(_ZONES.sorts or ()), *CLUSTERS}),
        _ZONES.reads,
    ),
    why="A zone is a building, and buildings burn.",
    cure="Ask for high availability",
    where="services/{service}.yaml: resources.<name>.highAvailability",
    sources=("AWSGuard rds-instance-multi-az-enabled", "CKV_AWS_157"),
)
def multi_az(subject: Asked | Object, world: World) -> Iterator[Violation]:
    if isinstance(subject, Asked):
        yield from subject.unmet(world.facts)
    elif not subject.root["dbClusterInstanceClass"].is_set:  # a Multi-AZ DB cluster has its three by itself
        instances = world.of(CLUSTERS[subject.sort])
        own = OF_CLUSTER.parts(subject, instances)
        zones = [each.root["availabilityZone"] for each in own]
        alike = [each for each in world.of(subject.sort) if not each.root["dbClusterInstanceClass"].is_set]
        if not OF_CLUSTER.enough(subject, alike, instances, 2):
            yield Violation("", "has no two instances of its own in this stack")
        elif all(zone.is_set and zone.is_known for zone in zones) and len({zone.word for zone in zones}) < 2:
            yield Violation("", "has all its instances in one zone")


ENDS: Final[Mapping[str, tuple[tuple[str, date], ...]]] = {
    "postgres": (
        ("9", date(2021, 11, 11)),
        ("10", date(2022, 11, 10)),
        ("11", date(2023, 11, 9)),
        ("12", date(2024, 11, 21)),
        ("13", date(2025, 11, 13)),
        ("14", date(2026, 11, 12)),
        ("15", date(2027, 11, 11)),
        ("16", date(2028, 11, 9)),
        ("17", date(2029, 11, 8)),
        ("18", date(2030, 11, 14)),
    ),
    "mysql": (("5", date(2023, 10, 31)), ("8.0", date(2026, 4, 30)), ("8.4", date(2032, 4, 30))),
    "aurora-mysql": (("5", date(2024, 10, 31)), ("8.0", date(2028, 4, 30))),
    "docdb": (("3.6", date(2026, 3, 30)),),
    "redis": (("4", date(2020, 4, 30)), ("5", date(2022, 4, 27))),
    "elasticsearch": (("1", date(2025, 11, 7)), ("2", date(2025, 11, 7)), ("5", date(2025, 11, 7))),
}
"""Major version to the last day its makers mend it: postgresql.org/support/versioning, MySQL's lifetime policy, AWS'
end-of-support pages. A version that is not here is not judged: newer ones appear before this table hears of them."""
ENGINES: Final[Mapping[str, str]] = {"aurora-postgresql": "postgres", "mariadb": "", "valkey": ""}
"""What an engine is called where it is called otherwise; "": not judged."""


def _supported(version: View, thing: Object, facts: Facts) -> bool:
    if not version.is_set:
        return True  # the cloud's default, which it keeps current
    engine, number = _engine(thing, version.word)
    last = [end for major, end in ENDS.get(engine, ()) if number == major or number.startswith(f"{major}.")]
    return not last or facts.today <= last[0]


def _engine(thing: Object, version: str) -> tuple[str, str]:
    """Engine and number: of `postgres` and `16.4`, of `POSTGRES_16`, of `Elasticsearch_7.10`."""
    named, _, *default = STORES[thing.sort].version
    if named:
        engine = (thing.root[named].word or "".join(default)).casefold()
        return ENGINES.get(engine, engine), version
    engine, _, number = version.casefold().partition("_")
    return ENGINES.get(engine, engine), number.replace("_", ".")


def _outside_business(window: View, _: Object, __: Facts) -> bool:
    """Whether a window (`sun:03:00-sun:04:00`) begins at night (UTC) or at the weekend. Unset, AWS takes a night."""
    text = window.word.casefold()
    return text[:3] in ("", "sat", "sun") or not "06" <= text[4:6] < "19"


WINDOWS: Final[Mapping[str, str]] = {
    "aws:rds/instance:Instance": "maintenanceWindow",
    "aws:rds/cluster:Cluster": "preferredMaintenanceWindow",
    "aws:docdb/cluster:Cluster": "preferredMaintenanceWindow",
    "aws:elasticache/replicationGroup:ReplicationGroup": "maintenanceWindow",
}


def _upkeep(token: str) -> Iterator[Want]:
    store = STORES[token]
    yield from store.upgrades
    if store.version:
        yield Want(path=store.version[1], accepts=_supported, wanted="one that is still mended")
    if token in WINDOWS:
        yield Want(path=WINDOWS[token], accepts=_outside_business, wanted="a night or a weekend (UTC)")


@DATA.resource(
    "data-version-supported",
    "A/A/M",
    MEDIUM,
    wanted({token: tuple(_upkeep(token)) for token in STORES}),
    why="A version nobody mends keeps its holes, and the cloud charges extra for it before it upgrades it by force.",
    cure="Raise the version; let minor versions upgrade by themselves, at night",
    where="services/{service}.yaml: resources.<name>.params.version",
    sources=("CKV_AWS_226",),
)
def version_supported(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)
