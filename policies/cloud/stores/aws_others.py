"""AWS' caches, brokers, search engines and disks. Names and defaults: pulumi-aws 7.51.1, docstrings of each `*Args`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from policies.cloud.stores.store import EVERYBODYS, PASSWORD, Store, retention
from policies.cloud.wants import among, either, given, is_given, least, never, not_short, off, on, several, unlike
from policies.objects.values import View

TLS: Final = (
    "Policy-Min-TLS-1-2-2019-07",
    "Policy-Min-TLS-1-2-PFS-2023-10",
    "Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08",
)
"""OpenSearch's policies without TLS 1.0 (its API reference, DomainEndpointOptions)."""


def _is_redis(root: View) -> bool:
    return root["engine"].text != "memcached"


def _is_alone(root: View) -> bool:
    """A cache cluster that is part of a replication group has the group's settings."""
    return not is_given(root["replicationGroupId"])


_OPENSEARCH: Final = Store(
    at_rest=(on("encryptAtRest.enabled"),),
    own_key=(given("encryptAtRest.kmsKeyId"),),
    in_transit=(
        on("domainEndpointOptions.enforceHttps", default=True),
        among("domainEndpointOptions.tlsSecurityPolicy", *TLS),
        on("nodeToNodeEncryption.enabled"),
        on("advancedSecurityOptions.enabled"),
        off("advancedSecurityOptions.anonymousAuthEnabled"),
    ),
    private=(given("vpcOptions.subnetIds"),),
    backups=(),  # hourly and by themselves, 14 days; nothing to set
    kept=(),  # there is no such property: the program's `protect` is all there is
    zones=(
        on("clusterConfig.zoneAwarenessEnabled"),
        least("clusterConfig.instanceCount", 3, default=1),
        on("clusterConfig.dedicatedMasterEnabled"),
        least("clusterConfig.dedicatedMasterCount", 3),
    ),
    password=(
        either(
            given("advancedSecurityOptions.masterUserOptions.masterUserArn"),
            not_short("advancedSecurityOptions.masterUserOptions.masterUserPassword", PASSWORD),
        ),
    ),  # the master user is the operator's, not a service's: it may be called admin
    upgrades=(on("softwareUpdateOptions.autoSoftwareUpdateEnabled"),),
    version=("", "engineVersion"),
    ports=(443, 9200),
    of_one=True,
    protected=True,
)

OTHERS: Final[Mapping[str, Store]] = {
    "aws:elasticache/replicationGroup:ReplicationGroup": Store(
        at_rest=(
            on("atRestEncryptionEnabled", only=lambda root: root["engine"].text != "valkey"),
            on("atRestEncryptionEnabled", default=True),
        ),
        own_key=(given("kmsKeyId"),),
        in_transit=(
            on("transitEncryptionEnabled", only=lambda root: root["engine"].text != "valkey"),
            on("transitEncryptionEnabled", default=True),
            among("transitEncryptionMode", "required", default="required"),
            either(given("userGroupIds"), given("authTokenWo"), given("authToken")),
        ),
        private=(),  # reachable from its VPC alone
        backups=(least("snapshotRetentionLimit", retention), given("finalSnapshotIdentifier")),
        kept=(),  # there is no such property
        zones=(on("multiAzEnabled"), on("automaticFailoverEnabled")),
        password=(),  # users are elasticache.User
        upgrades=(on("autoMinorVersionUpgrade", default=True),),
        version=("engine", "engineVersion", "redis"),
        ports=(6379,),
        of_one=True,
        protected=True,
    ),
    "aws:elasticache/cluster:Cluster": Store(
        # A Redis by itself can be neither encrypted nor authenticated: only a replication group can.
        at_rest=(given("replicationGroupId", only=_is_redis),),
        own_key=(),
        in_transit=(
            given("replicationGroupId", only=_is_redis),
            on("transitEncryptionEnabled", only=lambda root: not _is_redis(root)),
        ),
        private=(),
        backups=(least("snapshotRetentionLimit", retention, only=lambda root: _is_redis(root) and _is_alone(root)),),
        kept=(),
        zones=(among("azMode", "cross-az", default="single-az", only=lambda root: not _is_redis(root)),),
        password=(),
        upgrades=(among("autoMinorVersionUpgrade", "true", default="true"),),
        version=("engine", "engineVersion"),
        ports=(6379, 11211),
        of_one=True,
        protected=True,
    ),
    "aws:elasticache/serverlessCache:ServerlessCache": Store(
        at_rest=(),  # always
        own_key=(given("kmsKeyId"),),
        in_transit=(given("userGroupId"),),  # always TLS; who may is the group's
        private=(),
        backups=(least("snapshotRetentionLimit", retention),),
        kept=(),
        zones=(),  # always
        password=(),
        upgrades=(),
        version=("engine", "majorEngineVersion"),
        ports=(6379, 6380),
        of_one=True,
        protected=True,
    ),
    "aws:memorydb/cluster:Cluster": Store(
        at_rest=(),  # always
        own_key=(given("kmsKeyArn"),),
        in_transit=(on("tlsEnabled", default=True), unlike("aclName", "open-access", "")),
        private=(),
        backups=(least("snapshotRetentionLimit", retention), given("finalSnapshotName")),
        kept=(),
        zones=(least("numReplicasPerShard", 1, default=1),),
        password=(),
        upgrades=(on("autoMinorVersionUpgrade", default=True),),
        version=("engine", "engineVersion", "redis"),
        ports=(6379,),
        of_one=True,
        protected=True,
    ),
    "aws:msk/cluster:Cluster": Store(
        at_rest=(),  # always
        own_key=(given("encryptionInfo.encryptionAtRestKmsKeyArn"),),
        in_transit=(
            among("encryptionInfo.encryptionInTransit.clientBroker", "TLS", default="TLS"),
            on("encryptionInfo.encryptionInTransit.inCluster", default=True),
        ),
        private=(among("brokerNodeGroupInfo.connectivityInfo.publicAccess.type", "DISABLED", default="DISABLED"),),
        backups=(),  # topics are kept by replication and retention, which msg-durability judges
        kept=(),
        zones=(least("numberOfBrokerNodes", 3), several("brokerNodeGroupInfo.clientSubnets", 3)),
        password=(),
        upgrades=(),
        version=(),
        ports=(9092, 9094, 9096, 9098),
        of_one=False,
        protected=True,
    ),
    "aws:msk/serverlessCluster:ServerlessCluster": Store(
        at_rest=(),
        own_key=(),
        in_transit=(on("clientAuthentication.sasl.iam.enabled"),),
        private=(),
        backups=(),
        kept=(),
        zones=(),
        password=(),
        upgrades=(),
        version=(),
        ports=(9098,),
        of_one=False,
        protected=True,
    ),
    "aws:mq/broker:Broker": Store(
        at_rest=(),  # always
        own_key=(off("encryptionOptions.useAwsOwnedKey", default=True), given("encryptionOptions.kmsKeyId")),
        in_transit=(),  # always TLS
        private=(off("publiclyAccessible"),),
        backups=(),
        kept=(),
        zones=(among("deploymentMode", "CLUSTER_MULTI_AZ", "ACTIVE_STANDBY_MULTI_AZ", default="SINGLE_INSTANCE"),),
        password=(unlike("users[].username", *EVERYBODYS), not_short("users[].password", PASSWORD)),
        upgrades=(on("autoMinorVersionUpgrade"),),
        version=(),
        ports=(5671, 8883, 61614, 61617, 61619),
        of_one=False,
        protected=True,
    ),
    "aws:opensearch/domain:Domain": _OPENSEARCH,
    "aws:efs/fileSystem:FileSystem": Store(
        at_rest=(on("encrypted"),),
        own_key=(given("kmsKeyId"),),
        in_transit=(),  # the mount's business
        private=(),
        backups=(),  # aws:efs/backupPolicy, a resource of its own
        kept=(),
        zones=(never("availabilityZoneName"),),
        password=(),
        upgrades=(),
        version=(),
        ports=(2049,),
        of_one=True,
        protected=True,
    ),
    "aws:ebs/volume:Volume": Store(
        at_rest=(on("encrypted"),),
        own_key=(given("kmsKeyId"),),
        in_transit=(),
        private=(),
        backups=(),  # a disk of somebody's: who fills it copies it
        kept=(on("finalSnapshot"),),
        zones=(),  # a disk is in one zone
        password=(),
        upgrades=(),
        version=(),
        ports=(),
        of_one=True,
        protected=True,
    ),
    "aws:elasticsearch/domain:Domain": replace(
        _OPENSEARCH,
        in_transit=_OPENSEARCH.in_transit[:-1],
        upgrades=(),
        version=("=elasticsearch", "elasticsearchVersion"),
    ),
}
"""By type token."""
