"""Whether what a command is about to do is meant: asked on a terminal, refused without one, agreed to with --yes.

A cluster of others is asked about at every run. Services are asked about only where most of them would go: that is what
another catalogue does, named by mistake or left out of the command.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from operations.console import Console
from operations.exits import Exit, RefusedError
from operations.project import Project

SERVICE: Final = "platform:service:Service"
"""The engine's type of a service; `components` has it, and is not imported here. A test compares the two."""
SHOWN: Final = 12
"""Services that are named; a longer list is cut."""


def confirm(console: Console, what: str, stack: str, *, assume_yes: bool, hint: str = "") -> None:
    """Asks whether to do `what`, unless that was agreed to before; `hint` is a sentence about another way.

    Raises RefusedError where nobody can be asked, or the answer is another one than the stack's name.
    """
    if assume_yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise RefusedError(
            f"this would {what}; stdin is not a terminal, so nobody can be asked. Nothing was touched."
            f"{hint and f' {hint}'} To agree, run again with --yes.",
            Exit.USAGE,
        )
    console.error(f"This will {what}.{hint and f' {hint}'}")
    if input(f"Type '{stack}' to go on: ").strip() != stack:
        raise RefusedError("not confirmed. Nothing was touched.", Exit.CANCELLED)


def services_of(resources: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The services among `resources`, as a state of the engine lists them."""
    return frozenset(str(each["urn"]).rpartition("::")[2] for each in resources if each["type"] == SERVICE)


@dataclass(frozen=True, kw_only=True)
class Removal:
    """The services that a run would remove, of those the last one has made."""

    project: Project
    stack: str
    before: Collection[str]
    after: Collection[str]
    folder: Path
    """Of the stack's runs; remembers which catalogue the last one had."""

    @property
    def gone(self) -> tuple[str, ...]:
        """The services that are no longer in the catalogue, sorted."""
        return tuple(sorted(set(self.before) - set(self.after)))

    @property
    def unusual(self) -> bool:
        """Whether more than half of the services would go; all of one is more than half."""
        return 2 * len(self.gone) > len(set(self.before))

    def agree(self, console: Console, *, assume_yes: bool) -> None:
        """Says and asks where the removal is unusual; remembers the catalogue where nothing is in the way.

        Raises RefusedError as `confirm` does.
        """
        if self.unusual:
            if assume_yes:
                console.error(f"--yes was given, so this will {self._sentence}.")
            confirm(console, self._sentence, self.stack, assume_yes=assume_yes, hint=self._other)
        self._remembered.write_text(f"{self.project.services}\n", encoding="utf-8")

    @property
    def _sentence(self) -> str:
        many = len(set(self.before))
        count = "every service of" if len(self.gone) == many else f"{len(self.gone)} of the {many} services of"
        more = f" and {len(self.gone) - SHOWN} more" if len(self.gone) > SHOWN else ""
        return (
            f"REMOVE {count} '{self.stack}', because {self.project.shown(self.project.services)}"
            f" does not describe them: {', '.join(self.gone[:SHOWN])}{more}"
        )

    @property
    def _other(self) -> str:
        """The command that would not remove them, where the last run had another catalogue."""
        try:
            last = Path(self._remembered.read_text(encoding="utf-8").strip())
        except OSError:
            return ""
        if last == self.project.services or not last.is_dir():
            return ""
        meant = Project(root=self.project.root, services=last).command("up", "-s", self.stack)
        return f"The last run had another catalogue; to go on with it: `{meant}`."

    @property
    def _remembered(self) -> Path:
        return self.folder / "catalogue"
