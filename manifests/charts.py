"""The charts of a stack as the program asks for them: which, at which version, where, with which values.

The objects inside are not here: they are not known before the chart is fetched. Whoever judges a stack before it is
made judges these beside `everything`.
"""

from collections.abc import Iterator
from typing import Any

from blueprint import Blueprint
from manifests import operators


def charts(blueprint: Blueprint) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and properties (wire names of `kubernetes:helm.sh/v4:Chart`) of every chart, in install order."""
    if "platform" not in blueprint.layers:
        return
    for operator in blueprint.platform.operators.charts:
        yield (
            operator.name,
            {
                "name": operator.name,
                "chart": operator.chart.name,
                "version": operator.chart.version,
                "repositoryOpts": {"repo": operator.chart.repository},
                "namespace": operator.namespace,
                "skipCrds": operator.skip_crds,
                "values": operators.values(operator),
            },
        )
