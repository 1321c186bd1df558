"""Istiod: the mesh's control plane and its certificate authority.

What holds in the mesh is `blueprint.mesh`'s.
"""

from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.context import Context
from blueprint.operators.installation import Installable, Operator
from blueprint.operators.istio_base import NAMESPACE
from blueprint.operators.scales import SCALES, Sizes, amounts
from blueprint.pins import Chart
from blueprint.sizes import Amounts

CHART: Final = Chart(
    repository="https://istio-release.storage.googleapis.com/charts",
    name="istiod",
    # renovate: datasource=helm depName=istiod registryUrl=https://istio-release.storage.googleapis.com/charts
    version="1.30.3",
    app_version="1.30.3",
)

DISCOVERY: Final = Sizes(small=amounts(100, 1000, 256, 512), large=amounts(500, 2000, 2048, 4096))
SIDECAR: Final = Sizes(small=amounts(50, 500, 96, 192), large=amounts(100, 1000, 128, 256))
"""Small: unmeasured estimates. Large: the chart's defaults."""


@dataclass(frozen=True, kw_only=True)
class Istiod(Operator):
    """The mesh's control plane and its certificate authority."""

    platform: str | None
    trust_domain: str
    """First part of every SPIFFE identity. Changing it on a running mesh breaks every AuthorizationPolicy at once."""
    replicas: int
    """Fixed count where it equals `replicas_at_most`, otherwise the autoscaler's minimum."""
    replicas_at_most: int
    discovery: Amounts
    sidecar: Amounts
    """Of every injected proxy, unless a workload's annotations say otherwise."""


def _decide(context: Context) -> Istiod:
    scale = SCALES[context.environment]
    return Istiod(
        name="istiod",
        namespace=names.ISTIO,
        chart=CHART,
        platform=context.cluster.platform,
        trust_domain=context.settings.mesh.trust_domain,
        replicas=scale.standby,
        replicas_at_most=scale.istiod_at_most,
        discovery=scale.of(DISCOVERY),
        sidecar=scale.of(SIDECAR),
    )


INSTALLABLE: Final = Installable(
    decision=Istiod,
    decide=_decide,
    asked=lambda context: context.meshed,
    needs=("istio-base", "istio-cni"),  # the pods it injects need the agent on their node
    namespace=NAMESPACE,
)
