"""Availability."""

from typing import Final

from policies.rule import Group

AV: Final = Group("AV", "Availability", secures=False)
