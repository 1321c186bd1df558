"""A stack on a cluster somebody else made and others may use: asked about first, recorded step by step, never swept.

Only what the stack's own record names is removed, by the engine; what is left of that record afterwards is reported.
Backend, credentials and the cluster's kubeconfig are the user's. A lock of the backend is left alone, as its holder may
be on another machine, unless it is that of this working copy's own last engine, which has ended.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blueprint.clusters import decide
from blueprint.reading.stacks import Kubeconfig
from blueprint.settings import Cluster as ClusterText
from operations import engine
from operations.agreeing import Removal, confirm, services_of
from operations.console import Console
from operations.existing_record import Record
from operations.exits import Exit, RefusedError
from operations.guard import Guard, alone
from operations.keeping import Returning, Stores, buried
from operations.leftovers import Cluster, remaining
from operations.made import Gone, Made, changes
from operations.project import Project
from operations.pulumi_cli import Pulumi, durable
from operations.reaching import reach

BACKEND = "PULUMI_BACKEND_URL"
_USERS = (BACKEND, "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
"""The only PULUMI_ variables of the user's that reach the engine: where the state is, and how to read it."""


@dataclass(frozen=True, kw_only=True)
class ExistingStack:
    """One stack; `up` and `down` are all there is to it."""

    project: Project
    stack: str
    console: Console
    cluster: ClusterText

    def up(self, *, total: int, services: Collection[str], stores: Stores, assume_yes: bool) -> Made:
        """The stack as its files say."""
        reached = self._reached()
        self._check_backend()
        what = f"change the cluster '{reached.cluster}' at {reached.server}"
        confirm(self.console, what, self.stack, assume_yes=assume_yes)
        with alone(self._folder, self.project.command("up", "-s", self.stack), self.console) as guard:
            tools = self._tools()
            cluster, record = self._cluster(tools, reached), self._record(tools, guard)
            record.ensure()
            before = record.resources()
            self._agree(stores, before, cluster, assume_yes=assume_yes)
            removal = Removal(
                project=self.project,
                stack=self.stack,
                before=services_of(before),
                after=services,
                folder=self._folder,
            )
            removal.agree(self.console, assume_yes=assume_yes)
            if begun := record.mend(cluster):
                record.finish(begun)
            going = stores.going(before)
            cluster.keep(going.kept_keys, self.stack)
            record.unprotect(going.protected)
            self._take_back(stores, record, cluster)
            with self.console.phase("objects") as phase:
                tally = record.work("up", watch=lambda now: phase.count(f"{now.done} of {total}"))
                phase.outcome = f"{tally.done} in place, {tally.changed} changed"
            ready, pods = cluster.pods()
        access = ["--kubeconfig", str(reached.path), "--context", reached.context]
        return Made(
            changes=changes(tally),
            pods_ready=ready,
            pods=pods,
            server=reached.server,
            cluster=f"the cluster '{reached.cluster}'",
            kubeconfig=str(reached.path),
            context=reached.context,
            next_commands={
                f"kubectl {shlex.join(access)} get pods -A": "what runs",
                self.project.command(
                    "up", "-s", self.stack
                ): f"after a change in {self.project.shown(self.project.services)}/",
            },
            kept=going.stores_kept,
        )

    def down(self, *, keep_cluster: bool, stores: Stores, assume_yes: bool) -> Gone:  # noqa: ARG002  (not ours)
        """The stack's record emptied, and looked whether anything it named is still there."""
        reached = self._reached()
        self._check_backend()
        what = f"REMOVE everything of '{self.stack}' from '{reached.cluster}' at {reached.server}"
        confirm(self.console, what, self.stack, assume_yes=assume_yes)
        with alone(self._folder, self.project.command("down", "-s", self.stack), self.console) as guard:
            tools = self._tools()
            cluster, record = self._cluster(tools, reached), self._record(tools, guard)
            self._agree(stores, record.resources(), cluster, assume_yes=assume_yes)
            record.mend(cluster)
            going = stores.going(record.resources())
            cluster.keep(going.kept_keys, self.stack)
            record.unprotect(going.protected)
            recorded = record.keys()
            with self.console.phase("removing objects") as phase:
                tally = record.work("destroy", watch=lambda now: phase.count(f"{now.removed} of {len(recorded)}"))
                phase.outcome = f"{tally.operations['delete']} removed"
            with self.console.phase("looking for what remains"):
                if staying := [found for found in cluster.ours() if found.key in recorded - going.kept_keys]:
                    raise remaining(staying)
        return Gone(deleted=tally.operations["delete"], swept=(), looked=True, stopped=False, kept=going.stores_kept)

    # ------------------------------------------------------------------ before anything is touched

    def _reached(self) -> Kubeconfig:
        """Where the kubeconfig leads. Raises TextError where that is not the stack's cluster."""
        return reach(decide(self.cluster), self.project.root)

    def _check_backend(self) -> None:
        if not os.environ.get(BACKEND):
            raise RefusedError(
                f"{BACKEND} is not set, so it is not known where the record of '{self.stack}' is kept. Nothing was"
                f" touched. Set it (s3://<bucket>, gs://<bucket>, https://api.pulumi.com or file://<folder>).",
                Exit.USAGE,
            )

    def _agree(
        self, stores: Stores, record: Sequence[Mapping[str, Any]], cluster: Cluster, *, assume_yes: bool
    ) -> None:
        """Raises RefusedError where a store, or what was kept of one, would go without anybody's word."""
        stores.agree(self.console, record, assume_yes=assume_yes)
        going = stores.going(record)
        if going.namespaces and (refused := buried(going, cluster.kept())):
            raise refused

    def _take_back(self, stores: Stores, record: Record, cluster: Cluster) -> None:
        """Records again what is wanted and was kept in the cluster when it left the record."""
        returning = Returning(wanted=stores.wanted, recorded=record.keys())
        if not (returning.possible and (kept := returning.of(cluster.kept()))):
            return
        urns = returning.urns(kept, self.stack, self.project.name)
        record.take_back(urns, platform_first=returning.platform_first)
        cluster.release(kept)

    # ------------------------------------------------------------------ steps

    @property
    def _folder(self) -> Path:
        return self.project.embedded / "stacks" / self.stack

    def _tools(self) -> engine.Toolchain:
        wanted = [engine.ENGINE, *([] if shutil.which("kubectl") else [engine.CONTROL_PLANE])]
        with self.console.busy("engine") as phase:
            return engine.provide(progress=phase.fact, only=wanted)

    def _record(self, tools: engine.Toolchain, guard: Guard) -> Record:
        home = self.project.embedded / "pulumi-home"
        users = {name: os.environ[name] for name in _USERS if name in os.environ}
        users[BACKEND] = durable(users[BACKEND])
        surroundings = engine.environment(tools, home, backend=users[BACKEND], passphrase=None)
        pulumi = Pulumi(binary=tools.pulumi, folder=self._folder, environment={**surroundings, **users}, guard=guard)
        return Record(project=self.project, stack=self.stack, console=self.console, pulumi=pulumi)

    def _cluster(self, tools: engine.Toolchain, reached: Kubeconfig) -> Cluster:
        on_path = shutil.which("kubectl")
        return Cluster(
            kubectl=Path(on_path) if on_path else tools.kubectl,
            kubeconfig=reached.path.expanduser(),
            context=reached.context,
            cache=self._folder / "kubectl",
        )
