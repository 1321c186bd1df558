"""Reloader: starts the pods of a service anew when a Secret they use has other values.

Installed where some service's Secret can change by itself, and at work in the namespaces of those services alone
(`blueprint.secrets`). Whoever may watch the Secrets of a namespace reads them all, and whoever may change a Deployment
runs what it likes as that service: so it has no right over the whole cluster, as its chart would give it.
"""

from dataclasses import dataclass
from typing import Final

from blueprint import names, secrets
from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.operators.installation import Installable, Operator
from blueprint.operators.scales import SCALES, Sizes, amounts
from blueprint.pins import Chart
from blueprint.sizes import Amounts

CHART: Final = Chart(
    repository="https://stakater.github.io/stakater-charts",
    name="reloader",
    # renovate: datasource=helm depName=reloader registryUrl=https://stakater.github.io/stakater-charts
    version="2.2.16",
    app_version="v1.4.21",
)

CONTROLLER: Final = Sizes(small=amounts(10, 100, 64, 128), large=amounts(25, 250, 128, 256))
"""The chart's example asks for 10 m and 128 MiB; the rest are unmeasured estimates."""


@dataclass(frozen=True, kw_only=True)
class Reloader(Operator):
    """Starts pods anew when their Secrets change."""

    replicas: int
    """One leads, the others wait."""
    watches: tuple[str, ...]
    """The namespaces it looks into, beside its own. Changing it restarts it."""
    controller: Amounts


def _decide(context: Context) -> Reloader:
    scale = SCALES[context.environment]
    return Reloader(
        name=names.RELOADER,
        namespace=names.RELOADER,
        chart=CHART,
        replicas=scale.standby,
        watches=secrets.watched(context),
        controller=scale.of(CONTROLLER),
    )


INSTALLABLE: Final = Installable(
    decision=Reloader,
    decide=_decide,
    asked=lambda context: bool(secrets.watched(context)),
    needs=("argo-rollouts", "external-secrets"),  # whose Rollouts it restarts; who changes what it watches
    namespace=PlatformNamespace(name=names.RELOADER, purpose="starts pods anew when their Secrets change"),
)
