"""Availability: enough pods, spread over zones and nodes, that start and stop without a failed request.

Numbers are asked of staging and prod; a single pod in dev causes no outage.
"""

from policies.rules.av import canaries, claims, counts, nodes, pods, reached, updates
from policies.rules.av.group import AV

__all__ = ["AV", "canaries", "claims", "counts", "nodes", "pods", "reached", "updates"]
