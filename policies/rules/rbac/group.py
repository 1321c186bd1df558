"""The group, and what its modules share."""

from typing import Final

from policies.core.rule import Group, sorts
from policies.kubernetes.grants import BINDINGS, ROLES

RBAC: Final = Group("RBAC", "Identity and the Kubernetes API")

ROLE: Final = sorts(*ROLES)
BINDING: Final = sorts(*BINDINGS)

PLATFORM: Final = "manifests/; for a controller's own objects policies/config/: access.operators"
