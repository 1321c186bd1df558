"""What all our pods have in common, whoever starts them: as whom they run, what their proxy may take, how a variable
comes into a container. Whose certificates they believe is `manifests.trust`'s."""

from collections.abc import Mapping
from typing import Final

from blueprint.sizes import Amounts
from blueprint.variables import Composed, FromSecret, is_pinned
from manifests.manifest import Manifest
from manifests.resources import resources

RESTRICTED: Final = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""What Pod Security *restricted* asks of each container, and a read-only root on top."""


def pod_security(user: int, group: int) -> Manifest:
    """As whom every container of a pod runs."""
    return {
        "fsGroup": group,
        "runAsGroup": group,
        "runAsNonRoot": True,
        "runAsUser": user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def pull_policy(image: str) -> str:
    """Whether a node that has `image` asks for it again."""
    return "IfNotPresent" if is_pinned(image) else "Always"


def proxied(proxy: Amounts | None) -> Mapping[str, str]:
    """The annotations with the bounds of a pod's `proxy`: all four, because setting one replaces the whole block."""
    if proxy is None:
        return {}
    spelled = resources(proxy)
    return {
        "sidecar.istio.io/proxyCPU": spelled["requests"]["cpu"],
        "sidecar.istio.io/proxyCPULimit": spelled["limits"]["cpu"],
        "sidecar.istio.io/proxyMemory": spelled["requests"]["memory"],
        "sidecar.istio.io/proxyMemoryLimit": spelled["limits"]["memory"],
    }


def variable(of: FromSecret | Composed) -> Manifest:
    """A variable that no ConfigMap can hold."""
    if isinstance(of, Composed):
        return {"name": of.name, "value": of.value}
    return {"name": of.name, "valueFrom": {"secretKeyRef": {"name": of.secret, "key": of.key}}}
