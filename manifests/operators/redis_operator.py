"""redis-operator's chart. No Redis is made here (`manifests.redis_operator`)."""

from copy import deepcopy
from typing import Any, Final

from blueprint.operators.redis_operator import RedisOperator
from manifests.operators.spelling import Spelling
from manifests.pods import RESTRICTED
from manifests.resources import resources

INIT_IN_CONTAINER: Final = "GenerateConfigInInitContainer"


# OT-CONTAINER-KIT/redis-operator at 0bc34813, charts/redis-operator/values.yaml (chart 0.26.1). The CRDs are in the
# folder `crds/`. Its role says that it aggregates to `admin`, and no value changes that; policies/config says so.
#
# The gate is alpha, and without it there is no TLS: the image's own entrypoint reads the authority from a variable the
# operator no longer sets, and gives Sentinel no `tls-replication` (OT-CONTAINER-KIT/redis#91, redis-operator#1472 and
# #1795).
# With it the operator's own image writes the settings in an init container, and any image with redis-server will do.
def _values(redis: RedisOperator) -> dict[str, Any]:
    return {
        "certmanager": {"enabled": False},
        "featureGates": {INIT_IN_CONTAINER: True},
        "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "rbac": {"enabled": True, "scope": "cluster"},
        "redisOperator": {
            "imagePullPolicy": "IfNotPresent",
            "initContainerImageTag": f"v{redis.chart.app_version}",
            "metrics": {"enabled": False},
            "webhook": False,  # it only keeps masters apart in a RedisCluster, which nobody makes
        },
        "replicas": redis.replicas,
        "resources": resources(redis.controller),
        "securityContext": deepcopy(RESTRICTED),
    }


SPELLING: Final = Spelling(values=_values)
