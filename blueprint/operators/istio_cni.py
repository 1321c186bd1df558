"""Istio's agent on every node, which sets up a pod's redirection, so that pods need no NET_ADMIN."""

from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.operators.installation import Installable, Operator
from blueprint.operators.scales import SCALES, Sizes, amounts
from blueprint.pins import Chart
from blueprint.sizes import Amounts

CHART: Final = Chart(
    repository="https://istio-release.storage.googleapis.com/charts",
    name="cni",
    # renovate: datasource=helm depName=cni registryUrl=https://istio-release.storage.googleapis.com/charts
    version="1.30.3",
    app_version="1.30.3",
)

AGENT: Final = Sizes(small=amounts(10, 100, 50, 100), large=amounts(100, 1000, 100, 200))
"""Small: the demo profile's, with an estimated limit. Large: the chart's default."""


@dataclass(frozen=True, kw_only=True)
class IstioCni(Operator):
    """The agent on every node that sets up a pod's redirection."""

    platform: str | None
    """One of PLATFORMS, or None for the usual CNI folders."""
    agent: Amounts


def _decide(context: Context) -> IstioCni:
    return IstioCni(
        name="istio-cni",
        namespace=names.ISTIO_CNI,
        chart=CHART,
        platform=context.cluster.platform,
        agent=SCALES[context.environment].of(AGENT),
    )


INSTALLABLE: Final = Installable(
    decision=IstioCni,
    decide=_decide,
    needs=("istio-base",),
    # A namespace of its own: the agent needs the privileges every other namespace refuses.
    namespace=PlatformNamespace(name=names.ISTIO_CNI, restricted=False, purpose="sets up the nodes' network"),
)
