"""Copies off the cluster, as a stack's settings name them: into which bucket, as whom, how often, for how long.

Which copies a store makes is the catalogue's (`blueprint.catalogue.storing.Backup`); those of the cluster's own objects
are the stack's.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from blueprint.catalogue import Environment
from blueprint.cron import longest_gap_seconds
from blueprint.text import Checked, Cron, Fault, IamRole, OwnIamRole

COPIED: Final[frozenset[Environment]] = frozenset({"staging", "prod"})
"""Where copies are made. Data and objects of the others can be made again, and a bucket would outlive them."""

_DAY_SECONDS: Final = 86_400


class S3(Checked):
    """A bucket of S3, in the account of the cluster or another."""

    kind: Literal["s3"]
    """s3"""
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    """Its name. Each store writes below <service's namespace>/<resource>, Velero below velero/, as no service can be
    called. A bucket is one stack's. A new name begins new copies; old ones stay. Those of MongoDB are deleted by a rule
    of the bucket's own (lifecycle), no earlier than their `retention`; so is the log of a MySQL. All others are deleted
    by who makes them, and a rule that deletes anything there breaks them."""
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")] | None = None
    """Its region, such as eu-west-1. Needed for copies of all stores but PostgreSQL: what copies that asks the
    bucket."""
    role: IamRole
    """The role a store's pods take by their service account (IRSA), and those of a run that copies it by theirs,
    `<store>.copier`; `{service}` stands for the service's name, so that none can read another's copies. Each may list,
    read, write and delete below its own prefix, and no more."""
    drill_role: IamRole | None = None
    """The role a restored store takes in the service's namespace <service>-drill, with `{service}` as above: a
    PostgreSQL by the account of its own name, a MongoDB or MySQL by <name>.store. Each may list and read below that
    prefix, and nothing else. Without it a store that asks for drills is refused."""

    def faults(self) -> Iterator[Fault]:
        if self.drill_role == self.role:
            yield Fault(
                "drillRole",
                "is the role that writes, so a drill that goes wrong could delete what it is there to prove",
                "Name a role that may list and read only",
            )


class Backups(Checked):
    """Where copies go. Which copies a store makes is the catalogue's."""

    copies: S3 | None = None
    """Where copies are written, off the cluster. Without it a store in staging or production that asks for copies is
    refused, and the cluster's objects are not copied; dev and ephemeral stacks make no copies."""
    enabled: bool = True
    """Whether the cluster's own objects are copied (Velero), all but Secrets. false takes Velero away; its copies stay
    in the bucket."""
    role: OwnIamRole | None = None
    """The role Velero takes by its service account, `velero-server` of the namespace velero (IRSA). It may list the
    bucket below velero/, read, write and delete there, and no more. Needed where the cluster's objects are copied; none
    that a store takes."""
    schedule: Cron = "0 1 * * *"
    """When the cluster's objects are copied: five cron fields, in UTC (daily, before the stores' own copies at two, is
    ours). A new one holds from the next copy on."""
    retention_days: Annotated[int, Field(ge=1, le=400)] = 30
    """How long a copy of the cluster's objects is kept (Velero's default, 30 days); then Velero deletes it. A new one
    holds for the copies that are made from then on."""

    def bucket_of_objects(self, environment: Environment) -> S3 | None:
        """The bucket to which the cluster's objects are copied; None: they are not."""
        return self.copies if self.enabled and environment in COPIED else None

    def faults(self) -> Iterator[Fault]:
        yield from self._idle()
        gap = longest_gap_seconds(self.schedule)
        if self.retention_days * _DAY_SECONDS < gap:
            yield Fault(
                "retentionDays",
                f"is {self.retention_days}, and '{self.schedule}' leaves {_days(gap)} between two copies, so for a time"
                " there would be none",
                f"Set it to {-(-gap // _DAY_SECONDS)} or more, or copy more often",
            )
        if self.role and self.copies and (service := _service_of(self.role, self.copies.role)):
            yield Fault(
                "role",
                f"is what copies.role is for a service called '{service}', whose stores could then read and delete"
                " copies of the cluster's objects",
                "Take a role that is Velero's alone, such as arn:aws:iam::111122223333:role/velero",
            )

    def _idle(self) -> Iterator[Fault]:
        """What is said about copies of the cluster's objects where none are made."""
        if self.copies is None:
            cause, cure = "is set, and there is no bucket, so nothing is copied", "Set copies, or drop it"
        elif not self.enabled:
            cause, cure = "is set, and enabled is false, so nothing is copied", "Drop one of the two"
        else:
            return
        said = {"role": "role", "schedule": "schedule", "retention_days": "retentionDays"}
        yield from (Fault(name, cause, cure) for field, name in said.items() if field in self.model_fields_set)
        if self.copies is None and self.enabled and "enabled" in self.model_fields_set:
            yield Fault("enabled", "is true, and there is no bucket, so nothing is copied", cure)


def _days(seconds: int) -> str:
    """`seconds` in days, with one decimal where they are not whole."""
    return f"{round(seconds / _DAY_SECONDS, 1):g} days"


def _service_of(role: str, pattern: str) -> str | None:
    """The service for which `pattern` names `role`; None: for none."""
    first, *rest = map(re.escape, pattern.split("{service}"))
    found = re.fullmatch(f"{first}(?P<service>[a-z0-9-]+)" + "(?P=service)".join(rest), role)
    return found["service"] if found else None
