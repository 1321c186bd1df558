"""A stack on the embedded control plane: everything it needs is provided, everything it leaves lies in .embedded.

The engine runs without writing its record after every step (PULUMI_SKIP_CHECKPOINTS): 600 objects take 9 s instead of
90 s (measured, two cores). What a killed engine could not record is found by asking the cluster, which is ours alone:
  * an object with our mark that the engine applied and no record holds is removed before the next run makes it again;
  * the record is compared with the cluster (--refresh), so that what was deleted unrecorded is made again;
  * after `down` everything with our mark is removed, whoever made it.
A marker file says that an engine has not ended by itself. Only here: on a cluster somebody else may use, the engine
writes its record after every step and nothing is removed that no record holds (existing_stack.py).
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from blueprint.clusters import EMBEDDED
from blueprint.settings import Cluster as ClusterText
from operations import embedded, engine
from operations.agreeing import Removal, services_of
from operations.console import Console
from operations.embedded_files import Files
from operations.embedded_left import Left
from operations.exits import Exit, RefusedError
from operations.guard import Guard, alone
from operations.keeping import Stores
from operations.leftovers import Cluster, recorded, resources_in
from operations.made import NOTHING, Gone, Made, changes
from operations.project import Project
from operations.pulumi_cli import MENDING, Pulumi, durable

PARALLEL = "64"
"""Operations at once: they wait for the API server, not for a core."""
_FAST = {
    "PULUMI_SKIP_CHECKPOINTS": "true",
    "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",  # a copy of the state per run, never read
}


@dataclass(frozen=True, kw_only=True)
class EmbeddedStack:
    """One stack; `up` and `down` are all there is to it."""

    project: Project
    stack: str
    console: Console
    cluster: ClusterText

    def up(self, *, total: int, services: Collection[str], stores: Stores, assume_yes: bool) -> Made:
        """Everything provided, started and made."""
        with alone(self._files.folder, self.project.command("up", "-s", self.stack), self.console) as guard:
            self._refuse_second_stack()
            stores.agree(self.console, resources_in(self._files.checkpoint), assume_yes=assume_yes)
            self._removal(services).agree(self.console, assume_yes=assume_yes)
            with self.console.busy("engine") as phase:
                tools = engine.provide(progress=phase.fact)
            status = self._start(tools)
            pulumi = self._pulumi(tools, guard, {})
            mending = self._left(pulumi, tools).mend()
            with self.console.phase("objects") as phase:
                tally = self._pulumi(tools, guard, MENDING if mending else {}).work(
                    "up",
                    *self._options,
                    f"--config-file={self._files.config()}",
                    *(["--refresh=true"] if mending else []),
                    cwd=self.project.root,
                    watch=lambda now: phase.count(f"{now.done} of {total}"),
                )
                phase.outcome = f"{tally.done} in place, {tally.changed} changed"
            ready, pods = self._cluster(tools).pods()
        kubeconfig = self.project.shown(status.kubeconfig)
        kubectl = "kubectl" if shutil.which("kubectl") else str(tools.kubectl)
        return Made(
            changes=changes(tally),
            pods_ready=ready,
            pods=pods,
            server=status.server or "",
            cluster=f"Kubernetes {status.version}, {status.nodes} simulated nodes: containers do not run here",
            kubeconfig=kubeconfig,
            context=EMBEDDED,
            next_commands={
                shlex.join([kubectl, "--kubeconfig", kubeconfig, "get", "pods", "-A"]): "what runs",
                self.project.command(
                    "up", "-s", self.stack
                ): f"after a change in {self.project.shown(self.project.services)}/",
                self.project.command("down", "-s", self.stack): "remove it all",
            },
        )

    def down(self, *, keep_cluster: bool, stores: Stores, assume_yes: bool) -> Gone:  # noqa: ARG002  (no data here)
        """Everything removed, looked after, and the control plane stopped."""
        if not self._files.folder.is_dir():
            return NOTHING
        with alone(self._files.folder, self.project.command("down", "-s", self.stack), self.console) as guard:
            if not self._files.salted.is_file():
                return self._nothing(keep_cluster=keep_cluster)
            with self.console.busy("engine") as phase:
                tools = engine.provide(progress=phase.fact)
            self._start(tools)
            pulumi = self._pulumi(tools, guard, {})
            left = self._left(pulumi, tools)
            left.unlock()
            deleted = 0
            if self._files.checkpoint.is_file():
                total = len(recorded(self._files.checkpoint))
                with self.console.phase("removing objects") as phase:
                    tally = pulumi.work(
                        "destroy",
                        *self._options,
                        f"--config-file={self._files.config()}",
                        cwd=self.project.root,  # the provider's kubeconfig is a path from here
                        watch=lambda now: phase.count(f"{now.removed} of {total}"),
                    )
                    deleted = tally.operations["delete"]
                    phase.outcome = f"{deleted} removed"
            swept = left.sweep()
            pulumi.unfinished.unlink(missing_ok=True)
            self._files.forget()
            stopped = not keep_cluster and embedded.stop(self.project.embedded, tools)
        return Gone(deleted=deleted, swept=swept, looked=True, stopped=stopped)

    @property
    def _files(self) -> Files:
        return Files(project=self.project, stack=self.stack)

    @property
    def _options(self) -> tuple[str, ...]:
        return (f"--stack={self.stack}", "--yes", "--skip-preview", f"--parallel={PARALLEL}", "--suppress-outputs")

    def _removal(self, services: Collection[str]) -> Removal:
        before = services_of(resources_in(self._files.checkpoint))
        return Removal(project=self.project, stack=self.stack, before=before, after=services, folder=self._files.folder)

    def _refuse_second_stack(self) -> None:
        if others := self._files.others:
            raise RefusedError(
                f"The embedded control plane of this project holds the stack '{others[0]}', and the objects of"
                f" '{self.stack}' have the same names. Run `{self.project.command('down', '-s', others[0])}` first.",
                Exit.USAGE,
            )

    @property
    def _strict(self) -> Path | None:
        """Strict definitions of the custom resources, where somebody has laid them beside the project; else the
        control plane makes do with permissive ones of its own."""
        beside = self.project.root.parent / "shared" / "crds"
        return beside if beside.is_dir() else None

    def _start(self, tools: engine.Toolchain) -> embedded.Status:
        with self.console.phase("control plane") as phase:
            status = embedded.start(self.project.embedded, tools, crds=self._strict, progress=phase.fact)
            engine.install_plugins(tools, self._files.home)
            phase.outcome = f"{status.server}"
        return status

    def _pulumi(self, tools: engine.Toolchain, guard: Guard, more: Mapping[str, str]) -> Pulumi:
        self._files.tidy()
        surroundings = engine.environment(
            tools, self._files.home, backend=durable(self._files.state.as_uri()), passphrase=self._files.passphrase()
        )
        environment = {**surroundings, **_FAST, **more}
        return Pulumi(binary=tools.pulumi, folder=self._files.folder, environment=environment, guard=guard)

    def _cluster(self, tools: engine.Toolchain) -> Cluster:
        return Cluster(
            kubectl=tools.kubectl,
            kubeconfig=self.project.embedded / "kubeconfig",
            context=EMBEDDED,
            cache=self._files.folder / "kubectl",
        )

    def _left(self, pulumi: Pulumi, tools: engine.Toolchain) -> Left:
        return Left(
            stack=self.stack, files=self._files, pulumi=pulumi, cluster=self._cluster(tools), console=self.console
        )

    def _nothing(self, *, keep_cluster: bool) -> Gone:
        no_tools = engine.Toolchain(tools={}, origin={})  # stopping asks the process table only
        stopped = not keep_cluster and embedded.stop(self.project.embedded, no_tools)
        return Gone(deleted=0, swept=(), looked=False, stopped=stopped)
