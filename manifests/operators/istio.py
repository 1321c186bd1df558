"""Istio's charts: CRDs and default webhook, the agent on the nodes, the control plane.

It holds none of the mesh's own objects (mutual TLS, authorisation, routes). Istio's charts read their values at the
root; the folder `_internal_defaults_do_not_set` in their values.yaml holds their defaults and is not for users.
"""

from typing import Any

from blueprint.operators import IstioBase, IstioCni, Istiod
from manifests.operators.fragments import resources, runtime_default


# istio/istio 1.30.3, manifests/charts/base. `base.validationFailurePolicy` is not in its values.yaml: read in
# templates/defaultrevision-validatingwebhookconfiguration.yaml. Set to what istiod would change it to, or every
# update would fight istiod over the field. The CRDs are ordinary templates here, so nothing is skipped.
def base(_: IstioBase) -> dict[str, Any]:
    return {
        "base": {"validationFailurePolicy": "Fail"},
        "defaultRevision": "default",
        "global": {"enableReaderRBAC": False},
    }


# istio/istio 1.30.3, manifests/charts/istio-cni. `global.platform` is read in templates/zzz_profile.yaml and picks
# files/profile-platform-<name>.yaml; on GKE that adds the ResourceQuota without which a pod of priority
# system-node-critical may only run in kube-system.
def cni(decision: IstioCni) -> dict[str, Any]:
    return {
        "global": {"logAsJson": True, "networkPolicy": {"enabled": True}, **_platform(decision.platform)},
        "resources": resources(decision.agent),
    }


# istio/istio 1.30.3, manifests/charts/istio-control/istio-discovery. Not in values.yaml but read by templates:
# `base.validationFailurePolicy` (validatingwebhookconfiguration.yaml; commented out in values.yaml),
# `global.enableReaderRBAC` (reader-clusterrole.yaml) and `global.platform` (zzz_profile.yaml). Everything below
# `meshConfig` is passed on as it is: those names are istio/api 1.30.3, mesh/v1alpha1/config.proto. The variables of
# `env` are registered in pilot/pkg/features/pilot.go.
def istiod(decision: Istiod) -> dict[str, Any]:
    grows = decision.replicas < decision.replicas_at_most
    return {
        "autoscaleEnabled": grows,
        "autoscaleMax": decision.replicas_at_most,
        "autoscaleMin": decision.replicas,
        "base": {"validationFailurePolicy": "Fail"},
        "cni": {"enabled": True},
        "env": {
            # The link-local range holds the clouds' metadata services; unset, `istioctl analyze` warns IST0175.
            "BLOCKED_CIDRS_IN_JWKS_URIS": "169.254.0.0/16",
            "ENABLE_DEBUG_ON_HTTP": "false",
            # Istiod has no sidecar: a key server inside a STRICT mesh refuses it, and then every token is refused.
            "PILOT_JWT_ENABLE_REMOTE_JWKS": "envoy",
        },
        "global": {
            "enableReaderRBAC": False,
            "logAsJson": True,
            "networkPolicy": {"enabled": True},
            # Without a seccomp profile the injected container fails the restricted pod security standard.
            "proxy": {"resources": resources(decision.sidecar), "seccompProfile": runtime_default()},
            **_platform(decision.platform),
        },
        "meshConfig": {
            "enablePrometheusMerge": True,
            "meshMTLS": {"minProtocolVersion": "TLSV1_3"},
            "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
            # Otherwise `/a%2Fb` and `//a/b` pass an AuthorizationPolicy that forbids `/a/b`.
            "pathNormalization": {"normalization": "DECODE_AND_MERGE_SLASHES"},
            "trustDomain": decision.trust_domain,
        },
        "pdb": {"minAvailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
        "replicaCount": decision.replicas,
        "resources": resources(decision.discovery),
        "seccompProfile": runtime_default(),
    }


def _platform(platform: str | None) -> dict[str, Any]:
    return {} if platform is None else {"platform": platform}
