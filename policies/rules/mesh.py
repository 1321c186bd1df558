"""Strict mTLS everywhere, never weakened."""

from typing import Final

from policies.rule import Group

MESH: Final = Group("MESH", "Strict mTLS everywhere, never weakened")
