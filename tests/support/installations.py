"""Every combination of environment, mesh and platform, installed: what the tests of charts and pins look at."""

from itertools import product
from typing import Any, get_args

from blueprint import operators
from blueprint.catalogue import Environment
from manifests.operators import values

ENVIRONMENTS: tuple[Environment, ...] = tuple(sorted(get_args(Environment)))


EVERY_STACK = {
    f"{environment}-{'mesh' if mesh else 'plain'}-{platform}": operators.decide(
        environment=environment, mesh=mesh, trust_domain="cluster.local", platform=platform
    )
    for environment, mesh, platform in product(ENVIRONMENTS, (True, False), (None, *operators.PLATFORMS))
}


def installed(stack: str) -> dict[str, dict[str, Any]]:
    """Chart values of every installation of `stack`, by release name."""
    return {operator.name: values(operator) for operator in EVERY_STACK[stack].charts}
