"""The COST group, and what its rules share."""

from typing import Final

from policies.core.rule import Group

COST: Final = Group("COST", "What may be bought", secures=False)

LIMITS: Final = "policies/config/<environment>.json: cloud, or components/"
"""Where what may be bought is written, and where it is bought."""
