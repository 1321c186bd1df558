"""What may be bought."""

from typing import Final

from policies.rule import Group

COST: Final = Group("COST", "What may be bought", secures=False)
