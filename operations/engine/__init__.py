"""The engine: `pulumi`, its Kubernetes provider and a control plane, found, fetched or built.

The order per group of tools: fitting ones on PATH, else what an earlier run kept in the cache, else the official
release with its checksum verified, else a build from the Go modules in tools/. `provide` does that once and under a
lock; `inspect` only looks. The user's own installations are never changed. The tools of the laboratory come the same
way, each group when it is asked for.

Deliberately no version manager: each commit of the project has one set of pins (pins.py and tools/).
"""

from operations.engine.errors import EngineError
from operations.engine.isolation import environment, install_plugins
from operations.engine.laboratory_pins import CERTIFICATES, KUBE_ROUTER, MESH, ROLLOUTS
from operations.engine.pins import CONTROL_PLANE, ENGINE, KUBERNETES_PROVIDER, LABORATORY_GROUPS, PLATFORM_GROUPS
from operations.engine.provision import GroupStatus, discard_if_damaged, inspect, provide
from operations.engine.recipes import GroupName
from operations.engine.toolchain import Toolchain

__all__ = [
    "CERTIFICATES",
    "CONTROL_PLANE",
    "ENGINE",
    "KUBERNETES_PROVIDER",
    "KUBE_ROUTER",
    "LABORATORY_GROUPS",
    "MESH",
    "PLATFORM_GROUPS",
    "ROLLOUTS",
    "EngineError",
    "GroupName",
    "GroupStatus",
    "Toolchain",
    "discard_if_damaged",
    "environment",
    "inspect",
    "install_plugins",
    "provide",
]
