"""Who reaches whom."""

from typing import Final

from policies.rule import Group

NET: Final = Group("NET", "Who reaches whom")
