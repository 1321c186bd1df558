"""mariadb-operator: runs MariaDB, which serves `type: mysql`.

Which servers there are is `blueprint.stores.mariadb_operator`'s; this is the controller that makes them. Chosen over
Percona's, Oracle's and MOCO: docs/decisions/0048-mysql-is-mariadb-run-by-mariadb-operator.md.
"""

from dataclasses import dataclass
from typing import Final

from blueprint import names, stores
from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.operators.installation import Installable, Operator
from blueprint.operators.scales import SCALES, Sizes, amounts
from blueprint.pins import Chart, CrdBundle
from blueprint.sizes import Amounts

CHART: Final = Chart(
    repository="https://mariadb-operator.github.io/mariadb-operator",
    name="mariadb-operator",
    # renovate: datasource=helm depName=mariadb-operator registryUrl=https://mariadb-operator.github.io/mariadb-operator
    version="26.6.0",
    app_version="26.6.0",
)

# From the chart they would be deleted with it, and every MariaDB with them (its values.yaml, crds.enabled). The file is
# what the chart mariadb-operator-crds is made of, and of the same version.
CRDS: Final = CrdBundle(
    name="mariadb",
    # renovate: datasource=github-tags depName=mariadb-operator/mariadb-operator
    version="v26.6.0",
    address="https://raw.githubusercontent.com/mariadb-operator/mariadb-operator/{version}/deploy/crds/crds.yaml",
)

CONTROLLER: Final = Sizes(small=amounts(50, 500, 128, 256), large=amounts(100, 1000, 256, 512))
WEBHOOK: Final = Sizes(small=amounts(25, 250, 64, 128), large=amounts(50, 500, 64, 128))
"""Unmeasured estimates: the chart proposes 10m and 32Mi for each, in a comment."""


@dataclass(frozen=True, kw_only=True)
class MariadbOperator(Operator):
    """Runs MariaDB."""

    replicas: int
    """One leads, the others wait."""
    controller: Amounts
    webhook_replicas: int
    webhook: Amounts


def _decide(context: Context) -> MariadbOperator:
    scale = SCALES[context.environment]
    return MariadbOperator(
        name="mariadb-operator",
        namespace=names.MARIADB_OPERATOR,
        chart=CHART,
        replicas=scale.standby,
        controller=scale.of(CONTROLLER),
        webhook_replicas=scale.serving,
        webhook=scale.of(WEBHOOK),
    )


INSTALLABLE: Final = Installable(
    decision=MariadbOperator,
    decide=_decide,
    asked=lambda context: stores.wanted(context, "mysql"),
    needs=("cert-manager", "external-secrets"),  # the certificates and the passwords of its servers
    namespace=PlatformNamespace(name=names.MARIADB_OPERATOR, purpose="runs MariaDB"),
    crds=(CRDS,),
    owns=(
        "Database.k8s.mariadb.com",
        "Grant.k8s.mariadb.com",
        "MariaDB.k8s.mariadb.com",
        "PhysicalBackup.k8s.mariadb.com",
        "PointInTimeRecovery.k8s.mariadb.com",
        "User.k8s.mariadb.com",
    ),
)
