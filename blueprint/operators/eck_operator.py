"""Elastic Cloud on Kubernetes, Elastic's own operator: runs Elasticsearch.

Which clusters there are is `blueprint.stores.eck_elasticsearch`'s; this is the controller that makes them.
"""

from dataclasses import dataclass
from typing import Final

from blueprint import names, stores
from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.operators.installation import Installable, Operator
from blueprint.operators.scales import SCALES, Sizes, amounts
from blueprint.pins import Chart
from blueprint.sizes import Amounts

CHART: Final = Chart(
    repository="https://helm.elastic.co",
    name="eck-operator",
    # renovate: datasource=helm depName=eck-operator registryUrl=https://helm.elastic.co
    version="3.5.0",
    app_version="3.5.0",
)

CONTROLLER: Final = Sizes(small=amounts(50, 500, 256, 512), large=amounts(100, 1000, 512, 1024))
"""Large: the most its chart proposes (1 CPU, 1Gi), half of the memory reserved. Small: half of that, an estimate."""


@dataclass(frozen=True, kw_only=True)
class EckOperator(Operator):
    """Runs Elasticsearch."""

    replicas: int
    """One leads, the others wait."""
    controller: Amounts


def _decide(context: Context) -> EckOperator:
    scale = SCALES[context.environment]
    return EckOperator(
        name="eck-operator",
        namespace=names.ECK,
        chart=CHART,
        replicas=scale.standby,
        controller=scale.of(CONTROLLER),
    )


INSTALLABLE: Final = Installable(
    decision=EckOperator,
    decide=_decide,
    asked=lambda context: stores.wanted(context, "elasticsearch"),
    needs=("cert-manager", "external-secrets"),  # the certificates and the passwords of its clusters
    namespace=PlatformNamespace(name=names.ECK, purpose="runs Elasticsearch"),
    owns=("Elasticsearch.elasticsearch.k8s.elastic.co",),
)
