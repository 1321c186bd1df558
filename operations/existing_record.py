"""The record of one stack in the user's own backend, and what the engine does with it.

After a run that was killed, the record is made to agree with the cluster before anything else is done. It is never
made to agree by removing something: an object no record names may be somebody else's.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from operations.console import Console, many
from operations.events import Tally
from operations.exits import Exit, RefusedError
from operations.leftovers import Cluster, keys_of
from operations.project import Project
from operations.pulumi_cli import ADOPTING, MENDING, Pulumi

PARALLEL = "32"
"""Operations at once: half of the embedded stack's, the server has other clients."""


PLATFORM = "**platform:platform:**"
"""Matches the URNs of everything below a component of the platform."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What the backend holds of one stack."""

    project: Project
    stack: str
    console: Console
    pulumi: Pulumi

    def ensure(self) -> None:
        """The stack exists in the backend; a new one gets its salt into the user's own file, where it belongs.

        Raises RefusedError where the backend refuses.
        """
        done = self.pulumi.ask("stack", f"--stack={self.stack}", "--show-name", cwd=self.project.root)
        if done.returncode != 0 and "no stack named" in done.stderr:
            done = self.pulumi.ask("stack", "init", self.stack, "--no-select", cwd=self.project.root)
        if done.returncode != 0:
            raise RefusedError(f"the stack '{self.stack}' cannot be opened in its backend:\n{done.stderr.strip()}")

    def keys(self) -> frozenset[tuple[str, str, str, str]]:
        """Group, kind, namespace and name of each object it names. Raises RefusedError where it cannot be read."""
        return keys_of(self.resources())

    def resources(self) -> Sequence[Mapping[str, Any]]:
        """Everything it names. Raises RefusedError where it cannot be read."""
        return self._deployment().get("resources") or ()

    def unprotect(self, urns: Sequence[str]) -> None:
        """Lets the engine delete what was agreed to go. Raises RefusedError where it cannot be written."""
        for urn in urns:
            done = self.pulumi.ask("state", "unprotect", urn, "--yes", f"--stack={self.stack}", cwd=self.project.root)
            if done.returncode != 0:
                raise RefusedError(f"{urn} is protected, and that cannot be changed:\n{done.stderr.strip()}")

    def work(self, command: str, *more: str, watch: Callable[[Tally], None]) -> Tally:
        """A long command of the engine on the whole stack, or on what `more` says. Raises as `Pulumi.work` does."""
        return self._work(self.pulumi, command, *more, watch=watch)

    def mend(self, cluster: Cluster) -> Sequence[str]:
        """After a run that was killed: its lock removed, what it was making recorded, the record compared. The URNs of
        what it was making.

        Only a lock of this working copy's own last engine is removed, and only an object with our mark is recorded:
        what was in the way before that engine came stays somebody else's.
        """
        pending = [
            operation["resource"]
            for operation in self._deployment().get("pending_operations") or ()
            if operation["type"] == "creating"
        ]
        if not pending and not self.pulumi.unfinished.exists():
            return ()
        with self.console.phase("mending what an interrupted run has left") as phase:
            there = {found.key for found in cluster.ours()}
            begun = [entry for entry in pending if keys_of([_identified(entry)]) <= there]
            made = [word for entry in begun for word in (entry["urn"], _identified(entry)["id"])]
            imported = [f"--import-pending-creates={word}" for word in made]

            def refresh() -> None:
                self.work("refresh", *imported, watch=lambda now: phase.count(str(now.refreshed)))

            try:
                refresh()
            except RefusedError as error:
                ended = self.pulumi.guard.ended
                if not any(f"@{socket.gethostname()} (pid {pid})" in str(error) for pid in ended):
                    raise
                self.pulumi.ask("cancel", "--yes", f"--stack={self.stack}", cwd=self.project.root)
                refresh()
            phase.outcome = f"{many(len(begun), 'object')} newly recorded"
        return [str(entry["urn"]) for entry in begun]

    def finish(self, begun: Sequence[str]) -> None:
        """Lets the engine write what the killed one had begun over it, and nothing else: on any other object somebody
        else's fields stay theirs."""
        self._write_over("finishing what was begun", begun, MENDING)

    def take_back(self, urns: Sequence[str], *, platform_first: bool) -> None:
        """Lets the engine write over what was kept in the cluster when it left the record, and record it again."""
        if platform_first:
            with self.console.phase("the platform") as phase:
                tally = self.work("up", f"--target={PLATFORM}", watch=lambda now: phase.count(str(now.done)))
                phase.outcome = many(tally.done, "object")
        self._write_over("taking back what was kept", urns, ADOPTING)

    def _write_over(self, what: str, urns: Sequence[str], more: Mapping[str, str]) -> None:
        forcing = replace(self.pulumi, environment={**self.pulumi.environment, **more})
        with self.console.phase(what) as phase:
            targets = [f"--target={urn}" for urn in urns]
            tally = self._work(forcing, "up", *targets, watch=lambda now: phase.count(str(now.done)))
            phase.outcome = many(tally.done, "object")

    def _work(self, pulumi: Pulumi, command: str, *more: str, watch: Callable[[Tally], None]) -> Tally:
        options = (f"--stack={self.stack}", "--yes", "--skip-preview", f"--parallel={PARALLEL}", "--suppress-outputs")
        return pulumi.work(command, *options, *self._config(), *more, cwd=self.project.root, watch=watch)

    def _config(self) -> tuple[str, ...]:
        """Nothing: Pulumi finds the stack's own file. With another catalogue a copy that names it."""
        if self.project.services == self.project.root / "services":
            return ()
        given = yaml.safe_load(self.project.stack_file(self.stack).read_text(encoding="utf-8"))
        given["config"]["platform:services"] = str(self.project.services)
        file = self.pulumi.folder / "config.yaml"
        file.write_text(yaml.safe_dump(given), encoding="utf-8")
        return (f"--config-file={file}",)

    def _deployment(self) -> Mapping[str, list[dict[str, Any]]]:
        """`resources`, and `pending_operations` of a run that was cut off."""
        done = self.pulumi.ask("stack", "export", f"--stack={self.stack}", cwd=self.project.root)
        if done.returncode != 0:
            code = Exit.STACK_NOT_FOUND if "no stack named" in done.stderr else Exit.ERROR
            raise RefusedError(f"the record of '{self.stack}' cannot be read:\n{done.stderr.strip()}", code)
        deployment: Mapping[str, list[dict[str, Any]]] = json.loads(done.stdout)["deployment"] or {}
        return deployment


def _identified(resource: Mapping[str, Any]) -> dict[str, str]:
    """A resource that was being made, with the id it gets: the name of a Kubernetes object is known beforehand."""
    metadata = resource.get("inputs", {}).get("metadata", {})
    name = "/".join(filter(None, [metadata.get("namespace"), metadata.get("name")]))
    return {"type": resource["type"], "id": resource.get("id") or name}
