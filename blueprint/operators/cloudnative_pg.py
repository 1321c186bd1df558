"""CloudNativePG: runs PostgreSQL.

Which clusters of PostgreSQL there are is `blueprint.stores.cloudnative_pg`'s; this is the controller that makes them.
Chosen over Zalando's and Crunchy's operators: Apache-2.0, a CNCF project with a release every quarter, neither Patroni
nor etcd beside it, pods that meet the restricted standard as they are.
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
    repository="https://cloudnative-pg.github.io/charts",
    name="cloudnative-pg",
    # renovate: datasource=helm depName=cloudnative-pg registryUrl=https://cloudnative-pg.github.io/charts
    version="0.29.0",
    app_version="1.30.0",
)

CONTROLLER: Final = Sizes(small=amounts(50, 500, 100, 200), large=amounts(100, 1000, 200, 400))
"""Small: the requests its chart proposes are 100m and 100Mi, halved CPU. Large: twice the memory, an estimate."""


NAMESPACE: Final = PlatformNamespace(name=names.CLOUDNATIVE_PG, purpose="runs PostgreSQL")


@dataclass(frozen=True, kw_only=True)
class CloudNativePgOperator(Operator):
    """Runs PostgreSQL."""

    replicas: int
    """One leads, the others wait."""
    controller: Amounts


def _decide(context: Context) -> CloudNativePgOperator:
    scale = SCALES[context.environment]
    return CloudNativePgOperator(
        name="cloudnative-pg",
        namespace=names.CLOUDNATIVE_PG,
        chart=CHART,
        replicas=scale.standby,
        controller=scale.of(CONTROLLER),
    )


INSTALLABLE: Final = Installable(
    decision=CloudNativePgOperator,
    decide=_decide,
    asked=lambda context: stores.wanted(context, "postgres"),
    needs=("cert-manager", "external-secrets"),  # the certificates and the passwords of its clusters
    namespace=NAMESPACE,
    owns=(
        "Backup.postgresql.cnpg.io",
        "Cluster.postgresql.cnpg.io",
        "ClusterImageCatalog.postgresql.cnpg.io",
        "Database.postgresql.cnpg.io",
        "DatabaseRole.postgresql.cnpg.io",
        "ImageCatalog.postgresql.cnpg.io",
        "Pooler.postgresql.cnpg.io",
        "ScheduledBackup.postgresql.cnpg.io",
    ),
)
