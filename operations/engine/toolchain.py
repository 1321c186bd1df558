"""The tools a command works with, as one value. It says where they are and where they came from; it starts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """Every path is absolute. A tool of a group that was not asked for is absent, and asking for it raises KeyError:
    a mistake in the calling command, not something a user can cure."""

    tools: Mapping[str, Path]
    """Tool name -> file; also files that are no tools themselves, such as `envoy_bootstrap.json`."""
    origin: Mapping[str, str]
    """Tool name -> `PATH` (with version), `release <version>` or `built`; for `plat doctor` and the summary."""

    @property
    def pulumi(self) -> Path:
        return self.tools["pulumi"]

    @property
    def language_host(self) -> Path:
        """`pulumi-language-python`; its executor is in the same folder."""
        return self.tools["pulumi-language-python"]

    @property
    def kubernetes_plugin(self) -> Path:
        return self.tools["pulumi-resource-kubernetes"]

    @property
    def kubectl(self) -> Path:
        return self.tools["kubectl"]

    @property
    def kube_apiserver(self) -> Path:
        return self.tools["kube-apiserver"]

    @property
    def kube_controller_manager(self) -> Path:
        return self.tools["kube-controller-manager"]

    @property
    def kube_scheduler(self) -> Path:
        return self.tools["kube-scheduler"]

    @property
    def etcd(self) -> Path:
        return self.tools["etcd"]

    @property
    def kwok(self) -> Path:
        return self.tools["kwok"]

    @property
    def kube_router(self) -> Path:
        return self.tools["kube-router"]

    @property
    def istiod(self) -> Path:
        return self.tools["pilot-discovery"]

    @property
    def pilot_agent(self) -> Path:
        return self.tools["pilot-agent"]

    @property
    def istioctl(self) -> Path:
        return self.tools["istioctl"]

    @property
    def envoy(self) -> Path:
        return self.tools["envoy"]

    @property
    def envoy_bootstrap(self) -> Path:
        """The template from which pilot-agent makes Envoy's configuration."""
        return self.tools["envoy_bootstrap.json"]

    @property
    def rollouts_controller(self) -> Path:
        return self.tools["rollouts-controller"]

    @property
    def cert_manager_controllers(self) -> Path:
        return self.tools["cert-manager-controllers"]

    @property
    def offline(self) -> bool:
        """Whether a plugin had to be built: then the releases cannot be reached, and are not requested."""
        return self.origin.get("pulumi-resource-kubernetes") == "built"
