"""Argo Rollouts: canary and blue-green deployments.

How one service is delivered is `blueprint.delivery`'s; this is the controller that does it.
"""

from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.operators.installation import Installable, Operator
from blueprint.operators.scales import SCALES, Sizes, amounts
from blueprint.pins import Chart, Image
from blueprint.sizes import Amounts

CHART: Final = Chart(
    repository="https://argoproj.github.io/argo-helm",
    name="argo-rollouts",
    # renovate: datasource=helm depName=argo-rollouts registryUrl=https://argoproj.github.io/argo-helm
    version="2.41.0",
    app_version="v1.9.0",
)

# Chart 2.41.0 still carries v1.9.0; v1.9.1 is the patch release of the same line (tag in argoproj/argo-rollouts).
IMAGE: Final = Image(
    repository="argoproj/argo-rollouts",
    # renovate: datasource=docker depName=quay.io/argoproj/argo-rollouts
    tag="v1.9.1",
)

CONTROLLER: Final = Sizes(small=amounts(50, 500, 64, 128), large=amounts(100, 1000, 128, 256))
"""The chart's example; an unmeasured estimate."""


@dataclass(frozen=True, kw_only=True)
class ArgoRollouts(Operator):
    """Canary and blue-green deployments."""

    image: Image
    replicas: int
    istio: bool
    """Whether it may shift weights in VirtualServices and DestinationRules."""
    controller: Amounts


def _decide(context: Context) -> ArgoRollouts:
    scale = SCALES[context.environment]
    return ArgoRollouts(
        name="argo-rollouts",
        namespace=names.ARGO_ROLLOUTS,
        chart=CHART,
        image=IMAGE,
        replicas=scale.standby,
        istio=context.meshed,
        controller=scale.of(CONTROLLER),
    )


INSTALLABLE: Final = Installable(
    decision=ArgoRollouts,
    decide=_decide,
    # Always: a second copy of the services, on this platform, may deliver otherwise than the catalogue says today.
    asked=lambda _: True,
    # Its installation takes the moment in which the API server does not trust cert-manager's webhook yet.
    after=("cert-manager",),
    namespace=PlatformNamespace(name=names.ARGO_ROLLOUTS, purpose="delivers canaries"),
    owns=(
        "AnalysisRun.argoproj.io",
        "AnalysisTemplate.argoproj.io",
        "ClusterAnalysisTemplate.argoproj.io",
        "Experiment.argoproj.io",
        "Rollout.argoproj.io",
    ),
)
