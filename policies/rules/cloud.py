"""AWS and GCP."""

from typing import Final

from policies.rule import Group

CLOUD: Final = Group("CLOUD", "AWS and GCP")
