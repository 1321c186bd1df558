"""The charts of the controllers behind certificates, progressive delivery and autoscaling.

Istio's and Kong's charts have modules of their own; nothing here makes a certificate, a Rollout or an autoscaler.
"""

from typing import Any

from blueprint.operators import SELF_SIGNED_ISSUER, ArgoRollouts, CertManager, MetricsServer
from manifests.operators.fragments import budget, resources


# cert-manager/cert-manager v1.21.1, deploy/charts/cert-manager/values.schema.json, which refuses unknown keys. The
# CRDs are templates behind `crds.enabled`; `keep` leaves them, and every certificate, when the chart is removed.
# The start-up check is a Helm hook, and hooks never run here.
def cert_manager(manager: CertManager) -> dict[str, Any]:
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
            "networkPolicy": {"enabled": True},
            "podDisruptionBudget": budget(manager.webhook_replicas),
            "replicaCount": manager.webhook_replicas,
            "resources": resources(manager.webhook),
        },
    }


# argoproj/argo-helm argo-rollouts-2.41.0, charts/argo-rollouts/values.yaml. The CRDs are templates behind
# `installCRDs`. The flag is argoproj/argo-rollouts v1.9.1, cmd/rollouts-controller/main.go; its default is v1alpha3.
def argo_rollouts(rollouts: ArgoRollouts) -> dict[str, Any]:
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


# kubernetes-sigs/metrics-server metrics-server-helm-chart-3.13.1, charts/metrics-server/values.yaml. With an issuer
# of the chart's own making its template writes `annotations: null`; with ours that template is skipped.
def metrics_server(server: MetricsServer) -> dict[str, Any]:
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
