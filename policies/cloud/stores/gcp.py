"""Google's stores and brokers. Names and defaults: pulumi-gcp 10.2.0, the docstrings of each `*Args`.

Google encrypts every disk, so `at_rest` is empty everywhere and only the key is ours to choose.
"""

from collections.abc import Mapping
from typing import Final

from policies.cloud.stores.store import Store, Wants, retention
from policies.cloud.wants import among, either, given, least, never, off, on

_KEPT: Final[Wants] = (among("deletionPolicy", "PREVENT", "ABANDON", default="DELETE"),)
"""Almost every resource of pulumi-gcp 10 has it, beside any deletionProtection of its own."""


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
