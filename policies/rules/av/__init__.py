"""Availability: enough pods, in enough places, that come and go without anybody noticing.

Numbers are asked of staging and prod; a single pod in dev is nobody's outage.
"""

from policies.rules.av import budgets, canaries, counts, jobs, nodes, probes, spread, updates
from policies.rules.av.standard import AV

__all__ = ["AV", "budgets", "canaries", "counts", "jobs", "nodes", "probes", "spread", "updates"]
