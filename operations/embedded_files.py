"""What a stack on the embedded control plane keeps below `.embedded`, and where."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from operations.project import Project


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files of one stack."""

    project: Project
    stack: str

    @property
    def folder(self) -> Path:
        """Of a run: its guard, its configuration, its events."""
        return self.project.embedded / "run"

    @property
    def salted(self) -> Path:
        """The stack's file in a project folder of its own: Pulumi writes an encryption salt into it, and the user's
        stays as it is. It exists from the first `up` until a `down` has looked that nothing remains."""
        return self.folder / "project" / f"Pulumi.{self.stack}.yaml"

    @property
    def others(self) -> list[str]:
        """Names of other stacks the control plane holds; sorted."""
        found = sorted(set((self.folder / "project").glob("Pulumi.*.yaml")) - {self.salted})
        return [file.name.split(".", 1)[1].removesuffix(".yaml") for file in found]

    @property
    def state(self) -> Path:
        """The engine's backend."""
        return self.project.embedded / "state"

    @property
    def checkpoint(self) -> Path:
        """The record of the stack in it."""
        name = str(yaml.safe_load((self.project.root / "Pulumi.yaml").read_text(encoding="utf-8"))["name"])
        return self.state / ".pulumi" / "stacks" / name / f"{self.stack}.json"

    @property
    def home(self) -> Path:
        """The engine's own files: plugins, logs."""
        return self.project.embedded / "pulumi-home"

    def config(self) -> Path:
        """The configuration of this run: the user's file, the salt, and the catalogue that was asked for."""
        given = yaml.safe_load(self.project.stack_file(self.stack).read_text(encoding="utf-8"))
        salt = yaml.safe_load(self.salted.read_text(encoding="utf-8"))
        given["config"]["platform:services"] = str(self.project.services)
        file = self.folder / "config.yaml"
        file.write_text(yaml.safe_dump({**given, **salt}), encoding="utf-8")
        return file

    def passphrase(self) -> str:
        """The key of the state; made once, readable by its owner alone."""
        file = self.project.embedded / "passphrase"
        with contextlib.suppress(FileExistsError):
            file.touch(mode=0o600, exist_ok=False)
            file.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        return file.read_text(encoding="utf-8")

    def has_lock(self) -> bool:
        """Whether the backend is locked for this stack."""
        return any((self.state / ".pulumi" / "locks").rglob(f"{self.stack}/*.json"))

    def tidy(self) -> None:
        """Removes what grows by megabytes with every run and is never read; the backend has a folder afterwards."""
        for grown in (self.state / ".pulumi" / "history", self.home / "logs"):
            shutil.rmtree(grown, ignore_errors=True)
        self.state.mkdir(parents=True, exist_ok=True)

    def begin(self) -> Path:
        """An empty project folder for a new stack."""
        self.checkpoint.unlink(missing_ok=True)
        self.salted.unlink(missing_ok=True)
        self.salted.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.project.root / "Pulumi.yaml", self.salted.parent / "Pulumi.yaml")
        return self.salted.parent

    def forget(self) -> None:
        """The last step: from here on the stack is not known any more. The backend holds no other."""
        shutil.rmtree(self.state)
        self.salted.unlink(missing_ok=True)
