"""Images and charts: which, from where."""

from typing import Final

from policies.rule import Group

IMG: Final = Group("IMG", "Images and charts: which, from where")
