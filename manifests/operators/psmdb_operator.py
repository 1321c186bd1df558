"""The chart of Percona's operator for MongoDB. No PerconaServerMongoDB is made here (`manifests.percona_mongodb`)."""

from typing import Any, Final

from blueprint.operators.psmdb_operator import PsmdbOperator
from manifests.operators.fragments import runtime_default
from manifests.operators.spelling import Spelling
from manifests.resources import resources


# percona/percona-helm-charts psmdb-operator-1.22.0, charts/psmdb-operator/values.yaml. Its definitions are in the
# chart's `crds/` folder. By itself it is not restricted, asks for no resources, watches its own namespace alone and
# reports every cluster to Percona. With a read-only root it gets an emptyDir for /tmp, where it writes the certificates
# it connects with.
def _values(mongodb: PsmdbOperator) -> dict[str, Any]:
    return {
        "disableTelemetry": True,
        "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": runtime_default()},
        "replicaCount": mongodb.replicas,
        "resources": resources(mongodb.controller),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "watchAllNamespaces": True,
    }


SPELLING: Final = Spelling(values=_values)
