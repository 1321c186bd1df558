"""What may be bought: how large, how many, for how long, and on whose bill."""

from policies.rules.cost import counts, sizes, tagging
from policies.rules.cost.group import COST

__all__ = ["COST", "counts", "sizes", "tagging"]
