"""Copies of the cluster's objects: the place in the bucket, and when they are made.

Field by field checked against the definitions of Velero 1.18.1. No data is in a copy: `snapshotVolumes` and
`defaultVolumesToFsBackup` are off.
"""

from collections.abc import Iterator
from typing import Final

from blueprint.object_copies import ObjectCopies
from manifests.manifest import Manifest, given, manifest

VELERO: Final = "velero.io/v1"

PROVIDER: Final = "aws"
"""What Velero's plugin for S3 answers to (velero-plugin-for-aws, `velero.io/aws`)."""


def copies(decision: ObjectCopies) -> Iterator[Manifest]:
    """The place first: what is copied before Velero could write there fails."""
    yield _location(decision)
    yield _schedule(decision)


def _location(decision: ObjectCopies) -> Manifest:
    spec = {
        "provider": PROVIDER,
        "default": True,
        "accessMode": "ReadWrite",
        "objectStorage": {"bucket": decision.bucket, "prefix": decision.prefix},
        **given(config=given(region=decision.region)),
    }
    return manifest(VELERO, "BackupStorageLocation", decision.location, decision.namespace, spec=spec)


def _schedule(decision: ObjectCopies) -> Manifest:
    template = {
        "includedNamespaces": ["*"],
        "includeClusterResources": True,
        "excludedResources": list(decision.left_out),
        "snapshotVolumes": False,
        "snapshotMoveData": False,
        "defaultVolumesToFsBackup": False,
        "storageLocation": decision.location,
        "ttl": f"{decision.retention_days * 24}h0m0s",
    }
    spec = {
        "schedule": decision.schedule,
        # Velero writes its own default here, where nothing is said.
        "skipImmediately": False,
        # Copies belong to the bucket: they are not to go with the schedule.
        "useOwnerReferencesInBackup": False,
        "template": template,
    }
    return manifest(VELERO, "Schedule", decision.name, decision.namespace, spec=spec)
