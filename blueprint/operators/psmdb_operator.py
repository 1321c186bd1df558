"""Percona's operator for MongoDB: runs MongoDB.

Which replica sets there are is `blueprint.stores.percona_mongodb`'s; this is the controller that makes them. Chosen
over MongoDB's own for its community edition, which makes no copies:
docs/decisions/0040-mongodb-runs-on-perconas-operator-one-replica-set-per-store.md.
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
    repository="https://percona.github.io/percona-helm-charts",
    name="psmdb-operator",
    # renovate: datasource=helm depName=psmdb-operator registryUrl=https://percona.github.io/percona-helm-charts
    version="1.22.0",
    app_version="1.22.0",
)

CONTROLLER: Final = Sizes(small=amounts(50, 500, 128, 256), large=amounts(100, 1000, 256, 512))
"""Small: the 100m and 128Mi its chart proposes, halved CPU. Large: twice the memory, an estimate."""


@dataclass(frozen=True, kw_only=True)
class PsmdbOperator(Operator):
    """Runs MongoDB."""

    replicas: int
    """One leads, the others wait."""
    controller: Amounts


def _decide(context: Context) -> PsmdbOperator:
    scale = SCALES[context.environment]
    return PsmdbOperator(
        name="psmdb-operator",
        namespace=names.PSMDB,
        chart=CHART,
        replicas=scale.standby,
        controller=scale.of(CONTROLLER),
    )


INSTALLABLE: Final = Installable(
    decision=PsmdbOperator,
    decide=_decide,
    asked=lambda context: stores.wanted(context, "mongodb"),
    needs=("cert-manager", "external-secrets"),  # the certificates and the passwords of its replica sets
    namespace=PlatformNamespace(name=names.PSMDB, purpose="runs MongoDB"),
    owns=(
        "PerconaServerMongoDB.psmdb.percona.com",
        "PerconaServerMongoDBBackup.psmdb.percona.com",
        "PerconaServerMongoDBRestore.psmdb.percona.com",
    ),
)
