"""metrics-server's chart."""

from typing import Any, Final

from blueprint.operators.cert_manager import SELF_SIGNED_ISSUER
from blueprint.operators.metrics_server import MetricsServer
from manifests.operators.fragments import budget
from manifests.operators.spelling import Spelling
from manifests.resources import resources


# kubernetes-sigs/metrics-server metrics-server-helm-chart-3.13.1, charts/metrics-server/values.yaml. With an issuer
# of the chart's own making its template writes `annotations: null`; with ours that template is skipped.
def _values(server: MetricsServer) -> dict[str, Any]:
    return {
        "apiService": {"insecureSkipTLSVerify": False},
        "args": [] if server.verify_kubelets else ["--kubelet-insecure-tls"],
        "podDisruptionBudget": budget(server.replicas),
        "replicas": server.replicas,
        "resources": resources(server.server),
        "tls": {
            "certManager": {
                "existingIssuer": {"enabled": True, "kind": "ClusterIssuer", "name": SELF_SIGNED_ISSUER},
            },
            "type": "cert-manager",
        },
    }


SPELLING: Final = Spelling(values=_values)
