"""The chart of Elastic's operator. No Elasticsearch is made here (`manifests.eck_elasticsearch`)."""

from copy import deepcopy
from typing import Any, Final

from blueprint.operators.eck_operator import EckOperator
from manifests.operators.spelling import Spelling
from manifests.pods import RESTRICTED
from manifests.resources import resources


# elastic/cloud-on-k8s v3.5.0, deploy/eck-operator/values.yaml. Its definitions come from a chart below it and stay when
# it goes (helm.sh/resource-policy: keep). By itself it says twice a day which license is in use, for Elastic's Kibana
# to report, and asks before every change over a webhook what it asks again when it makes the change.
def _values(eck: EckOperator) -> dict[str, Any]:
    return {
        "installCRDs": True,
        "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "replicaCount": eck.replicas,
        "resources": resources(eck.controller),
        "securityContext": deepcopy(RESTRICTED),
        "telemetry": {"disabled": True},
        "webhook": {"enabled": False},
    }


SPELLING: Final = Spelling(values=_values)
