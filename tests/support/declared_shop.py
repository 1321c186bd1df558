"""The shop's objects as a stack has them beside what is declared: what a part of the laboratory compares."""

from copy import deepcopy
from typing import Any

from blueprint import design
from blueprint.reading import Catalogue
from manifests import everything
from policies.core.facts import Facts
from policies.core.limits import limits_of
from tests.support.stacks import TODAY, settings, shop


def declared_shop(catalogue: Catalogue | None = None, **changes: Any) -> tuple[list[dict[str, Any]], Facts]:
    """Objects that may be changed, and the facts about them; `changes` are those of the settings of `dev`, `catalogue`
    another one than the shop's."""
    given, catalogue = settings("dev", **changes), catalogue or shop()
    facts = Facts.of_stack(given, catalogue, limits=limits_of("dev"), today=TODAY)
    return [deepcopy(dict(each)) for each in everything(design(given, catalogue, "dev"))], facts
