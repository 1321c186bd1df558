"""Who reaches whom, and on which ports.

What pods may do to each other is computed, not looked for: `policies.network.reach` reads NetworkPolicies as Kubernetes
does, `policies.rules.net.edges` says from the catalogue alone what there ought to be, and the two must be equal.
"""

from policies.rules.net import cloud, engines, live, owners, peers, reaching, services, walls
from policies.rules.net.standard import NET

__all__ = ["NET", "cloud", "engines", "live", "owners", "peers", "reaching", "services", "walls"]
