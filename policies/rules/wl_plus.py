"""Pods, stricter than the standards."""

from typing import Final

from policies.rule import Group

WL_PLUS: Final = Group("WL+", "Pods, stricter than the standards")
