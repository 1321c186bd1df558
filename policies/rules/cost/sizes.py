"""How large: instance classes from a list, disks up to a cap. Names: pulumi-aws 7.51.1, pulumi-gcp 10.2.0."""

from collections.abc import Iterator, Mapping
from typing import Final

from policies.cloud.wants import Asked, Want, amount, never, wanted
from policies.core.facts import Facts
from policies.core.rule import MEDIUM, Violation
from policies.objects.values import View
from policies.rules.cost.group import COST, LIMITS

CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:rds/instance:Instance": ("instanceClass",),
    "aws:rds/cluster:Cluster": ("dbClusterInstanceClass",),
    "aws:rds/clusterInstance:ClusterInstance": ("instanceClass",),
    "aws:docdb/clusterInstance:ClusterInstance": ("instanceClass",),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("nodeType",),
    "aws:msk/cluster:Cluster": ("brokerNodeGroupInfo.instanceType",),
    "aws:mq/broker:Broker": ("hostInstanceType",),
    "aws:opensearch/domain:Domain": (
        "clusterConfig.instanceType",
        "clusterConfig.dedicatedMasterType",
        "clusterConfig.warmType",
    ),
    "aws:eks/nodeGroup:NodeGroup": ("instanceTypes[]",),
    "aws:ec2/launchTemplate:LaunchTemplate": ("instanceType",),
    "gcp:sql/databaseInstance:DatabaseInstance": ("settings.tier",),
    "gcp:container/cluster:Cluster": ("nodeConfig.machineType",),
    "gcp:container/nodePool:NodePool": ("nodeConfig.machineType",),
}
"""Where a class is written. Not written, the cloud takes its smallest."""
DISKS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:rds/instance:Instance": ("allocatedStorage", "maxAllocatedStorage"),
    "aws:rds/cluster:Cluster": ("allocatedStorage",),
    "aws:msk/cluster:Cluster": ("brokerNodeGroupInfo.storageInfo.ebsStorageInfo.volumeSize",),
    "aws:opensearch/domain:Domain": ("ebsOptions.volumeSize",),
    "aws:eks/nodeGroup:NodeGroup": ("diskSize",),
    "aws:ec2/launchTemplate:LaunchTemplate": ("blockDeviceMappings[].ebs.volumeSize",),
    "gcp:sql/databaseInstance:DatabaseInstance": ("settings.diskSize",),
    "gcp:container/cluster:Cluster": ("nodeConfig.diskSizeGb", "clusterAutoscaling.autoProvisioningDefaults.diskSize"),
    "gcp:container/nodePool:NodePool": ("nodeConfig.diskSizeGb", "nodeConfig.bootDisk.sizeGb"),
    "gcp:redis/instance:Instance": ("memorySizeGb",),
}
"""Where GiB are written. Not written, the cloud takes little; where it may grow by itself, see MORE."""


def _class(path: str) -> Want:
    return Want(
        path=path,
        accepts=lambda at, _, facts: not at.is_set or at.word in facts.limits.cloud.instance_classes,
        wanted="one of policies/config: cloud.instanceClasses",
    )


def _disk(path: str) -> Want:
    return Want(
        path=path,
        accepts=lambda at, _, facts: not at.is_set or at.quantity == "0" or _within(at, facts),
        wanted="within policies/config: cloud.diskGib",
    )


def _within(at: View, facts: Facts) -> bool:
    """Whether it is a number, and no larger than the environment takes."""
    return 0 < amount(at) <= facts.limits.cloud.disk_gib


SIZES: Final[Mapping[str, tuple[Want, ...]]] = {
    token: (*map(_class, CLASSES.get(token, ())), *map(_disk, DISKS.get(token, ())))
    for token in sorted({*CLASSES, *DISKS})
}
MORE: Final[Mapping[str, tuple[Want, ...]]] = {
    # Requirements in place of a type would let AWS choose any.
    "aws:ec2/launchTemplate:LaunchTemplate": (never("instanceRequirements"),),
    # A Cloud SQL disk grows by itself, and without a limit has none.
    "gcp:sql/databaseInstance:DatabaseInstance": (
        Want(
            path="settings.diskAutoresizeLimit",
            accepts=lambda at, _, facts: _within(at, facts),
            wanted="within policies/config: cloud.diskGib",
            default=0,
            only=lambda root: root["settings"]["diskAutoresize"].flag is not False,
        ),
    ),
}
"""What is asked beside a class and a size."""


@COST.resource(
    "cost-size-allowlist",
    "M/M/A",
    MEDIUM,
    wanted({token: (*wants, *MORE.get(token, ())) for token, wants in SIZES.items()}),
    why="One class more is twice the bill, every month, until somebody reads it.",
    cure="Take a class of the list and a disk below the cap",
    where=LIMITS,
)
def size_allowlist(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)
