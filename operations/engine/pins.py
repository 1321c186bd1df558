"""Which tools there are, at which version, from where: the one table the engine is provided from.

Three groups of the platform, because tools of one group are tested with each other and so always come from one place:
the engine (`pulumi` with its Python language host), the Kubernetes provider, and the control plane. The groups of the
laboratory are in laboratory_pins.py and part of the same table. What a group is built from is in `tools/` (go.mod and
go.sum are the pins of everything below); the addresses are the official ones of each project. Nothing here looks at
the machine.
"""

from __future__ import annotations

from pathlib import Path

from operations.engine import laboratory_pins
from operations.engine.recipes import Build, Group, GroupName, Release

TOOLS_FOLDER = Path(__file__).resolve().parents[2] / "tools"
"""The Go modules the tools are built from."""

PULUMI_FLOOR = (3, 259, 0)
"""Oldest `pulumi` on PATH that is taken: what `tools/pulumi` builds, so the oldest the program is tested with."""
PULUMI_CEILING = (4, 0, 0)
"""First version that is not: majors of Pulumi change the wire protocol and the state's layout."""
PULUMI_RELEASED = "3.272.0"
"""The release that is downloaded: equal to the SDK's pin in requirements.txt."""
PULUMI_BUILT = "3.259.0"  # newest whose module zip the public proxy serves
LANGUAGE_HOST_BUILT = "3.187.0"
KUBERNETES_PLUGIN = "4.25.0"
"""Version of the Kubernetes provider on the embedded stack: the newest that builds from modules."""
KUBERNETES = "1.36.4"
ETCD = "3.6.8"
KWOK = "0.8.0"

GO_FLOOR = (1, 26)
"""Oldest Go that builds the modules: the `go` line of every go.mod in tools/."""

ENGINE: GroupName = "engine"
KUBERNETES_PROVIDER: GroupName = "kubernetes-provider"
CONTROL_PLANE: GroupName = "control-plane"

_ENGINE_TAGS = ("osusergo", "grpcnotrace")  # no user lookup through cgo; lets the linker drop what is never called
_PULUMI_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_KUBERNETES_STAMP = tuple(
    f"{package}.{variable}={value}"
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    for variable, value in (
        ("gitVersion", f"v{KUBERNETES}"),
        ("gitMajor", KUBERNETES.split(".", maxsplit=1)[0]),
        ("gitMinor", KUBERNETES.split(".")[1]),
    )
)  # mandatory: the Kubernetes provider and charts refuse a server that calls itself v0.0.0


def _kubernetes_build(tool: str) -> Build:
    return Build(tool=tool, module="cluster", package=f"k8s.io/kubernetes/cmd/{tool}", stamp=_KUBERNETES_STAMP)


def _kubernetes_release(tool: str) -> Release:
    address = f"{{kubernetes}}/release/v{KUBERNETES}/bin/{{os}}/{{arch}}/{tool}"
    return Release(archive=address, checksum=f"{address}.sha256", tools=(tool,), packed=False)


_KUBERNETES_TOOLS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")

# Sizes are measured on two cores with Go 1.26.8, 2026-11-20.
_PLATFORM: tuple[Group, ...] = (
    Group(
        name=ENGINE,
        builds=(
            Build(
                tool="pulumi",
                module="pulumi",
                package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
                stamp=(f"{_PULUMI_VERSION}=v{PULUMI_BUILT}",),
                tags=_ENGINE_TAGS,
            ),
            Build(
                tool="pulumi-language-python",
                module="pulumi-language-python",
                package="github.com/pulumi/pulumi/sdk/python/cmd/pulumi-language-python/v3",
                stamp=(f"{_PULUMI_VERSION}=v{LANGUAGE_HOST_BUILT}",),
                tags=_ENGINE_TAGS,
            ),
        ),
        releases=(
            Release(
                archive=f"{{pulumi}}/releases/sdk/pulumi-v{PULUMI_RELEASED}-{{os}}-{{cpu}}.tar.gz",
                checksum=f"{{github}}/pulumi/pulumi/releases/download/v{PULUMI_RELEASED}"
                f"/pulumi-{PULUMI_RELEASED}-checksums.txt",  # not the archive's host: two would have to lie
                tools=("pulumi", "pulumi-language-python", "pulumi-language-python-exec"),
                folder="pulumi",
            ),
        ),
        release=PULUMI_RELEASED,
        disk_bytes=4.0e9,
        binaries_bytes=0.15e9,
        landmark="github.com/pulumi/pulumi/pkg",
        companions=("pulumi-language-python/pulumi-language-python-exec",),
    ),
    Group(
        name=KUBERNETES_PROVIDER,
        builds=(
            Build(
                tool="pulumi-resource-kubernetes",
                module="pulumi-resource-kubernetes",
                package=".",
                stamp=(f"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version={KUBERNETES_PLUGIN}",),
            ),
        ),
        releases=(
            Release(
                archive=f"{{pulumi}}/releases/plugins/pulumi-resource-kubernetes-v{KUBERNETES_PLUGIN}"
                "-{os}-{arch}.tar.gz",
                checksum=f"{{github_api}}/repos/pulumi/pulumi-kubernetes/releases/tags/v{KUBERNETES_PLUGIN}",
                tools=("pulumi-resource-kubernetes",),
            ),
        ),
        release=KUBERNETES_PLUGIN,
        disk_bytes=5.0e9,
        binaries_bytes=0.21e9,
        landmark="github.com/pulumi/pulumi-kubernetes/provider",
    ),
    Group(
        name=CONTROL_PLANE,
        builds=(
            *(_kubernetes_build(tool) for tool in _KUBERNETES_TOOLS),
            Build(tool="etcd", module="cluster", package="go.etcd.io/etcd/server/v3"),
            Build(tool="kwok", module="cluster", package="sigs.k8s.io/kwok/cmd/kwok"),
        ),
        releases=(
            *(_kubernetes_release(tool) for tool in _KUBERNETES_TOOLS),
            Release(
                archive=f"{{github}}/etcd-io/etcd/releases/download/v{ETCD}/etcd-v{ETCD}-{{os}}-{{arch}}.tar.gz",
                checksum=f"{{github}}/etcd-io/etcd/releases/download/v{ETCD}/SHA256SUMS",
                tools=("etcd",),
                folder=f"etcd-v{ETCD}-{{os}}-{{arch}}",
            ),
            Release(
                archive=f"{{github}}/kubernetes-sigs/kwok/releases/download/v{KWOK}/kwok-{{os}}-{{arch}}",
                checksum=f"{{github_api}}/repos/kubernetes-sigs/kwok/releases/tags/v{KWOK}",
                tools=("kwok",),
                packed=False,
            ),
        ),
        release=f"Kubernetes {KUBERNETES}, etcd {ETCD}, kwok {KWOK}",
        disk_bytes=5.0e9,
        binaries_bytes=0.44e9,
        landmark="k8s.io",
    ),
)

PLATFORM_GROUPS: tuple[GroupName, ...] = tuple(sorted(group.name for group in _PLATFORM))
"""What every stack that runs somewhere needs."""
LABORATORY_GROUPS: tuple[GroupName, ...] = tuple(sorted(group.name for group in laboratory_pins.GROUPS))
"""What only `plat prove` needs: never provided unless asked for by name."""
GROUPS: dict[GroupName, Group] = {group.name: group for group in (*_PLATFORM, *laboratory_pins.GROUPS)}

BINARIES_BYTES = sum(group.binaries_bytes for group in _PLATFORM)
"""Disk space for the finished tools of the platform's groups."""
WARM_BUILD_BYTES = 2.0e9
"""Disk space a build still needs when Go's caches already hold the modules: objects and links of the largest tool."""
