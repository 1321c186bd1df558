"""Buckets: not public, versioned, encrypted with a key, reached over TLS alone."""

from collections.abc import Iterator, Mapping
from typing import Final

from policies.cloud.companions import Link
from policies.cloud.iam import Statement, matches, statements
from policies.cloud.wants import Asked, Want, among, on, wanted
from policies.core.rule import CRITICAL, Breach, Selector
from policies.core.world import World
from policies.objects import Object
from policies.objects.values import View
from policies.rules.data.group import DATA, STORE

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
def bucket(subject: Asked | Object, world: World) -> Iterator[Breach]:
    if isinstance(subject, Asked):
        yield from subject.unmet(world.facts)
        return
    for what, sorts in COMPANIONS.items():
        if not OF_BUCKET.enough(subject, world.of(*sorted(BUCKETS)), world.of(*sorts)):
            yield Breach("", f"has no {what} of its own in this stack")
