"""Google's stores and brokers. Names and defaults: pulumi-gcp 10.2.0, the docstrings of each `*Args`.

Google encrypts every disk, so `at_rest` is empty everywhere and only the key is ours to choose.
"""

from collections.abc import Mapping
from typing import Final

from policies.cloud.stores.store import Store, Wants, retention, retention_seconds
from policies.cloud.wants import Want, among, either, given, least, longer, never, off, on, several

_KEPT: Final[Wants] = (among("deletionPolicy", "PREVENT", "ABANDON", default="DELETE"),)
"""Almost every resource of pulumi-gcp 10 has it, beside any deletionProtection of its own."""


def _valkey(key: str) -> Store:
    """Memorystore for Valkey and Redis Cluster are one product under two names."""
    short = "" if key == "memorystore" else "AUTH_MODE_"
    encrypted = "SERVER_AUTHENTICATION" if key == "memorystore" else "TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION"
    network: Want = given("desiredAutoCreatedEndpoints") if key == "memorystore" else given("pscConfigs")
    return Store(
        at_rest=(),
        own_key=(given("kmsKey"),),
        in_transit=(
            among("transitEncryptionMode", encrypted, default="disabled"),
            among("authorizationMode", f"{short}IAM_AUTH", default="disabled"),
        ),
        private=(network,),
        backups=(longer("automatedBackupConfig.retention", retention_seconds),),
        kept=(on("deletionProtectionEnabled", default=key != "memorystore"), *_KEPT),
        zones=(among("zoneDistributionConfig.mode", "MULTI_ZONE", default="MULTI_ZONE"), least("replicaCount", 1)),
        password=(),  # IAM's tokens
        upgrades=(),  # by themselves
        version=("", "engineVersion") if key == "memorystore" else (),
        ports=(6379,),
        of_one=True,
        protected=True,
    )


GCP: Final[Mapping[str, Store]] = {
    "gcp:sql/databaseInstance:DatabaseInstance": Store(
        at_rest=(),
        own_key=(given("encryptionKeyName"),),
        in_transit=(
            among(
                "settings.ipConfiguration.sslMode",
                "ENCRYPTED_ONLY",
                "TRUSTED_CLIENT_CERTIFICATE_REQUIRED",
                default="ALLOW_UNENCRYPTED_AND_ENCRYPTED",
            ),
        ),
        private=(
            off("settings.ipConfiguration.ipv4Enabled", default=True),
            either(
                given("settings.ipConfiguration.privateNetwork"),
                on("settings.ipConfiguration.pscConfigs[].pscEnabled"),
            ),
            never("settings.ipConfiguration.authorizedNetworks"),
        ),
        backups=(
            on("settings.backupConfiguration.enabled"),
            either(
                on("settings.backupConfiguration.pointInTimeRecoveryEnabled"),
                on("settings.backupConfiguration.binaryLogEnabled"),
            ),
            least("settings.backupConfiguration.backupRetentionSettings.retainedBackups", retention, default=7),
            on("settings.retainBackupsOnDelete"),
        ),
        kept=(on("deletionProtection", default=True), on("settings.deletionProtectionEnabled"), *_KEPT),
        zones=(among("settings.availabilityType", "REGIONAL", default="ZONAL"),),
        password=(never("rootPassword"),),  # rootPasswordWo does not stay in the state
        upgrades=(),  # in the maintenance window, by themselves
        version=("", "databaseVersion"),
        ports=(1433, 3306, 5432),
        of_one=True,
        protected=True,
    ),
    "gcp:alloydb/cluster:Cluster": Store(
        at_rest=(),
        own_key=(given("encryptionConfig.kmsKeyName"),),
        in_transit=(),  # the instance's
        private=(either(given("networkConfig.network"), on("pscConfig.pscEnabled")),),
        backups=(
            on("automatedBackupPolicy.enabled"),
            longer("automatedBackupPolicy.timeBasedRetention.retentionPeriod", retention_seconds),
            on("continuousBackupConfig.enabled", default=True),
        ),
        kept=(
            on("deletionProtection", default=True),
            among("deletionPolicy", "DEFAULT", default="DEFAULT"),  # FORCE takes the instances along
        ),
        zones=(),
        password=(given("initialUser.passwordWo"),),
        upgrades=(),
        version=("", "databaseVersion"),
        ports=(5432,),
        of_one=True,
        protected=True,
    ),
    "gcp:alloydb/instance:Instance": Store(
        at_rest=(),
        own_key=(),
        in_transit=(among("clientConnectionConfig.sslConfig.sslMode", "ENCRYPTED_ONLY", default="ENCRYPTED_ONLY"),),
        private=(off("networkConfig.enablePublicIp"), never("networkConfig.authorizedExternalNetworks")),
        backups=(),
        kept=(),
        zones=(among("availabilityType", "REGIONAL", default="REGIONAL"),),
        password=(),
        upgrades=(),
        version=(),
        ports=(5432,),
        of_one=True,
        protected=False,
    ),
    "gcp:redis/instance:Instance": Store(
        at_rest=(),
        own_key=(given("customerManagedKey"),),
        in_transit=(
            among("transitEncryptionMode", "SERVER_AUTHENTICATION", default="DISABLED"),
            on("authEnabled"),
        ),
        private=(
            among("connectMode", "PRIVATE_SERVICE_ACCESS", default="DIRECT_PEERING"),
            given("authorizedNetwork"),
        ),
        backups=(among("persistenceConfig.persistenceMode", "RDB", default="DISABLED"),),
        kept=(on("deletionProtection", default=True), *_KEPT),
        zones=(among("tier", "STANDARD_HA", default="BASIC"),),
        password=(),  # made by Google
        upgrades=(),
        version=("", "redisVersion"),
        ports=(6378, 6379),
        of_one=True,
        protected=True,
    ),
    "gcp:redis/cluster:Cluster": _valkey("redis"),
    "gcp:memorystore/instance:Instance": _valkey("memorystore"),
    "gcp:managedkafka/cluster:Cluster": Store(
        at_rest=(),
        own_key=(given("gcpConfig.kmsKey"),),
        in_transit=(),  # always SASL over TLS
        private=(
            given("gcpConfig.accessConfig.networkConfigs"),
            never("gcpConfig.accessConfig.publicClusterConfig"),
        ),
        backups=(),
        kept=_KEPT,
        zones=(),  # always three
        password=(),
        upgrades=(),
        version=(),
        ports=(9092, 9192),
        of_one=False,
        protected=True,
    ),
    "gcp:filestore/instance:Instance": Store(
        at_rest=(),
        own_key=(given("kmsKeyName"),),
        in_transit=(),
        private=(several("networks", 1),),
        backups=(),  # gcp:filestore/backup, a resource of its own
        kept=(on("deletionProtectionEnabled"), *_KEPT),
        zones=(among("tier", "ENTERPRISE", "REGIONAL"),),
        password=(),
        upgrades=(),
        version=(),
        ports=(2049,),
        of_one=True,
        protected=True,
    ),
    "gcp:compute/disk:Disk": Store(
        at_rest=(),
        own_key=(given("diskEncryptionKey.kmsKeySelfLink"),),
        in_transit=(),
        private=(),
        backups=(),
        kept=(either(on("createSnapshotBeforeDestroy"), *_KEPT),),
        zones=(),
        password=(),
        upgrades=(),
        version=(),
        ports=(),
        of_one=True,
        protected=True,
    ),
    "gcp:storage/bucket:Bucket": Store(
        at_rest=(),
        own_key=(given("encryption.defaultKmsKeyName"),),
        in_transit=(),  # always TLS
        private=(),  # data-bucket's
        backups=(),  # versions, which data-bucket asks for
        kept=(off("forceDestroy"), *_KEPT),
        zones=(),
        password=(),
        upgrades=(),
        version=(),
        ports=(),
        of_one=False,
        protected=True,
    ),
}
"""By type token."""
