"""The fragments several charts spell alike: a disruption budget, a seccomp profile, Istio's platform."""

from typing import Any


def budget(replicas: int) -> dict[str, Any]:
    """One pod at a time may go. None for a single replica: it would block every drain of its node."""
    return {"enabled": replicas > 1, "maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}


def trusted() -> dict[str, str]:
    """Annotation of a webhook configuration: it is made when somebody has written into it whose certificate the API
    server is to trust. Without, a chart is ready before its webhook can answer, and what comes next is refused."""
    return {"pulumi.com/waitFor": "jsonpath={.webhooks[*].clientConfig.caBundle}"}


def runtime_default() -> dict[str, Any]:
    """The seccomp profile the restricted pod security standard asks for."""
    return {"type": "RuntimeDefault"}


def istio_platform(platform: str | None) -> dict[str, Any]:
    """The `global.platform` of Istio's charts; they read none where it is unset."""
    return {} if platform is None else {"platform": platform}
