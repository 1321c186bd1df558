"""Our own stacks as the judge sees them: the objects the program would make, and what was asked for."""

from functools import cache
from typing import Any

from manifests import everything
from policies.adapters.manifests import objects
from policies.core.facts import Facts
from policies.core.limits import limits_of
from policies.objects import Object
from tests.support.policy_cases import TODAY
from tests.support.stacks import blueprint_of, settings, shop


@cache
def facts(stack: str) -> Facts:
    """What the judge of `stack` knows."""
    text = settings(stack)
    return Facts.of_stack(text, shop(), limits=limits_of(text.environment), today=TODAY)


def manifests_of(stack: str) -> list[dict[str, Any]]:
    """The objects of `stack`, in the order they are made."""
    return list(everything(blueprint_of(stack)))


def judged(stack: str) -> list[Object]:
    """The same, to judge."""
    return list(objects(manifests_of(stack)))
