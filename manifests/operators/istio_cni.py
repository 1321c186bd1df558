"""The chart of Istio's agent on the nodes."""

from typing import Any, Final

from blueprint.operators.istio_cni import IstioCni
from manifests.operators.fragments import istio_platform
from manifests.operators.spelling import Spelling
from manifests.resources import resources


# istio/istio 1.30.3, manifests/charts/istio-cni. `global.platform` is read in templates/zzz_profile.yaml and picks
# files/profile-platform-<name>.yaml; on GKE that adds the ResourceQuota without which a pod of priority
# system-node-critical may only run in kube-system.
def _values(decision: IstioCni) -> dict[str, Any]:
    return {
        "global": {"logAsJson": True, "networkPolicy": {"enabled": True}, **istio_platform(decision.platform)},
        "resources": resources(decision.agent),
    }


SPELLING: Final = Spelling(values=_values)
