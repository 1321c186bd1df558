"""What runs have left on the embedded control plane: found by our mark, and removed, whoever made it.

Only here, as the control plane is ours alone. The engine has written no record of what it was doing when it was
killed, so the cluster is asked instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from operations.console import Console, many
from operations.embedded_files import Files
from operations.exits import RefusedError
from operations.leftovers import Cluster, recorded, remaining
from operations.pulumi_cli import Pulumi


@dataclass(frozen=True, kw_only=True)
class Left:
    """What earlier runs of one stack have left, in its record and in the cluster."""

    stack: str
    files: Files
    pulumi: Pulumi
    cluster: Cluster
    console: Console

    def unlock(self) -> None:
        """Removes the backend's lock of an engine that was killed: with the guard held, none is alive."""
        if self.files.has_lock():
            self.pulumi.ask("cancel", "--yes", f"--stack={self.stack}", cwd=self.files.salted.parent)

    def mend(self) -> bool:
        """Makes sure that the stack exists and that the cluster holds nothing unrecorded; whether a run was cut off.

        Raises RefusedError where the stack cannot be created or an object stays.
        """
        complete = self.files.salted.is_file() and self.files.checkpoint.is_file()
        if not complete:
            self._create()
        self.unlock()
        if complete and not self.pulumi.unfinished.exists():
            return False
        ours = self.cluster.ours()
        if not complete and not ours:
            return False  # a new stack on an empty cluster
        with self.console.phase("mending what an interrupted run has left") as phase:
            record = recorded(self.files.checkpoint)
            orphans = [found for found in ours if found.by_engine and found.key not in record]
            self.cluster.wait_until_gone(found for found in ours if found.going)
            self.cluster.remove(orphans)
            phase.outcome = f"{many(len(orphans), 'unrecorded object')} removed" if orphans else "nothing unrecorded"
        return True

    def sweep(self) -> tuple[str, ...]:
        """Removes whatever has our mark; proves that nothing is left. Names of what no record held.

        Raises RefusedError where something stays.
        """
        with self.console.phase("looking for what remains") as phase:
            ours = self.cluster.ours()
            left = [found for found in ours if not found.owned and not found.going]
            self.cluster.remove(left)
            self.cluster.wait_until_gone(ours)
            if staying := self.cluster.ours():
                raise remaining(staying)
            phase.outcome = "nothing"
        return tuple(str(found) for found in left if found.by_engine)

    def _create(self) -> None:
        done = self.pulumi.ask("stack", "init", self.stack, "--no-select", cwd=self.files.begin())
        if done.returncode != 0:
            raise RefusedError(f"the stack could not be created:\n{done.stderr.strip()}")
