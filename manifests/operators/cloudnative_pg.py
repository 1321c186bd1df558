"""CloudNativePG's chart. No Cluster is made here (`manifests.cloudnative_pg`)."""

from typing import Any, Final

from blueprint.operators.cloudnative_pg import CloudNativePgOperator
from manifests.operators.spelling import Spelling
from manifests.resources import resources


# cloudnative-pg/charts cloudnative-pg-v0.29.0, charts/cloudnative-pg/values.yaml; its values.schema.json checks types.
# The CRDs are templates behind `crds.create` and keep themselves when the chart is removed (helm.sh/resource-policy).
# Restricted as it is. Its webhooks get their certificate from the operator itself, so there is none to wait for here:
# `wait_for` of a Cluster does, and the operator answers the calls of the API server as soon as it is ready.
def _values(postgres: CloudNativePgOperator) -> dict[str, Any]:
    return {
        "config": {"clusterWide": True},
        "crds": {"create": True},
        "monitoring": {"podMonitorEnabled": False, "grafanaDashboard": {"create": False}},
        "rbac": {"aggregateClusterRoles": False},  # they would widen everybody's view, edit and admin unseen
        "replicaCount": postgres.replicas,
        "resources": resources(postgres.controller),
    }


SPELLING: Final = Spelling(values=_values)
