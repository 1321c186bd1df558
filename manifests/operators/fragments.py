"""The fragments several charts spell alike: a disruption budget, a seccomp profile, Istio's platform."""

from typing import Any


def budget(replicas: int) -> dict[str, Any]:
    """One pod at a time may go. None for a single replica: it would block every drain of its node."""
    return {"enabled": replicas > 1, "maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}


def runtime_default() -> dict[str, Any]:
    """The seccomp profile the restricted pod security standard asks for."""
    return {"type": "RuntimeDefault"}


def istio_platform(platform: str | None) -> dict[str, Any]:
    """The `global.platform` of Istio's charts; they read none where it is unset."""
    return {} if platform is None else {"platform": platform}
