"""External Secrets' chart. No ExternalSecret is made here (`manifests.kong_redis`)."""

from typing import Any, Final

from blueprint.operators.external_secrets import ExternalSecrets
from manifests.operators.spelling import Spelling
from manifests.resources import resources

_CLUSTER_WIDE: Final = ("ClusterExternalSecret", "ClusterGenerator", "ClusterPushSecret", "ClusterSecretStore")


# external-secrets/external-secrets v2.9.0, deploy/charts/external-secrets/values.yaml; its values.schema.json refuses
# unknown keys of the first level. The CRDs are templates behind `installCRDs`; the annotation leaves them, and every
# Secret they own, when the chart is removed.
#
# Its rights are a Role in the one namespace it serves while there is only one; with credentials for services they are
# over every Secret, because it can be bound to one namespace or to none (decision 37). For whose account it
# may ask a token is said per namespace (`manifests.credentials`). No webhook: it would refuse only what the
# definitions' own schemas refuse as well, at the price of two more deployments and a certificate.
def _values(secrets: ExternalSecrets) -> dict[str, Any]:
    return {
        "certController": {"create": False},
        "crds": {
            "annotations": {"helm.sh/resource-policy": "keep"},
            **{f"create{kind}": False for kind in (*_CLUSTER_WIDE, "PushSecret")},
        },
        "installCRDs": True,
        "leaderElect": secrets.replicas > 1,
        "podDisruptionBudget": {"enabled": secrets.replicas > 1, "minAvailable": 1},
        "processClusterExternalSecret": False,
        "processClusterGenerator": False,
        "processClusterPushSecret": False,
        "processClusterStore": False,
        "processPushSecret": False,
        "rbac": {
            # They would widen everybody's view, edit and admin unseen.
            "aggregateToAdmin": False,
            "aggregateToEdit": False,
            "aggregateToView": False,
            # It would be for every account of the cluster.
            "serviceAccountTokenCreate": False,
            "servicebindings": {"create": False},
        },
        "replicaCount": secrets.replicas,
        "resources": resources(secrets.controller),
        "scopedNamespace": secrets.serves or "",
        "scopedRBAC": secrets.serves is not None,
        "webhook": {"create": False},
    }


SPELLING: Final = Spelling(values=_values)
