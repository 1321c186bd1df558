"""A stack on a cluster somebody else made and others may use: asked about first, recorded step by step, never swept.

Only what the stack's own record names is removed, by the engine; what is left of that record afterwards is reported.
Backend, credentials and the cluster's kubeconfig are the user's. A lock of the backend is left alone, as its holder may
be on another machine, unless it is that of this working copy's own last engine, which has ended.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from blueprint.clusters import decide
from blueprint.reading.stacks import Kubeconfig
from blueprint.settings import Cluster as ClusterText
from operations import engine
from operations.console import Console
from operations.exits import Exit, RefusedError
from operations.guard import Guard, alone
from operations.leftovers import Cluster, keys_of, remaining
from operations.made import Gone, Made, changes
from operations.project import Project
from operations.pulumi_cli import MENDING, Pulumi, durable
from operations.reaching import reach

PARALLEL = "32"
"""Operations at once: half of the embedded stack's, the server has other clients."""
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

    def up(self, *, total: int, assume_yes: bool) -> Made:
        """The stack as its files say."""
        reached = self._reached()
        self._check_backend()
        self._agree(f"change the cluster '{reached.cluster}' at {reached.server}", assume_yes)
        with alone(self._folder, f"plat up -s {self.stack}", self.console) as guard:
            tools = self._tools()
            pulumi = self._pulumi(tools, guard)
            self._ensure(pulumi)
            if begun := self._mend(pulumi, guard, self._cluster(tools, reached)):
                self._finish(self._pulumi(tools, guard, MENDING), begun)
            with self.console.phase("objects") as phase:
                tally = pulumi.work(
                    "up",
                    *self._options,
                    *self._config(),
                    cwd=self.project.root,
                    watch=lambda now: phase.count(f"{now.done} of {total}"),
                )
                phase.outcome = f"{tally.done} in place, {tally.changed} changed"
            ready, pods = self._cluster(tools, reached).pods()
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
                f"./plat up -s {self.stack}": "after a change in services/",
            },
        )

    def down(self, *, keep_cluster: bool, assume_yes: bool) -> Gone:  # noqa: ARG002  (the cluster is not ours)
        """The stack's record emptied, and looked whether anything it named is still there."""
        reached = self._reached()
        self._check_backend()
        self._agree(f"REMOVE everything of '{self.stack}' from '{reached.cluster}' at {reached.server}", assume_yes)
        with alone(self._folder, f"plat down -s {self.stack}", self.console) as guard:
            tools = self._tools()
            pulumi = self._pulumi(tools, guard)
            self._mend(pulumi, guard, self._cluster(tools, reached))
            record = keys_of(self._deployment(pulumi).get("resources") or ())
            with self.console.phase("removing objects") as phase:
                tally = pulumi.work(
                    "destroy",
                    *self._options,
                    *self._config(),
                    cwd=self.project.root,
                    watch=lambda now: phase.count(f"{now.done} of {len(record)}"),
                )
                phase.outcome = f"{tally.operations['delete']} removed"
            with self.console.phase("looking for what remains"):
                ours = self._cluster(tools, reached).ours()
                if staying := [found for found in ours if found.key in record]:
                    raise remaining(staying)
        return Gone(deleted=tally.operations["delete"], swept=(), looked=True, stopped=False)

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

    def _agree(self, what: str, assume_yes: bool) -> None:
        if assume_yes:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise RefusedError(
                f"this would {what}, but stdin is not a terminal. Nothing was touched. To agree, run again with --yes.",
                Exit.USAGE,
            )
        self.console.error(f"This will {what}.")
        if input(f"Type '{self.stack}' to go on: ").strip() != self.stack:
            raise RefusedError("not confirmed. Nothing was touched.", Exit.CANCELLED)

    # ------------------------------------------------------------------ steps

    @property
    def _folder(self) -> Path:
        return self.project.embedded / "stacks" / self.stack

    @property
    def _options(self) -> tuple[str, ...]:
        return (f"--stack={self.stack}", "--yes", "--skip-preview", f"--parallel={PARALLEL}", "--suppress-outputs")

    def _tools(self) -> engine.Toolchain:
        wanted = [engine.ENGINE, *([] if shutil.which("kubectl") else [engine.CONTROL_PLANE])]
        with self.console.busy("engine") as phase:
            return engine.provide(progress=phase.fact, only=wanted)

    def _pulumi(self, tools: engine.Toolchain, guard: Guard, more: Mapping[str, str] | None = None) -> Pulumi:
        home = self.project.embedded / "pulumi-home"
        users = {name: os.environ[name] for name in _USERS if name in os.environ}
        users[BACKEND] = durable(users[BACKEND])
        surroundings = engine.environment(tools, home, backend=users[BACKEND], passphrase=None)
        return Pulumi(
            binary=tools.pulumi, folder=self._folder, environment={**surroundings, **users, **(more or {})}, guard=guard
        )

    def _cluster(self, tools: engine.Toolchain, reached: Kubeconfig) -> Cluster:
        on_path = shutil.which("kubectl")
        return Cluster(
            kubectl=Path(on_path) if on_path else tools.kubectl,
            kubeconfig=reached.path.expanduser(),
            context=reached.context,
            cache=self._folder / "kubectl",
        )

    def _config(self) -> tuple[str, ...]:
        """Nothing: Pulumi finds the stack's own file. With another catalogue a copy that names it."""
        if self.project.services == self.project.root / "services":
            return ()
        given = yaml.safe_load(self.project.stack_file(self.stack).read_text(encoding="utf-8"))
        given["config"]["platform:services"] = str(self.project.services)
        file = self._folder / "config.yaml"
        file.write_text(yaml.safe_dump(given), encoding="utf-8")
        return (f"--config-file={file}",)

    def _ensure(self, pulumi: Pulumi) -> None:
        """The stack exists in the backend; a new one gets its salt into the user's own file, where it belongs."""
        done = pulumi.ask("stack", f"--stack={self.stack}", "--show-name", cwd=self.project.root)
        if done.returncode != 0 and "no stack named" in done.stderr:
            done = pulumi.ask("stack", "init", self.stack, "--no-select", cwd=self.project.root)
        if done.returncode != 0:
            raise RefusedError(f"the stack '{self.stack}' cannot be opened in its backend:\n{done.stderr.strip()}")

    def _deployment(self, pulumi: Pulumi) -> Mapping[str, list[dict[str, Any]]]:
        """The stack's record: `resources`, and `pending_operations` of a run that was cut off."""
        done = pulumi.ask("stack", "export", f"--stack={self.stack}", cwd=self.project.root)
        if done.returncode != 0:
            code = Exit.STACK_NOT_FOUND if "no stack named" in done.stderr else Exit.ERROR
            raise RefusedError(f"the record of '{self.stack}' cannot be read:\n{done.stderr.strip()}", code)
        deployment: Mapping[str, list[dict[str, Any]]] = json.loads(done.stdout)["deployment"] or {}
        return deployment

    def _mend(self, pulumi: Pulumi, guard: Guard, cluster: Cluster) -> Sequence[str]:
        """After a run that was killed: its lock removed, what it was making recorded, the record compared. The URNs of
        what it was making.

        Only a lock of this working copy's own last engine is removed, and only an object with our mark is recorded:
        what was in the way before that engine came stays somebody else's.
        """
        pending = [
            operation["resource"]
            for operation in self._deployment(pulumi).get("pending_operations") or ()
            if operation["type"] == "creating"
        ]
        if not pending and not pulumi.unfinished.exists():
            return ()
        with self.console.phase("mending what an interrupted run has left") as phase:
            there = {found.key for found in cluster.ours()}
            begun = [entry for entry in pending if keys_of([_identified(entry)]) <= there]
            made = [word for entry in begun for word in (entry["urn"], _identified(entry)["id"])]
            options = [*self._options, *self._config(), *(f"--import-pending-creates={word}" for word in made)]

            def refresh() -> None:
                pulumi.work("refresh", *options, cwd=self.project.root, watch=lambda now: phase.count(str(now.done)))

            try:
                refresh()
            except RefusedError as error:
                if not any(f"@{socket.gethostname()} (pid {pid})" in str(error) for pid in guard.ended):
                    raise
                pulumi.ask("cancel", "--yes", f"--stack={self.stack}", cwd=self.project.root)
                refresh()
            phase.outcome = f"{len(begun)} objects recorded that were not"
        return [str(entry["urn"]) for entry in begun]

    def _finish(self, pulumi: Pulumi, begun: Sequence[str]) -> None:
        """Lets the engine write what the killed one had begun over it, and nothing else: on any other object somebody
        else's fields stay theirs."""
        with self.console.phase("finishing what was begun") as phase:
            targets = [f"--target={urn}" for urn in begun]
            options = (*self._options, *self._config(), *targets)
            pulumi.work("up", *options, cwd=self.project.root, watch=lambda now: phase.count(str(now.done)))
            phase.outcome = f"{len(begun)} objects"


def _identified(resource: Mapping[str, Any]) -> dict[str, str]:
    """A resource that was being made, with the id it gets: the name of a Kubernetes object is known beforehand."""
    metadata = resource.get("inputs", {}).get("metadata", {})
    name = "/".join(filter(None, [metadata.get("namespace"), metadata.get("name")]))
    return {"type": resource["type"], "id": resource.get("id") or name}
