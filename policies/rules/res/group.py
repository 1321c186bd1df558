"""The group, and what its files share."""

from typing import Final

from policies.core.rule import Group

RES: Final = Group("RES", "Requests, limits and quotas", secures=False)

RESOURCES: Final = "services/{service}.yaml: spec.containers.<name>.resources; a chart's own value otherwise"
