"""Whose it is, and when it goes: tags on everything that is billed."""

from collections.abc import Iterator
from typing import Final

from policies.cloud.companions import Link
from policies.cloud.stores import STORES
from policies.cloud.tags import normal, place, tags
from policies.cloud.wants import Asked, Want, is_given, places, wanted
from policies.core.facts import Facts
from policies.core.rule import LOW, MEDIUM, Selector, Violation
from policies.core.world import World
from policies.objects import Object
from policies.objects.values import View
from policies.rules.cost.group import COST
from policies.rules.cost.sizes import SIZES

WANTED: Final = ("Project", "Environment", "Service", "Owner", "CostCenter")
EPHEMERAL: Final = "ExpiresAt"
BILLED: Final = frozenset(
    {
        *STORES,
        *SIZES,
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:ec2/eip:Eip",
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/vpc:Vpc",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:ecr/repository:Repository",
        "aws:eks/cluster:Cluster",
        "aws:kms/key:Key",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketV2:BucketV2",
        "aws:secretsmanager/secret:Secret",
        "gcp:artifactregistry/repository:Repository",
        "gcp:compute/address:Address",
        "gcp:compute/globalAddress:GlobalAddress",
        "gcp:container/cluster:Cluster",
        "gcp:kms/cryptoKey:CryptoKey",
        "gcp:secretmanager/secret:Secret",
    }
)
"""What this platform makes that is on the bill and can be tagged. Any other type that can is judged as soon as it has a
tag, whatever it is."""


def _subjects(thing: Object) -> tuple[Object, ...]:
    written = any(own.is_set for own in places(thing.root, place(thing))) if place(thing) else False
    # Where nobody told the provider, its tags are not known; then only what was begun is judged.
    return (thing,) if written or (thing.sort in BILLED and thing.provider is not None) else ()


@COST.resource(
    "cost-tags",
    "M/M/M",
    MEDIUM,
    Selector[Object](
        _subjects, reads="every resource of AWS and GCP that is billed or tagged, with its provider's tags"
    ),
    why="A bill nobody can divide is paid by everybody, and a resource nobody owns is never deleted.",
    cure=f"Tag {', '.join(WANTED)}, once, with the provider's default tags",
    where="components/: the provider's default tags",
)
def cost_tags(thing: Object, facts: Facts) -> Iterator[Violation]:
    own = tags(thing)
    needed = (*WANTED, *((EPHEMERAL,) if facts.environment == "ephemeral" else ()))
    missing = [name for name in needed if not is_given(own.get(normal(name), View(None)))]
    if missing:
        yield Violation(place(thing), f"lacks {', '.join(missing)}")


LONGEST: Final = 400
"""Days: a year and a month, so that last year's December can be compared (the most settings take, too)."""


def _bounded(at: View, _: Object, __: Facts) -> bool:
    return 0 < (at.number or 0) <= LONGEST


REPOSITORY: Final = "aws:ecr/repository:Repository"
OF_REPOSITORY: Final = Link(named="repository", own="name")
_BOUNDED: Final = wanted(
    {
        "aws:cloudwatch/logGroup:LogGroup": (
            Want(path="retentionInDays", accepts=_bounded, wanted=f"1 to {LONGEST}", default=0),
        ),
        "gcp:logging/projectBucketConfig:ProjectBucketConfig": (
            Want(path="retentionDays", accepts=_bounded, wanted=f"1 to {LONGEST}", default=30),
        ),
        "gcp:artifactregistry/repository:Repository": (
            Want(path="cleanupPolicies", accepts=lambda at, _, __: is_given(at), wanted="given"),
            Want(path="cleanupPolicyDryRun", accepts=lambda at, _, __: not at.flag, wanted="false"),
        ),
        "Prometheus.monitoring.coreos.com": (
            Want(
                path=("spec",),
                accepts=lambda at, _, __: is_given(at["retention"]) or is_given(at["retentionSize"]),
                wanted="",
                says="bounds neither retention nor retentionSize",
            ),
        ),
    }
)


@COST.stack(
    "cost-retention",
    "A/A/A",
    LOW,
    Selector[Asked | Object](
        lambda thing: (*_BOUNDED.subjects(thing), *((thing,) if thing.sort == REPOSITORY else ())),
        frozenset({*(_BOUNDED.sorts or ()), REPOSITORY}),
        _BOUNDED.reads,
    ),
    why="What is kept for ever grows for ever, and so does its bill.",
    cure=f"Keep logs at most {LONGEST} days, and give each repository of images a lifecycle",
    where="Pulumi.<stack>.yaml: platform:settings.observability.retention, or components/",
    sources=("EKS best practices: image lifecycle", "CKV_AWS_66", "CKV_AWS_338"),
)
def retention(subject: Asked | Object, world: World) -> Iterator[Violation]:
    if isinstance(subject, Asked):
        yield from subject.unmet(world.facts)
    elif not OF_REPOSITORY.enough(subject, world.of(REPOSITORY), world.of("aws:ecr/lifecyclePolicy:LifecyclePolicy")):
        yield Violation("", "has no LifecyclePolicy of its own in this stack, so every image ever pushed is kept")
