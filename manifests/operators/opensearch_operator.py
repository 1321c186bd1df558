"""The chart of the OpenSearch project's operator. No OpenSearch is made here (`manifests.opensearch_operator`)."""

from copy import deepcopy
from typing import Any, Final

from blueprint.operators.opensearch_operator import OpensearchOperator
from manifests.operators.fragments import runtime_default
from manifests.operators.spelling import Spelling
from manifests.pods import RESTRICTED
from manifests.resources import resources

NOBODY: Final = 65_532
"""The image's user (its Dockerfile), by number."""


# opensearch-project/opensearch-k8s-operator opensearch-operator-3.0.2 (6f6eab8a), charts/opensearch-operator. Its
# definitions are among its templates. By itself the operator adds a container to every pod that runs as root and
# changes who owns the disk (SKIP_INIT_CONTAINER; the disk is the group's here), and has a webhook that checks what the
# server's definitions say and what it says again in an object's status.
def _values(opensearch: OpensearchOperator) -> dict[str, Any]:
    return {
        "fullnameOverride": opensearch.name,
        "installCRDs": True,
        "manager": {
            "extraEnv": [{"name": "SKIP_INIT_CONTAINER", "value": "true"}],
            "image": {"pullPolicy": "IfNotPresent"},
            "resources": resources(opensearch.controller),
            "securityContext": deepcopy(RESTRICTED),
        },
        "securityContext": {
            "runAsGroup": NOBODY,
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "seccompProfile": runtime_default(),
        },
        "webhook": {"enabled": False},
    }


SPELLING: Final = Spelling(values=_values)
