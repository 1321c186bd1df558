"""Who reaches whom, and on which ports.

What pods may do to each other is computed, not looked for: `policies.network.reach` reads NetworkPolicies as Kubernetes
does, `policies.rules.net.edges` says from the catalogue alone what there ought to be, and the two must be equal.
"""

from policies.rules.net import cloud, default_deny, engines, live, owners, reaching, services
from policies.rules.net.group import NET

__all__ = ["NET", "cloud", "default_deny", "engines", "live", "owners", "reaching", "services"]
