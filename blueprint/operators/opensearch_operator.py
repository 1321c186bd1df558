"""The OpenSearch project's operator: runs OpenSearch.

Which clusters there are is `blueprint.stores.opensearch_operator`'s; this is the controller that makes them.
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
    repository="https://opensearch-project.github.io/opensearch-k8s-operator",
    name="opensearch-operator",
    # renovate: datasource=helm depName=opensearch-operator registryUrl=https://opensearch-project.github.io/opensearch-k8s-operator
    version="3.0.2",
    # No chart since 2.8.1 has had another: docs/decisions/0049-opensearch-runs-on-its-own-operator.md.
    app_version="3.0.0-alpha",
)

CONTROLLER: Final = Sizes(small=amounts(100, 500, 256, 512), large=amounts(200, 1000, 384, 512))
"""Large: the 200m to 1 CPU and 350Mi to 500Mi its chart proposes, memory rounded up. Small: half of the CPU, an
estimate."""


@dataclass(frozen=True, kw_only=True)
class OpensearchOperator(Operator):
    """Runs OpenSearch. There is one of it: its chart has no number of replicas."""

    controller: Amounts


def _decide(context: Context) -> OpensearchOperator:
    return OpensearchOperator(
        name=names.OPENSEARCH_OPERATOR,
        namespace=names.OPENSEARCH_OPERATOR,
        chart=CHART,
        controller=SCALES[context.environment].of(CONTROLLER),
    )


INSTALLABLE: Final = Installable(
    decision=OpensearchOperator,
    decide=_decide,
    asked=lambda context: stores.wanted(context, "opensearch"),
    needs=("cert-manager", "external-secrets"),  # the certificates and the passwords of its clusters
    namespace=PlatformNamespace(name=names.OPENSEARCH_OPERATOR, purpose="runs OpenSearch"),
    owns=(
        "OpenSearchCluster.opensearch.org",
        "OpensearchRole.opensearch.org",
        "OpensearchUser.opensearch.org",
        "OpensearchUserRoleBinding.opensearch.org",
    ),
)
