"""Namespaces."""

from typing import Final

from policies.rule import Group

NS: Final = Group("NS", "Namespaces")
