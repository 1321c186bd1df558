"""The one spelling of `Amounts`: what a container, a chart's container or a quota may take, in Kubernetes' own words.

It decides no number (`blueprint.sizes` and the modules of `blueprint.operators` do).
"""

from typing import Any

from blueprint.sizes import Amounts


def resources(of: Amounts) -> dict[str, Any]:
    """`of` as a container's `resources`: requests and limits. Disk that is not decided is left out."""
    return {
        "requests": _quantities(of.cpu_request_millicores, of.memory_request_mib, of.storage_request_mib),
        "limits": _quantities(of.cpu_limit_millicores, of.memory_limit_mib, of.storage_limit_mib),
    }


def _quantities(cpu_millicores: int, memory_mib: int, storage_mib: int) -> dict[str, str]:
    disk = {"ephemeral-storage": f"{storage_mib}Mi"} if storage_mib else {}
    return {"cpu": f"{cpu_millicores}m", "memory": f"{memory_mib}Mi", **disk}
