"""Copies of the cluster's objects off the cluster: what is copied, where to, when, how long it is kept.

Of the objects, not of data: stores copy themselves (`blueprint.stores.copies`), and nothing copies a volume. Who makes
the copies is `blueprint.operators.velero`. Why Secrets are not among them, and what a restore needs instead:
docs/decisions/0051-velero-copies-the-clusters-objects-without-secrets.md.
"""

from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.context import Context
from blueprint.cron import longest_gap_seconds

PREFIX: Final = names.VELERO
"""Below it in the bucket. Stores write below the namespaces of services, and no service is called so."""

LOCATION: Final = "default"
"""The place Velero v1.18.1 takes where none is named (pkg/cmd/server/config/config.go)."""

LEFT_OUT: Final = (
    "analysisruns.argoproj.io",
    "endpoints",
    "endpointslices.discovery.k8s.io",
    "events",
    "events.events.k8s.io",
    "leases.coordination.k8s.io",
    "pods",
    "replicasets.apps",
    "secrets",
)
"""Resources that are in no copy. Secrets hold values; all others say what is so at a moment, and controllers make them
anew: brought back, they would contradict what runs then (a Rollout halfway between two versions)."""


@dataclass(frozen=True, kw_only=True)
class ObjectCopies:
    """The copies of one cluster's objects."""

    name: str
    namespace: str
    """Velero's own: it looks nowhere else for its objects."""
    location: str
    """What the place is called."""
    bucket: str
    prefix: str
    region: str | None
    """Where the bucket is; None: Velero asks the bucket."""
    schedule: str
    """Five cron fields, in UTC."""
    retention_days: int
    left_out: tuple[str, ...]


def decide(context: Context) -> ObjectCopies | None:
    """The copies of the objects of the stack's cluster; None where none are made."""
    backups = context.settings.backups
    bucket = backups.bucket_of_objects(context.environment)
    if bucket is None or not context.objects_copied:
        return None
    return ObjectCopies(
        name=names.OBJECT_COPIES,
        namespace=names.VELERO,
        location=LOCATION,
        bucket=bucket.bucket,
        prefix=PREFIX,
        region=bucket.region,
        schedule=backups.schedule,
        retention_days=backups.retention_days,
        left_out=LEFT_OUT,
    )


def late_seconds(context: Context) -> int:
    """How old the last copy may be before somebody is told: two times the longest gap."""
    return 2 * longest_gap_seconds(context.settings.backups.schedule)
