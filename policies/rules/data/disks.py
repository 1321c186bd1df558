"""Disks and buckets: of a named class, encrypted, private, and there when what used them is gone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.cloud.companions import Link
from policies.cloud.iam import Statement, matches, statements
from policies.cloud.wants import Asked, Want, among, on, places, wanted
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, MEDIUM, Selector, Violation
from policies.core.world import World
from policies.kubernetes import quantities
from policies.objects import Object
from policies.objects.fields import fields
from policies.objects.values import View
from policies.rules.data.group import DATA, STORE

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
    "MariaDB.k8s.mariadb.com": (("spec.storage", "size", "storageClassName"),),
    "RabbitmqCluster.rabbitmq.com": (("spec.persistence", "storage", "storageClassName"),),
}
"""Operators that ask for disks in words of their own: where, and what they call the size and the class there."""
MONGODB: Final = (
    "spec.replsets[].volumeSpec.persistentVolumeClaim",
    "spec.sharding.configsvrReplSet.volumeSpec.persistentVolumeClaim",
)
"""Where Percona writes the spec of a claim without saying that it is one."""
DEFINITION: Final = "CustomResourceDefinition.apiextensions.k8s.io"
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
    # A definition holds the schema of claims, and no claim.
    if not thing.is_kubernetes or thing.sort in ("PersistentVolumeClaim", DEFINITION):
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
    where="services/{service}.yaml: spec.resources",
    sources=("Gatekeeper storageclass", "Kubescape pv-without-encryption"),
)
def pvc(subject: Claim | Disk | Object, facts: Facts) -> Iterator[Violation]:
    if isinstance(subject, Claim):
        yield from _claim(subject.spec, facts)
    elif isinstance(subject, Disk):
        yield from _disk(subject, facts)
    elif subject.sort == "StatefulSet.apps":
        when = subject.spec.at("persistentVolumeClaimRetentionPolicy", "whenDeleted")
        if when.is_set and when.word != "Retain":
            yield Violation(when, f"is {when.word or 'empty'}, so its disks go with it")
    elif subject.sort == "PersistentVolume":
        yield from _kept(subject.spec["persistentVolumeReclaimPolicy"], facts, default="Retain")
    else:
        yield from _kept(subject.root["reclaimPolicy"], facts, default="Delete")
        if subject.root["allowVolumeExpansion"].flag is not True:
            yield Violation(subject.root["allowVolumeExpansion"], "is not true, so a full disk stays full")


def _claim(spec: View, facts: Facts) -> Iterator[Violation]:
    if not spec["storageClassName"].word and not spec["volumeName"].is_set:
        yield Violation(spec["storageClassName"], "names no class, so the cluster's default decides")
    yield from _size(spec.at("resources", "requests", "storage"), facts)


def _disk(disk: Disk, facts: Facts) -> Iterator[Violation]:
    """A template beside the size is a claim's own; a Kafka on many disks, or on none, has neither here."""
    named, asked = disk.place[disk.storage_class], disk.place[disk.size]
    if asked.is_set:
        yield from _size(asked, facts)
        if not named.word and not disk.place["pvcTemplate"].is_set:
            yield Violation(named, "names no class, so the cluster's default decides")


def _size(asked: View, facts: Facts) -> Iterator[Violation]:
    size = quantities.parse(asked.quantity)
    if size is None:
        yield Violation(asked, "is no size")
    elif size > facts.limits.cloud.disk_gib * GIB:
        yield Violation(asked, f"is {asked.quantity}, more than {facts.limits.cloud.disk_gib}Gi")


def _kept(policy: View, facts: Facts, *, default: str) -> Iterator[Violation]:
    if facts.environment == "prod" and (policy.word or default) != "Retain":
        yield Violation(policy, f"is {policy.word or f'not set, which is {default}'}, not Retain")


BUCKETS: Final = frozenset({"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"})
BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
COMPANIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "public access block": (BLOCK,),
    "versioning": ("aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2"),
    "encryption with a key": (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
    ),
    "policy that refuses plain HTTP": (POLICY,),
}
"""What a bucket is without is a resource of its own beside it."""
OF_BUCKET: Final = Link(named="bucket", own="bucket")
_KMS: Final = among("rules[].applyServerSideEncryptionByDefault.sseAlgorithm", "aws:kms", "aws:kms:dsse")
_VERSIONED: Final = among("versioningConfiguration.status", "Enabled")
_PUBLIC_ACLS: Final = frozenset({"public-read", "public-read-write", "authenticated-read", "website"})
_ACL: Final = Want(path="acl", accepts=lambda at, _, __: at.word not in _PUBLIC_ACLS, wanted="private")


def _grantee(path: str) -> Want:
    """Somebody: the groups S3 knows by address are everybody, and everybody with an account."""
    return Want(
        path=path,
        accepts=lambda at, _, __: not at.word.endswith(("/global/AllUsers", "/global/AuthenticatedUsers")),
        wanted="an account",
    )


_LIST: Final = (_ACL, _grantee("accessControlPolicy.grants[].grantee.uri"))

TABLE: Final[Mapping[str, tuple[Want, ...]]] = {
    BLOCK: tuple(
        on(each) for each in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    ),
    **dict.fromkeys(COMPANIONS["versioning"], (_VERSIONED,)),
    **dict.fromkeys(COMPANIONS["encryption with a key"], (_KMS,)),
    **dict.fromkeys(BUCKETS, (_ACL, _grantee("grants[].uri"))),
    "aws:s3/bucketAcl:BucketAcl": _LIST,
    "aws:s3/bucketAclV2:BucketAclV2": _LIST,
    POLICY: (
        Want(
            path="policy",
            accepts=lambda at, thing, _: any(_refuses_http(each, thing.root["bucket"]) for each in statements(at)),
            wanted="",
            says="refuses no request without TLS: a Deny for everybody where aws:SecureTransport is false",
        ),
    ),
    "gcp:storage/bucket:Bucket": (
        among("publicAccessPrevention", "enforced", default="inherited"),
        on("uniformBucketLevelAccess"),
        on("versioning.enabled"),
    ),
}
_TABLE: Final = wanted(TABLE)


def _refuses_http(statement: Statement, bucket: View) -> bool:
    """Whether it denies everybody everything in `bucket` that comes without TLS."""
    insecure = [
        value
        for operator, conditions in statement.conditions.items()
        if operator == "bool"
        for value in conditions.get("aws:securetransport", ())
    ]
    return (
        not statement.allows
        and insecure == ["false"]
        and sum(map(len, statement.conditions.values())) == 1
        and statement.is_for_everybody
        and not statement.view["NotPrincipal"].is_set  # whom it spares may come without
        and any(action in ("*", "s3:*") for action in statement.actions)
        and any(_is_all_of(resource, bucket) for resource in statement.resources)
    )


def _is_all_of(resource: str, bucket: View) -> bool:
    """Whether `resource` holds every object of `bucket`: `*`, `arn:aws:s3:::<name>/*`, `arn:aws:s3:::<name>*`."""
    name, slash, key = resource.rpartition(":")[2].partition("/")
    known = isinstance(bucket.value, str)
    return (key == "*" if slash else name.endswith("*")) and (not known or matches(name, bucket.word))


@DATA.stack(
    "data-bucket",
    "M/M/M",
    CRITICAL,
    Selector[Asked | Object](
        lambda thing: (*_TABLE.subjects(thing), *((thing,) if thing.sort in BUCKETS else ())),
        frozenset({*(_TABLE.sorts or ()), *BUCKETS}),
        _TABLE.reads,
    ),
    why="One open bucket is what most leaks of the last ten years have in common.",
    cure="Block all public access, keep versions, encrypt with a key, and refuse plain HTTP",
    where=STORE,
    sources=("compliance-policies s3", "CKV_AWS_53-56", "CKV_AWS_21", "CKV_AWS_145", "CKV_GCP_114"),
)
def bucket(subject: Asked | Object, world: World) -> Iterator[Violation]:
    if isinstance(subject, Asked):
        yield from subject.unmet(world.facts)
        return
    for what, sorts in COMPANIONS.items():
        if not OF_BUCKET.enough(subject, world.of(*sorted(BUCKETS)), world.of(*sorts)):
            yield Violation("", f"has no {what} of its own in this stack")
