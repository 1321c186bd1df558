"""AWS' stores and brokers. Names and defaults: pulumi-aws 7.51.1, the docstrings of each `*Args`."""

from collections.abc import Mapping
from typing import Final

from policies.cloud.stores.store import EVERYBODYS, PASSWORD, Store, Wants, retention
from policies.cloud.wants import (
    Want,
    among,
    either,
    given,
    in_prod,
    is_given,
    least,
    not_short,
    off,
    on,
    several,
    unlike,
)
from policies.objects.values import View

TLS: Final = (
    "Policy-Min-TLS-1-2-2019-07",
    "Policy-Min-TLS-1-2-PFS-2023-10",
    "Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08",
)
"""OpenSearch's policies without TLS 1.0 (its API reference, DomainEndpointOptions)."""


def _is_original(root: View) -> bool:
    """A replica has its source's encryption, backups and user. An empty name is no source."""
    return not (is_given(root["replicateSourceDb"]) or is_given(root["replicationSourceIdentifier"]))


def _is_public_unasked(root: View) -> bool:
    """A Multi-AZ DB cluster without a subnet group of its own stands in the default VPC, in public."""
    return root["dbClusterInstanceClass"].is_set and not is_given(root["dbSubnetGroupName"])


def _master(user: str, password: str) -> Wants:
    own = (not_short(f"{password}Wo", PASSWORD), not_short(password, PASSWORD))
    return either(on("manageMasterUserPassword", only=_is_original), *own), unlike(user, *EVERYBODYS)


def _own_group(path: str) -> Want:
    """A parameter group somebody wrote: AWS' own force TLS in some versions and not in others."""
    return Want(
        path=path,
        accepts=lambda at, _, __: is_given(at) and (not at.is_known or not at.word.startswith("default.")),
        wanted="a group of its own",
    )


_FINAL: Final[Wants] = (
    off("skipFinalSnapshot", only=_is_original),
    given("finalSnapshotIdentifier", only=_is_original),
)

AWS: Final[Mapping[str, Store]] = {
    "aws:rds/instance:Instance": Store(
        at_rest=(either(on("storageEncrypted"), given("replicateSourceDb")),),
        own_key=(given("kmsKeyId", only=_is_original),),
        in_transit=(_own_group("parameterGroupName"),),  # which forces TLS: data-encrypted-in-transit reads the group
        private=(off("publiclyAccessible"),),
        backups=(
            least("backupRetentionPeriod", retention, only=_is_original),
            in_prod(off("deleteAutomatedBackups", default=True, only=_is_original)),
            *_FINAL,
        ),
        kept=(on("deletionProtection"),),
        zones=(on("multiAz", only=_is_original),),
        password=_master("username", "password"),
        upgrades=(on("autoMinorVersionUpgrade", default=True),),
        version=("engine", "engineVersion"),
        ports=(1433, 1521, 3306, 5432),
        of_one=True,
        protected=True,
    ),
    "aws:rds/cluster:Cluster": Store(
        at_rest=(on("storageEncrypted"),),
        own_key=(given("kmsKeyId"),),
        in_transit=(_own_group("dbClusterParameterGroupName"),),
        private=(
            off("publiclyAccessible", default=True, only=_is_public_unasked),
            off("publiclyAccessible"),
        ),
        backups=(
            least("backupRetentionPeriod", retention, default=1),
            in_prod(off("deleteAutomatedBackups", default=True)),
            *_FINAL,
        ),
        kept=(on("deletionProtection"),),
        zones=(),  # its instances: data-multi-az counts them
        password=_master("masterUsername", "masterPassword"),
        upgrades=(on("autoMinorVersionUpgrade", default=True),),
        version=("engine", "engineVersion"),
        ports=(3306, 5432),
        of_one=True,
        protected=True,
    ),
    "aws:rds/clusterInstance:ClusterInstance": Store(
        at_rest=(),  # the cluster's, as are the key, the copies and the password
        own_key=(),
        in_transit=(),
        private=(off("publiclyAccessible"),),
        backups=(),
        kept=(),
        zones=(),
        password=(),
        upgrades=(on("autoMinorVersionUpgrade", default=True),),
        version=("engine", "engineVersion"),
        ports=(3306, 5432),
        of_one=True,
        protected=False,
    ),
    "aws:docdb/cluster:Cluster": Store(
        at_rest=(on("storageEncrypted"),),
        own_key=(given("kmsKeyId"),),
        in_transit=(),  # TLS is on unless a parameter group turns it off: data-encrypted-in-transit reads the groups
        private=(),  # DocumentDB has no public addresses
        backups=(least("backupRetentionPeriod", retention, default=1), *_FINAL),
        kept=(on("deletionProtection"),),
        zones=(),  # its instances
        password=_master("masterUsername", "masterPassword"),
        upgrades=(),  # the instances'
        version=("engine", "engineVersion", "docdb"),
        ports=(27017,),
        of_one=True,
        protected=True,
    ),
    "aws:docdb/clusterInstance:ClusterInstance": Store(
        at_rest=(),
        own_key=(),
        in_transit=(),
        private=(),
        backups=(),
        kept=(),
        zones=(),
        password=(),
        upgrades=(),  # DocumentDB ignores autoMinorVersionUpgrade (the SDK says so)
        version=(),
        ports=(27017,),
        of_one=True,
        protected=False,
    ),
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
    "aws:opensearch/domain:Domain": Store(
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
    ),
}
"""By type token."""
