"""The tools of the laboratory: real controllers and proxies that `plat prove` starts beside the embedded control plane.

One row per group, one folder of tools/ per Go module. No project here publishes releases for this use whose checksums
could be verified, so every group is built; each with a module cache of its own, because together these would leave
13 GB in the user's that nothing else needs. Of what the platform installs, this is not always the same version:
laboratory_versions.py says which is, and every report passes it on.
"""

from __future__ import annotations

from operations.engine.recipes import Build, Group, GroupName

KUBE_ROUTER: GroupName = "kube-router"
ROLLOUTS: GroupName = "rollouts"

ARGO_ROLLOUTS_BUILT = "1.9.1"
KUBE_ROUTER_BUILT = "2.1.0"

_ROLLOUTS = "github.com/argoproj/argo-rollouts"
_ROUTER = "github.com/cloudnativelabs/kube-router/v2"

GROUPS: tuple[Group, ...] = (
    Group(
        name=KUBE_ROUTER,
        builds=(
            Build(
                tool="kube-router",
                module="kube-router",
                package=f"{_ROUTER}/cmd/kube-router",
                stamp=(f"{_ROUTER}/pkg/version.Version=v{KUBE_ROUTER_BUILT}",),
            ),
        ),
        disk_bytes=1.0e9,
        own_modules_bytes=1.0e9,
        binaries_bytes=0.07e9,
    ),
    Group(
        name=ROLLOUTS,
        builds=(
            Build(
                tool="rollouts-controller",
                module="argo-rollouts",
                package=f"{_ROLLOUTS}/cmd/rollouts-controller",
                stamp=(f"{_ROLLOUTS}/utils/version.version=v{ARGO_ROLLOUTS_BUILT}",),
            ),
        ),
        disk_bytes=2.0e9,
        own_modules_bytes=3.0e9,
        binaries_bytes=0.09e9,
    ),
)
