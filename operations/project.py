"""Where a project's things are: stack files, the catalogue, the folder with everything that belongs to this machine.

Only paths and names: what the other files say is read by `blueprint.reading`, and nothing here creates a file.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import yaml

from blueprint.reading.problems import ended, valid
from operations.exits import Exit, RefusedError

ROOT = Path(__file__).resolve().parents[1]
"""The folder with Pulumi.yaml."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """One working copy, with the catalogue it is asked to run."""

    root: Path
    services: Path
    """Absolute."""

    @classmethod
    def here(cls, services: Path | None = None, *, root: Path = ROOT) -> Project:
        """The project this file belongs to. `services` is taken from the working directory, as shells do."""
        return cls(root=root, services=(services or root / "services").absolute())

    @property
    def name(self) -> str:
        """What Pulumi.yaml calls it: part of every URN."""
        return str(yaml.safe_load((self.root / "Pulumi.yaml").read_text(encoding="utf-8"))["name"])

    @property
    def stacks(self) -> tuple[str, ...]:
        """The stacks that are described here: the middles of Pulumi.<stack>.yaml, sorted."""
        return tuple(
            sorted(file.name.split(".", 1)[1].removesuffix(".yaml") for file in self.root.glob("Pulumi.*.yaml"))
        )

    def stack_file(self, stack: str) -> Path:
        """Pulumi.<stack>.yaml.

        Raises:
            RefusedError: there is none; the text names the nearest.
        """
        if stack not in self.stacks:
            raise RefusedError(f"There is no stack '{stack}'. {ended(valid(stack, self.stacks, 'Stacks'))}", Exit.USAGE)
        return self.root / f"Pulumi.{stack}.yaml"

    def command(self, *words: str) -> str:
        """`plat` with `words`, as a user would type it from the working directory: over the same catalogue."""
        other = self.services != (self.root / "services").absolute()
        catalogue = ["--services", self.shown(self.services)] if other else []
        program = self.shown(self.root / "plat")
        return shlex.join([program if "/" in program else f"./{program}", *words, *catalogue])

    def shown(self, path: Path) -> str:
        """`path` as a user would type it from the working directory."""
        here = Path.cwd()
        return str(path.relative_to(here) if path.is_relative_to(here) else path)

    @property
    def embedded(self) -> Path:
        """What this machine adds to the project's text: control plane, state, PULUMI_HOME; git-ignored."""
        return self.root / ".embedded"

    @property
    def crash_log(self) -> Path:
        """Where the traceback of an unforeseen mistake goes."""
        return self.embedded / "crash.log"
