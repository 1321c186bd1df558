"""The CLOUD group, and what its rules share."""

from typing import Final

from policies.core.rule import Group

CLOUD: Final = Group("CLOUD", "AWS and GCP")

PROGRAM: Final = "components/, or Pulumi.<stack>.yaml: platform:settings.cluster"
"""Where the program makes what a cloud sells."""
