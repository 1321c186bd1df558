"""The chart values of every installation, in each chart's own wire names, and the few objects of ours they lean on.

It decides nothing: replicas, sizes, names and modes come from `blueprint/operators`. It never spells a secret, only
names of Secrets, and it spells no key that the chart does not read: Helm ignores an unknown key silently, so a
misspelt protection would be no protection.

How the keys were checked. For each chart the project's repository was opened at the pinned tag and every dotted path
looked up in the chart's `values.yaml` (or its schema, or, where the comment above a function says so, in the template
that reads it); then each chart was rendered with these values by `helm template` 3.18.6 for every environment, twice,
and the output compared and read. `tests/golden/chart-keys/<installation>.txt` holds the paths and where each was
found; `tests/test_manifests_operators.py` refuses a path that is not listed there.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final

from blueprint.operators import OPERATORS, Operator, Operators
from manifests.manifest import Manifest
from manifests.operators.spelling import Spelling


def _spelling(name: str) -> Spelling:
    """What the module called like the operator says."""
    found: Spelling = import_module(f"{__name__}.{name.replace('-', '_')}").SPELLING
    return found


SPELLINGS: Final[Mapping[type[Operator], Spelling]] = {
    operator.decision: _spelling(name) for name, operator in OPERATORS.items()
}
"""Decision type → spelling. `blueprint.operators.OPERATORS` is the table: a row there without a module of the same name
here is an ImportError at once."""


def values(operator: Operator) -> dict[str, Any]:
    """The Helm values of `operator`: JSON types only, the same on every call.

    Raises TypeError for a kind of installation that has no spelling.
    """
    spelling = SPELLINGS.get(type(operator))
    if spelling is None:
        known = ", ".join(sorted(kind.__name__ for kind in SPELLINGS))
        raise TypeError(
            f"{type(operator).__name__} '{operator.name}' has no chart values, so its chart would be installed with"
            f" defaults that were not reviewed. Give it a row in blueprint/operators and a module in"
            f" manifests/operators beside: {known}."
        )
    return spelling.values(operator)


def objects(operators: Operators) -> Iterator[Manifest]:
    """The objects of ours that the `leaning` charts need, to be made after the `foundation` is ready."""
    for operator in operators.charts:
        yield from SPELLINGS[type(operator)].beside(operator)
