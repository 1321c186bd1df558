"""metrics-server: CPU and memory use of pods, for autoscalers. Long-term metrics are not its business."""

from dataclasses import dataclass
from typing import Final

from blueprint.context import Context
from blueprint.operators.installation import Installable, Operator
from blueprint.operators.scales import SCALES, Sizes, amounts
from blueprint.pins import Chart
from blueprint.sizes import Amounts

CHART: Final = Chart(
    repository="https://kubernetes-sigs.github.io/metrics-server/",
    name="metrics-server",
    # renovate: datasource=helm depName=metrics-server registryUrl=https://kubernetes-sigs.github.io/metrics-server/
    version="3.13.1",
    app_version="0.8.1",
)

SERVER: Final = Sizes(small=amounts(50, 500, 100, 200), large=amounts(100, 1000, 200, 400))
"""Small: an unmeasured estimate. Large: what its README asks for up to 100 nodes."""


@dataclass(frozen=True, kw_only=True)
class MetricsServer(Operator):
    """CPU and memory use of pods, for autoscalers."""

    replicas: int
    verify_kubelets: bool
    """False where kubelets sign their own certificates (kind, minikube)."""
    server: Amounts


def _decide(context: Context) -> MetricsServer:
    scale = SCALES[context.environment]
    return MetricsServer(
        name="metrics-server",
        # It serves an API of the cluster itself, and the priority class it needs may only be used there.
        namespace="kube-system",
        chart=CHART,
        replicas=scale.standby,
        verify_kubelets=scale.verify_kubelets,
        server=scale.of(SERVER),
    )


INSTALLABLE: Final = Installable(
    decision=MetricsServer,
    decide=_decide,
    asked=lambda _: True,  # every service may have an autoscaler
    needs=("cert-manager",),  # its serving certificate
    # k3s and k3d: k3s-io/k3s manifests/metrics-server. GKE: its documentation, not checked in its source. A second one
    # would fight over the APIService.
    brought_by=frozenset({"gke", "k3d", "k3s"}),
    namespace=None,
)
