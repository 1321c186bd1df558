"""The fragments all charts spell alike: a container's resources, a disruption budget, a seccomp profile."""

from typing import Any

from blueprint.operators import Allowance


def resources(allowance: Allowance) -> dict[str, Any]:
    return {
        "limits": {
            "cpu": f"{allowance.cpu_limit_millicores}m",
            "memory": f"{allowance.memory_limit_mebibytes}Mi",
        },
        "requests": {
            "cpu": f"{allowance.cpu_request_millicores}m",
            "memory": f"{allowance.memory_request_mebibytes}Mi",
        },
    }


def budget(replicas: int) -> dict[str, Any]:
    """One pod at a time may go. None for a single replica: it would block every drain of its node."""
    return {"enabled": replicas > 1, "maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}


def runtime_default() -> dict[str, Any]:
    """The seccomp profile the restricted pod security standard asks for."""
    return {"type": "RuntimeDefault"}
