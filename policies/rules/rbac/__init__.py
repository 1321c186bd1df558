"""Identity and the Kubernetes API: one account each, rights written out, none for a service.

What an account may do in the end is counted in `policies.kubernetes.grants`. Controllers that need more than a service
are listed with their objects in `policies/config/` (`access.operators`).
"""

from policies.rules.rbac import accounts, bindings, roles
from policies.rules.rbac.group import RBAC

__all__ = ["RBAC", "accounts", "bindings", "roles"]
