"""Where the files of the embedded control plane are: one folder, git-ignored, safe to delete when stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NAME = "embedded"
"""Name of cluster, user and context in the kubeconfig; the program refuses a kubeconfig that names another."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The paths below `<project>/.embedded`; all absolute."""

    folder: Path

    @classmethod
    def of(cls, folder: Path) -> Layout:
        return cls(folder=folder.absolute())

    @property
    def kubeconfig(self) -> Path:
        """What users, the engine and tests connect with."""
        return self.folder / "kubeconfig"

    @property
    def control_plane(self) -> Path:
        """What the processes write. Its path on a command line is what marks a process as ours."""
        return self.folder / "control-plane"

    @property
    def data(self) -> Path:
        """etcd's: survives a stop, so that a started control plane still knows what was deployed."""
        return self.control_plane / "etcd"

    @property
    def certificates(self) -> Path:
        """The API server's self-signed certificate and key, made by itself on its first start."""
        return self.control_plane / "certificates"

    @property
    def certificate(self) -> Path:
        return self.certificates / "apiserver.crt"

    @property
    def key(self) -> Path:
        return self.certificates / "apiserver.key"

    @property
    def tokens(self) -> Path:
        return self.control_plane / "tokens.csv"

    @property
    def stages(self) -> Path:
        return self.control_plane / "stages.yaml"

    @property
    def ports(self) -> Path:
        return self.control_plane / "ports.json"

    @property
    def definitions(self) -> Path:
        """Which custom resource definitions were applied last: a hash of their text and their names."""
        return self.control_plane / "definitions.json"

    def kubeconfig_of(self, user: str) -> Path:
        return self.control_plane / f"{user}.kubeconfig"

    def log(self, component: str) -> Path:
        return self.control_plane / "logs" / f"{component}.log"
