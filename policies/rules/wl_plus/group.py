"""The group, and what its files share."""

from typing import Final

from policies.core.rule import Group

WL_PLUS: Final = Group("WL+", "Pods, stricter than the standards")

PLATFORM: Final = "manifests/workloads.py spells it for every service; a chart's own value otherwise"

IMAGES: Final = "services/{service}.yaml: spec.containers"
