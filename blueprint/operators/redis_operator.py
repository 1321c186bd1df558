"""OT-CONTAINER-KIT's redis-operator: runs Redis and Valkey.

Which of them there are is `blueprint.stores.redis_operator`'s; this is the controller that makes their pods, names the
first among them and labels it. Chosen over Valkey's own operator, which says of itself that it is not ready for
production, and over Valkey's chart, in which nobody takes over.
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
    repository="https://ot-container-kit.github.io/helm-charts",
    name="redis-operator",
    # renovate: datasource=helm depName=redis-operator registryUrl=https://ot-container-kit.github.io/helm-charts
    version="0.26.1",
    app_version="0.26.0",
)

CONTROLLER: Final = Sizes(small=amounts(50, 500, 128, 256), large=amounts(250, 500, 500, 500))
"""Large: the chart's own memory, and half of the CPU it reserves. Small: an unmeasured estimate."""

NAMESPACE: Final = PlatformNamespace(name=names.REDIS_OPERATOR, purpose="runs Redis")


@dataclass(frozen=True, kw_only=True)
class RedisOperator(Operator):
    """Runs Redis."""

    replicas: int
    """One leads, the others wait."""
    controller: Amounts


def _decide(context: Context) -> RedisOperator:
    scale = SCALES[context.environment]
    return RedisOperator(
        name="redis-operator",
        namespace=names.REDIS_OPERATOR,
        chart=CHART,
        replicas=scale.standby,
        controller=scale.of(CONTROLLER),
    )


INSTALLABLE: Final = Installable(
    decision=RedisOperator,
    decide=_decide,
    asked=lambda context: stores.wanted(context, "redis") or stores.wanted(context, "valkey"),
    needs=("cert-manager", "external-secrets"),  # the certificates and the passwords of what it runs
    namespace=NAMESPACE,
    owns=(
        "Redis.redis.redis.opstreelabs.in",
        "RedisCluster.redis.redis.opstreelabs.in",
        "RedisReplication.redis.redis.opstreelabs.in",
        "RedisSentinel.redis.redis.opstreelabs.in",
    ),
)
