"""cert-manager's chart, and the issuer from which the private certificates between controllers start."""

from collections.abc import Iterator
from typing import Any, Final

from blueprint.operators.cert_manager import SELF_SIGNED_ISSUER, CertManager
from manifests.manifest import Manifest, manifest
from manifests.operators.fragments import budget, trusted
from manifests.operators.spelling import Spelling
from manifests.resources import resources


# cert-manager/cert-manager v1.21.1, deploy/charts/cert-manager/values.schema.json, which refuses unknown keys. The
# CRDs are templates behind `crds.enabled`; `keep` leaves them, and every certificate, when the chart is removed.
# The start-up check is a Helm hook, and hooks never run here: the annotations of the webhook wait in its stead.
def _values(manager: CertManager) -> dict[str, Any]:
    return {
        "cainjector": {
            "networkPolicy": {"enabled": True},
            "podDisruptionBudget": budget(manager.replicas),
            "replicaCount": manager.replicas,
            "resources": resources(manager.injector),
        },
        "crds": {"enabled": True, "keep": True},
        # HTTP-01 challenges are answered through the Gateway. `config` is a free map to the chart; the field is that of
        # pkg/apis/config/controller/v1alpha1/types.go, where `enableGatewayAPI` is deprecated in its favour.
        "config": {"gatewayAPI": {"enabled": True}},
        # The default, kube-system, is closed to guests on managed clusters. Aggregated roles would widen everybody's
        # view, edit and admin unseen (rbac-no-aggregation).
        "global": {"leaderElection": {"namespace": manager.namespace}, "rbac": {"aggregateClusterRoles": False}},
        "networkPolicy": {"enabled": True},
        "podDisruptionBudget": budget(manager.replicas),
        "replicaCount": manager.replicas,
        "resources": resources(manager.controller),
        "startupapicheck": {"enabled": False},
        "webhook": {
            "mutatingWebhookConfigurationAnnotations": trusted(),
            "networkPolicy": {"enabled": True},
            "podDisruptionBudget": budget(manager.webhook_replicas),
            "replicaCount": manager.webhook_replicas,
            "resources": resources(manager.webhook),
            "validatingWebhookConfigurationAnnotations": trusted(),
        },
    }


def _beside(_: CertManager) -> Iterator[Manifest]:
    yield manifest("cert-manager.io/v1", "ClusterIssuer", SELF_SIGNED_ISSUER, None, spec={"selfSigned": {}})


SPELLING: Final = Spelling(values=_values, beside=_beside)
