"""Where copies go, as a stack says it: the part of `blueprint.settings` about backups."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from blueprint.text import Checked, Fault, IamRole, Text


class S3(Checked):
    """A bucket of S3, in the account of the cluster or another."""

    kind: Literal["s3"]
    """s3"""
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    """Its name. Each store writes below <service's namespace>/<resource>. A new name begins new copies; old ones
    stay. Those of MongoDB are deleted by a rule of the bucket's own (lifecycle), no earlier than their `retention`."""
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")] | None = None
    """Its region, such as eu-west-1. Needed for copies of MongoDB; what copies PostgreSQL asks the bucket."""
    role: IamRole
    """The role a store's pods take by their service account (IRSA); `{service}` stands for the service's name, so that
    none can read another's copies. Each may list, read, write and delete below its own prefix, and no more."""
    drill_role: IamRole | None = None
    """The role a restored PostgreSQL takes in the service's namespace <service>-drill, with `{service}` as above. Each
    may list and read below that prefix, and nothing else. Without it a PostgreSQL that asks for drills is refused."""

    def faults(self) -> Iterator[Fault]:
        if self.drill_role == self.role:
            yield Fault(
                "drillRole",
                "is the role that writes, so a drill that goes wrong could delete what it is there to prove",
                "Name a role that may list and read only",
            )


class Backups(Text):
    """Where copies go. Which copies a store makes is the catalogue's."""

    copies: S3 | None = None
    """Where stores write their copies, off the cluster. Without it a store in staging or production that asks for
    copies is refused; dev and ephemeral stacks make none."""

    enabled: bool = True
    """Whether the cluster's own objects are copied."""
    retention_days: Annotated[int, Field(ge=1, le=400)] = 30
    """How long copies of the cluster's objects are kept."""
