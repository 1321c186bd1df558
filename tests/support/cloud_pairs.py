"""A store of each cloud with what it stands on, as production would have it: what the tests of cloud resources look at.

No stack makes them yet; the rules of both clouds have nothing to say against them.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from manifests.cloud import CloudResource, Ref

_TAGS: Final = ("CostCenter", "Environment", "Owner", "Project", "Service")

AWS: Final = (
    CloudResource(
        type="aws:rds/instance:Instance",
        name="order-db",
        props={
            "identifier": "order-db",
            "engine": "postgres",
            "engineVersion": "17.5",
            "instanceClass": "db.m7g.large",
            "allocatedStorage": 100,
            "username": "order_service",
            "manageMasterUserPassword": True,
            "storageEncrypted": True,
            "kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/a",
            "parameterGroupName": "order-db",
            "dbSubnetGroupName": Ref(resource="order-subnets", path="name"),
            "publiclyAccessible": False,
            "backupRetentionPeriod": 30,
            "deleteAutomatedBackups": False,
            "finalSnapshotIdentifier": "order-db-last",
            "deletionProtection": True,
            "multiAz": True,
            "tags": dict.fromkeys(_TAGS, "order-service"),
        },
        outputs=("address", "masterUserSecrets"),
        protected=True,
    ),
    CloudResource(
        type="aws:rds/subnetGroup:SubnetGroup",
        name="order-subnets",
        props={"subnetIds": ["subnet-1", "subnet-2"], "tags": dict.fromkeys(_TAGS, "order-service")},
        outputs=("arn", "name"),
    ),
)
"""The instance before its subnet group: the order of making follows from the Ref."""

GCP: Final = (
    CloudResource(
        type="gcp:sql/databaseInstance:DatabaseInstance",
        name="user-db",
        props={
            "name": "user-db",
            "databaseVersion": "POSTGRES_17",
            "encryptionKeyName": "projects/p/locations/europe-west1/keyRings/k/cryptoKeys/a",
            "deletionPolicy": "PREVENT",
            "settings": {
                "tier": "db-custom-2-7680",
                "diskAutoresizeLimit": 500,
                "availabilityType": "REGIONAL",
                "deletionProtectionEnabled": True,
                "retainBackupsOnDelete": True,
                "ipConfiguration": {
                    "ipv4Enabled": False,
                    "privateNetwork": Ref(resource="stores", path="selfLink"),
                    "sslMode": "ENCRYPTED_ONLY",
                },
                "backupConfiguration": {
                    "enabled": True,
                    "pointInTimeRecoveryEnabled": True,
                    "backupRetentionSettings": {"retainedBackups": 30},
                },
                "userLabels": {"service": "user-service", **dict.fromkeys(_TAGS, "user-service")},
            },
        },
        protected=True,
    ),
    CloudResource(
        type="gcp:compute/network:Network",
        name="stores",
        props={"autoCreateSubnetworks": False},
        outputs=("selfLink",),
    ),
)

READER: Final = CloudResource(
    type="aws:iam/policyAttachment:PolicyAttachment",
    name="order-db-reader",
    props={
        "policyArn": Ref(resource="order-db", path="masterUserSecrets.0.secretArn"),
        "roles": ["ops", Ref(resource="order-db")],
    },
)
"""Refers to an id, into an output, and from a list. A real stack would attach no such policy."""

COMPUTED: Final[Mapping[str, Mapping[str, Any]]] = {
    "aws:rds/instance:Instance": {"masterUserSecrets": [{"secretArn": "arn:aws:secretsmanager:eu-west-1:1:secret:a"}]},
    "aws:rds/subnetGroup:SubnetGroup": {"arn": "arn:aws:rds:eu-west-1:1:subgrp:a", "name": "order-subnets-3f2a"},
    "gcp:compute/network:Network": {"selfLink": "projects/p/global/networks/stores-3f2a"},
}
"""Type → the outputs its provider adds, for an engine that knows no provider."""


def changed(pair: tuple[CloudResource, ...], **props: Any) -> tuple[CloudResource, ...]:
    """`pair`, the store of which has `props` instead."""
    store, *rest = pair
    return (replace(store, props={**store.props, **props}), *rest)
