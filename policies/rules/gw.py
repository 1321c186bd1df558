"""The public edge."""

from typing import Final

from policies.rule import Group

GW: Final = Group("GW", "The public edge")
