"""The group, and what its files share."""

from typing import Final

from policies.core.rule import Group

NS: Final = Group("NS", "Namespaces")
