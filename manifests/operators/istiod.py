"""The chart of the mesh's control plane. What holds in the mesh is `manifests.mesh`."""

from typing import Any, Final

from blueprint.operators.istiod import Istiod
from manifests.operators.fragments import istio_platform, runtime_default
from manifests.operators.spelling import Spelling
from manifests.resources import resources


# istio/istio 1.30.3, manifests/charts/istio-control/istio-discovery. Not in values.yaml but read by templates:
# `base.validationFailurePolicy` (validatingwebhookconfiguration.yaml; commented out in values.yaml),
# `global.enableReaderRBAC` (reader-clusterrole.yaml) and `global.platform` (zzz_profile.yaml). Everything below
# `meshConfig` is passed on as it is: those names are istio/api 1.30.3, mesh/v1alpha1/config.proto. The variables of
# `env` are registered in pilot/pkg/features/pilot.go.
def _values(decision: Istiod) -> dict[str, Any]:
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
            **istio_platform(decision.platform),
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


SPELLING: Final = Spelling(values=_values)
