"""Argo Rollouts' chart. No Rollout is made here (`manifests.delivery`)."""

from typing import Any, Final

from blueprint.operators.argo_rollouts import ArgoRollouts
from manifests.operators.spelling import Spelling
from manifests.resources import resources


# argoproj/argo-helm argo-rollouts-2.41.0, charts/argo-rollouts/values.yaml. The CRDs are templates behind
# `installCRDs`. The flag is argoproj/argo-rollouts v1.9.1, cmd/rollouts-controller/main.go; its default is v1alpha3.
def _values(rollouts: ArgoRollouts) -> dict[str, Any]:
    routers = (
        "ambassador",
        "apisix",
        "awsAppMesh",
        "awsLoadBalancerController",
        "contour",
        "gatewayAPI",
        "glooPlatform",
        "smi",
        "traefik",
    )
    return {
        "controller": {
            "extraArgs": ["--istio-api-version=v1"] if rollouts.istio else [],
            "image": {"repository": rollouts.image.repository, "tag": rollouts.image.tag},
            "pdb": {"enabled": rollouts.replicas > 1, "minAvailable": 1},
            "replicas": rollouts.replicas,
            "resources": resources(rollouts.controller),
        },
        "createClusterAggregateRoles": False,  # they would widen everybody's view, edit and admin unseen
        "installCRDs": True,
        "keepCRDs": True,
        # Rights over the one traffic router in use.
        "providerRBAC": {"providers": {"istio": rollouts.istio, **dict.fromkeys(routers, False)}},
    }


SPELLING: Final = Spelling(values=_values)
