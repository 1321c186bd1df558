"""Grants and identities."""

from typing import Final

from policies.rule import Group

RBAC: Final = Group("RBAC", "Grants and identities")
