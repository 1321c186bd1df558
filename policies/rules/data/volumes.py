"""Disks of the cluster: of a named class, no larger than the environment takes, and there when their pod is gone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.cloud.wants import places
from policies.core.facts import Facts
from policies.core.rule import MEDIUM, Breach, Selector
from policies.kubernetes import quantities
from policies.objects import Object
from policies.objects.fields import fields
from policies.objects.values import View
from policies.rules.data.group import DATA

CLAIMS = ("volumeClaimTemplates", "volumeClaimTemplate", "nodeConfVolumeClaimTemplate")
"""Fields that hold claims: a StatefulSet's, and those of operators' objects."""
DISKS: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "Cluster.postgresql.cnpg.io": (
        ("spec.storage", "size", "storageClass"),
        ("spec.walStorage", "size", "storageClass"),
        ("spec.tablespaces[].storage", "size", "storageClass"),
    ),
    "KafkaNodePool.kafka.strimzi.io": (
        ("spec.storage", "size", "class"),
        ("spec.storage.volumes[]", "size", "class"),
    ),
    "RabbitmqCluster.rabbitmq.com": (("spec.persistence", "storage", "storageClassName"),),
}
"""Operators that ask for disks in words of their own: where, and what they call the size and the class there."""
MONGODB: Final = (
    "spec.replsets[].volumeSpec.persistentVolumeClaim",
    "spec.sharding.configsvrReplSet.volumeSpec.persistentVolumeClaim",
)
"""Where Percona writes the spec of a claim without saying that it is one."""
GIB = 1 << 30


@dataclass(frozen=True)
class Claim:
    """The spec of one claim."""

    spec: View


@dataclass(frozen=True)
class Disk:
    """A disk in an operator's own words."""

    place: View
    size: str
    storage_class: str


def _subjects(thing: Object) -> Iterator[Claim | Disk | Object]:
    if thing.sort == "PersistentVolumeClaim":
        yield Claim(thing.spec)
    elif thing.sort in ("StorageClass.storage.k8s.io", "PersistentVolume", "StatefulSet.apps"):
        yield thing
    if not thing.is_kubernetes or thing.sort == "PersistentVolumeClaim":
        return
    for place in fields(thing, *CLAIMS):
        for each in place if isinstance(place.value, list) else (place,):
            yield Claim(each["spec"])
    for path, size, storage_class in DISKS.get(thing.sort, ()):
        yield from (Disk(place, size, storage_class) for place in places(thing.root, path) if place.is_set)
    for path in MONGODB if thing.sort == "PerconaServerMongoDB.psmdb.percona.com" else ():
        yield from (Claim(place) for place in places(thing.root, path) if place.is_set)


@DATA.resource(
    "data-pvc",
    "A/M/M",
    MEDIUM,
    Selector[Claim | Disk | Object](
        _subjects,
        reads="PersistentVolumeClaims and templates of them, disks of operators' objects, StorageClass, "
        "PersistentVolume, StatefulSet",
    ),
    why="A disk of the default class is deleted with its claim, in the clear, and cannot grow when it is full.",
    cure="Name a class that is encrypted, kept and may grow, and ask for no more than policies/config allows",
    where="services/{service}.yaml: resources.<name>.params.size of a volume, resources.<name>.class of a store",
    sources=("Gatekeeper storageclass", "Kubescape pv-without-encryption"),
)
def pvc(subject: Claim | Disk | Object, facts: Facts) -> Iterator[Breach]:
    if isinstance(subject, Claim):
        yield from _claim(subject.spec, facts)
    elif isinstance(subject, Disk):
        yield from _disk(subject, facts)
    elif subject.sort == "StatefulSet.apps":
        when = subject.spec.at("persistentVolumeClaimRetentionPolicy", "whenDeleted")
        if when.is_set and when.word != "Retain":
            yield Breach(when, f"is {when.word or 'empty'}, so its disks go with it")
    elif subject.sort == "PersistentVolume":
        yield from _kept(subject.spec["persistentVolumeReclaimPolicy"], facts, default="Retain")
    else:
        yield from _kept(subject.root["reclaimPolicy"], facts, default="Delete")
        if subject.root["allowVolumeExpansion"].flag is not True:
            yield Breach(subject.root["allowVolumeExpansion"], "is not true, so a full disk stays full")


def _claim(spec: View, facts: Facts) -> Iterator[Breach]:
    if not spec["storageClassName"].word and not spec["volumeName"].is_set:
        yield Breach(spec["storageClassName"], "names no class, so the cluster's default decides")
    yield from _size(spec.at("resources", "requests", "storage"), facts)


def _disk(disk: Disk, facts: Facts) -> Iterator[Breach]:
    """A template beside the size is a claim's own; a Kafka on many disks, or on none, has neither here."""
    named, asked = disk.place[disk.storage_class], disk.place[disk.size]
    if asked.is_set:
        yield from _size(asked, facts)
        if not named.word and not disk.place["pvcTemplate"].is_set:
            yield Breach(named, "names no class, so the cluster's default decides")


def _size(asked: View, facts: Facts) -> Iterator[Breach]:
    size = quantities.parse(asked.quantity)
    if size is None:
        yield Breach(asked, "is no size")
    elif size > facts.limits.cloud.disk_gib * GIB:
        yield Breach(asked, f"is {asked.quantity}, more than {facts.limits.cloud.disk_gib}Gi")


def _kept(policy: View, facts: Facts, *, default: str) -> Iterator[Breach]:
    if facts.environment == "prod" and (policy.word or default) != "Retain":
        yield Breach(policy, f"is {policy.word or f'not set, which is {default}'}, not Retain")
