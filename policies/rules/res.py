"""Requests, limits and quotas."""

from typing import Final

from policies.rule import Group

RES: Final = Group("RES", "Requests, limits and quotas")
