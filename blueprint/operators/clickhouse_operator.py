"""Altinity's operator for ClickHouse: runs ClickHouse and its Keepers.

Which of them there are is `blueprint.stores.altinity_clickhouse`'s; this is the controller that makes their pods.
Chosen over ClickHouse's own, which is in its first year:
docs/decisions/0046-clickhouse-runs-on-altinitys-operator.md.
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
    repository="https://helm.altinity.com",
    name="altinity-clickhouse-operator",
    # The newest whose code and definitions could be read; 0.27 is out.
    # renovate: datasource=helm depName=altinity-clickhouse-operator registryUrl=https://helm.altinity.com
    version="0.25.6",
    app_version="0.25.6",
)

CONTROLLER: Final = Sizes(small=amounts(50, 500, 128, 256), large=amounts(100, 1000, 256, 512))
"""Small: the 100m and 128Mi its chart proposes, halved CPU. Large: twice the memory, an estimate."""


@dataclass(frozen=True, kw_only=True)
class ClickhouseOperator(Operator):
    """Runs ClickHouse. There is one of it: its pods elect nobody, so the chart has no replicas."""

    controller: Amounts


def _decide(context: Context) -> ClickhouseOperator:
    return ClickhouseOperator(
        name=names.CLICKHOUSE_OPERATOR,
        namespace=names.CLICKHOUSE_OPERATOR,
        chart=CHART,
        controller=SCALES[context.environment].of(CONTROLLER),
    )


INSTALLABLE: Final = Installable(
    decision=ClickhouseOperator,
    decide=_decide,
    asked=lambda context: stores.wanted(context, "clickhouse"),
    needs=("cert-manager", "external-secrets"),  # the certificates and the passwords of what it runs, and its own
    namespace=PlatformNamespace(name=names.CLICKHOUSE_OPERATOR, purpose="runs ClickHouse"),
    owns=(
        "ClickHouseInstallation.clickhouse.altinity.com",
        "ClickHouseKeeperInstallation.clickhouse-keeper.altinity.com",
    ),
)
