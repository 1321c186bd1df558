"""AWS' databases. Names and defaults: pulumi-aws 7.51.1, the docstrings of each `*Args`."""

from collections.abc import Mapping
from typing import Final

from policies.cloud.stores.store import EVERYBODYS, PASSWORD, Store, Wants, retention
from policies.cloud.wants import Want, among, either, given, in_prod, is_given, least, not_short, off, on, unlike
from policies.objects.values import View


def _is_original(root: View) -> bool:
    """A replica has its source's encryption, backups and user. An empty name is no source."""
    return not (is_given(root["replicateSourceDb"]) or is_given(root["replicationSourceIdentifier"]))


def _is_public_unasked(root: View) -> bool:
    """A Multi-AZ DB cluster without a subnet group of its own stands in the default VPC, in public."""
    return root["dbClusterInstanceClass"].is_set and not is_given(root["dbSubnetGroupName"])


def _leaves_a_snapshot(name: str = "finalSnapshotIdentifier") -> Wants:
    return off("skipFinalSnapshot", only=_is_original), given(name, only=_is_original)


def _master(user: str, password: str, managed: str = "manageMasterUserPassword") -> Wants:
    own = (not_short(f"{password}Wo", PASSWORD), not_short(password, PASSWORD))
    return either(on(managed, only=_is_original), *own), unlike(user, *EVERYBODYS)


def _own_group(path: str) -> Want:
    """A parameter group somebody wrote: AWS' own force TLS in some versions and not in others."""
    return Want(
        path=path,
        accepts=lambda at, _, __: is_given(at) and (not at.is_known or not at.word.startswith("default.")),
        wanted="a group of its own",
    )


_FINAL: Final = _leaves_a_snapshot()

DATABASES: Final[Mapping[str, Store]] = {
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
    "aws:neptune/cluster:Cluster": Store(
        at_rest=(on("storageEncrypted"),),
        own_key=(given("kmsKeyArn"),),
        in_transit=(),  # always TLS since 1.0.4
        private=(),
        backups=(least("backupRetentionPeriod", retention, default=1), *_FINAL),
        kept=(on("deletionProtection"),),
        zones=(),
        password=(on("iamDatabaseAuthenticationEnabled"),),  # it has no passwords
        upgrades=(),
        version=(),
        ports=(8182,),
        of_one=True,
        protected=True,
    ),
    "aws:redshift/cluster:Cluster": Store(
        at_rest=(among("encrypted", "true", default="true"),),
        own_key=(given("kmsKeyId"),),
        in_transit=(_own_group("clusterParameterGroupName"),),  # which requires SSL
        private=(off("publiclyAccessible"),),
        backups=(least("automatedSnapshotRetentionPeriod", retention, default=1), *_FINAL),
        kept=(),
        zones=(on("multiAz"),),
        password=_master("masterUsername", "masterPassword", "manageMasterPassword"),
        upgrades=(on("allowVersionUpgrade", default=True),),
        version=(),
        ports=(5439,),
        of_one=True,
        protected=True,
    ),
    "aws:dynamodb/table:Table": Store(
        at_rest=(),  # always
        own_key=(on("serverSideEncryption.enabled"), given("serverSideEncryption.kmsKeyArn")),
        in_transit=(),  # always TLS
        private=(),  # reached by IAM alone
        backups=(on("pointInTimeRecovery.enabled"), least("pointInTimeRecovery.recoveryPeriodInDays", 14, default=35)),
        kept=(on("deletionProtectionEnabled"),),
        zones=(),  # always
        password=(),
        upgrades=(),
        version=(),
        ports=(),
        of_one=True,
        protected=True,
    ),
}
"""By type token."""
