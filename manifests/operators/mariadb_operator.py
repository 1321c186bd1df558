"""The chart of mariadb-operator. No MariaDB is made here (`manifests.mariadb_operator`)."""

from copy import deepcopy
from typing import Any, Final

from blueprint.operators.mariadb_operator import MariadbOperator
from manifests.operators.fragments import budget, runtime_default, trusted
from manifests.operators.spelling import Spelling
from manifests.pods import RESTRICTED
from manifests.resources import resources


# mariadb-operator/mariadb-operator v26.6.0, deploy/charts/mariadb-operator/values.yaml. By itself it is not restricted,
# asks for no resources, and issues the certificate of its webhook with a controller of its own; with cert-manager that
# one is off. The webhook refuses what the operator cannot do: immutable fields, and half a configuration of TLS.
def _values(mariadb: MariadbOperator) -> dict[str, Any]:
    pod = {"runAsNonRoot": True, "seccompProfile": runtime_default()}
    return {
        "certController": {"enabled": False},
        "ha": {"enabled": mariadb.replicas > 1, "replicas": mariadb.replicas},
        "pdb": _budget(mariadb.replicas),
        "podSecurityContext": dict(pod),
        "rbac": {"aggregation": {"enabled": False}},  # they would widen everybody's view and edit unseen
        "resources": resources(mariadb.controller),
        "securityContext": deepcopy(RESTRICTED),
        "webhook": {
            "annotations": trusted(),
            "cert": {"certManager": {"enabled": True}},
            "ha": {"enabled": mariadb.webhook_replicas > 1, "replicas": mariadb.webhook_replicas},
            "pdb": _budget(mariadb.webhook_replicas),
            "podSecurityContext": dict(pod),
            "resources": resources(mariadb.webhook),
            "securityContext": deepcopy(RESTRICTED),
        },
    }


def _budget(replicas: int) -> dict[str, Any]:
    """What the chart knows of a budget."""
    return {name: value for name, value in budget(replicas).items() if name in ("enabled", "maxUnavailable")}


SPELLING: Final = Spelling(values=_values)
