"""Which versions of Kubernetes' own APIs a minor version serves.

Sources: kubernetes/website, docs/reference/using-api/deprecation-guide.md (removals), and the rule since 1.24 that new
beta versions are switched off (KEP-3136). Groups of custom resources are their operators' business.
"""

from typing import Final

GA: Final = {
    "": 0,
    "admissionregistration.k8s.io": 16,
    "apiextensions.k8s.io": 16,
    "apiregistration.k8s.io": 10,
    "apps": 9,
    "authentication.k8s.io": 6,
    "authorization.k8s.io": 6,
    "autoscaling": 2,
    "batch": 2,
    "certificates.k8s.io": 19,
    "coordination.k8s.io": 14,
    "discovery.k8s.io": 21,
    "events.k8s.io": 19,
    "extensions": 999,
    "flowcontrol.apiserver.k8s.io": 29,
    "internal.apiserver.k8s.io": 999,
    "networking.k8s.io": 7,
    "node.k8s.io": 20,
    "policy": 21,
    "rbac.authorization.k8s.io": 8,
    "resource.k8s.io": 34,
    "scheduling.k8s.io": 14,
    "storage.k8s.io": 6,
    "storagemigration.k8s.io": 999,
}
"""Group to the minor version that first served its v1; 999 where none does."""

ALSO: Final = {
    "autoscaling/v2": (23, 999),
    "autoscaling/v2beta2": (12, 26),
    "flowcontrol.apiserver.k8s.io/v1beta1": (20, 26),
    "flowcontrol.apiserver.k8s.io/v1beta2": (23, 29),
    "flowcontrol.apiserver.k8s.io/v1beta3": (26, 32),
    "storage.k8s.io/v1beta1": (4, 27),
}
"""Other versions that are served without being switched on: from this minor version, and no more from that one."""

LATER: Final = {
    "admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy": 30,
    "admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding": 30,
    "batch/v1:CronJob": 21,
    "networking.k8s.io/v1:IPAddress": 33,
    "networking.k8s.io/v1:Ingress": 19,
    "networking.k8s.io/v1:IngressClass": 19,
    "networking.k8s.io/v1:ServiceCIDR": 33,
    "storage.k8s.io/v1:CSIStorageCapacity": 24,
    "storage.k8s.io/v1:VolumeAttributesClass": 34,
}
"""Kinds that came to a version after its first."""

NEVER: Final = frozenset({"policy/v1:PodSecurityPolicy", "apps/v1:Ingress", "v1:Deployment"})
"""Kinds often written under a version that never had them."""


def is_served(api_version: str, kind: str, minor: int) -> bool:
    """Whether Kubernetes 1.<minor> serves `kind` under `api_version`; true for groups that are not Kubernetes' own."""
    group, _, version = api_version.rpartition("/")
    if group not in GA:
        return True
    written = f"{api_version}:{kind}"
    if written in NEVER:
        return False
    if version == "v1":
        return minor >= max(GA[group], LATER.get(written, 0))
    first, gone = ALSO.get(api_version, (999, 999))
    return first <= minor < gone
