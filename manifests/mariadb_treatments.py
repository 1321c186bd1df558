"""The rows of `manifests.treatments` for what mariadb-operator serves: one server is six kinds.

Which of their fields are immutable is said by its webhook (v26.6.0, the tags `webhook:"inmutable"` in api/v1alpha1).
"""

from collections.abc import Mapping
from typing import Final

from manifests.treating import CREDENTIALS, PREREQUISITES, Treatment

READY: Final = "condition=Ready"

TREATMENTS: Final[Mapping[str, Treatment]] = {
    # Both stay or go with what is in the server as their `cleanupPolicy` says.
    "k8s.mariadb.com/v1alpha1:Database": Treatment(
        after=("MariaDB",),
        wait_for=READY,
        replaced_by=("spec.characterSet", "spec.collate", "spec.mariaDbRef", "spec.name"),
        protected=True,
    ),
    "k8s.mariadb.com/v1alpha1:Grant": Treatment(
        after=("Database", "User"),
        wait_for=READY,
        replaced_by=(
            *("spec.database", "spec.grantOption", "spec.host", "spec.mariaDbRef", "spec.table", "spec.username"),
        ),
    ),
    # What it writes the log away by is read by its agents when they look, and refused by nobody while it is missing.
    "k8s.mariadb.com/v1alpha1:MariaDB": Treatment(
        after=(*PREREQUISITES, "NetworkPolicy", *CREDENTIALS, "PointInTimeRecovery"),
        wait_for=READY,
        holds_data=True,
        protected=True,
        grows=("spec.storage.size",),
        # A single server keeps no log that a follower could begin with.
        born_with=("spec.replication",),
        version="spec.image",
        version_numbers=2,
    ),
    "k8s.mariadb.com/v1alpha1:PhysicalBackup": Treatment(
        after=("MariaDB",),
        replaced_by=("spec.mariaDbRef", "spec.schedule.cron", "spec.stagingStorage", "spec.storage"),
    ),
    "k8s.mariadb.com/v1alpha1:PointInTimeRecovery": Treatment(replaced_by=("spec.compression",)),
    "k8s.mariadb.com/v1alpha1:User": Treatment(
        after=("MariaDB", "ExternalSecret"), wait_for=READY, replaced_by=("spec.host", "spec.mariaDbRef", "spec.name")
    ),
}
