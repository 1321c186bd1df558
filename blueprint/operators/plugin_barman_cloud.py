"""CloudNativePG's plugin for copies in buckets: writes PostgreSQL's log and full copies away, and reads them back.

In the operator's namespace, where alone it is looked for. CloudNativePG's own way to buckets is gone with 1.31.
"""

from dataclasses import dataclass
from typing import Final

from blueprint import names, stores
from blueprint.context import Context
from blueprint.operators.cloudnative_pg import NAMESPACE
from blueprint.operators.installation import Installable, Operator
from blueprint.operators.scales import SCALES, Sizes, amounts
from blueprint.pins import Chart
from blueprint.sizes import Amounts

CHART: Final = Chart(
    repository="https://cloudnative-pg.github.io/charts",
    name="plugin-barman-cloud",
    # renovate: datasource=helm depName=plugin-barman-cloud registryUrl=https://cloudnative-pg.github.io/charts
    version="0.7.0",
    app_version="v0.13.0",
)

CONTROLLER: Final = Sizes(small=amounts(25, 250, 64, 128), large=amounts(50, 500, 128, 256))
"""Unmeasured estimates."""


@dataclass(frozen=True, kw_only=True)
class PluginBarmanCloud(Operator):
    """Copies of PostgreSQL in buckets."""

    controller: Amounts


def _decide(context: Context) -> PluginBarmanCloud:
    return PluginBarmanCloud(
        name="plugin-barman-cloud",
        namespace=names.CLOUDNATIVE_PG,
        chart=CHART,
        controller=SCALES[context.environment].of(CONTROLLER),
    )


INSTALLABLE: Final = Installable(
    decision=PluginBarmanCloud,
    decide=_decide,
    asked=lambda context: stores.copied(context, "postgres"),
    needs=("cert-manager", "cloudnative-pg"),  # its certificates; who calls it
    namespace=NAMESPACE,
    owns=("ObjectStore.barmancloud.cnpg.io",),
)
