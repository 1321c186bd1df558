"""`plat prove`: what a running stack promises, observed in a laboratory of its own (`operations.laboratory`)."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blueprint.clusters import decide
from blueprint.settings import Settings
from operations import engine
from operations.console import Console, many
from operations.deciding import read_both, today
from operations.exits import Exit, RefusedError
from operations.laboratory import machine, sandbox
from operations.laboratory.network import Proof, prove
from operations.laboratory.observed import observe
from operations.leftovers import Cluster
from operations.project import Project
from operations.reaching import reach
from policies.core.facts import Facts
from policies.core.limits import limits_of

_SHOWN = 20
"""Differences that are printed; --json has all."""


@dataclass(frozen=True, kw_only=True)
class Proven:
    """What was observed of one stack."""

    stack: str
    network: Proof
    by: str
    """Who enforced the policies, with its version."""

    @property
    def exit_code(self) -> Exit:
        return Exit.POLICY if self.network.differences else Exit.OK

    def record(self) -> Mapping[str, Any]:
        """For `--json`."""
        return {"stack": self.stack, "by": self.by, "network": self.network.record()}

    def text(self, console: Console) -> str:
        """For people."""
        proof = self.network
        wrong = len(proof.differences)
        head = "what connects is what is declared" if not wrong else f"{many(wrong, 'connection')} not as declared"
        stand_ins = len(proof.hosts) - proof.pods
        refused = proof.attempts - len(proof.passed)
        lines = [
            console.title(f"{self.stack}, network: {head}."),
            f"  {many(proof.pods, 'pod')} of the stack and {many(stand_ins, 'stand-in')}, each a network namespace"
            f" behind {self.by}",
            f"  {many(proof.policies, 'NetworkPolicy').replace('Policys', 'Policies')} of the cluster became"
            f" {proof.rules:,} iptables rules",
            f"  {proof.attempts:,} attempts: {len(proof.passed):,} connected, {refused:,} were refused;"
            f" {proof.left_open:,} of them are for an operator's own policies to decide",
            f"  {proof.seconds:.0f} s, {proof.memory_bytes / 1e6:.0f} MB",
        ]
        lines += [f"  {difference}" for difference in proof.differences[:_SHOWN]]
        if wrong > _SHOWN:
            lines.append(f"  and {wrong - _SHOWN} more: --json has all of them")
        return "\n".join(lines)


def proven(project: Project, stack: str, console: Console, *, only: Sequence[str]) -> Proven:
    """Observes the running `stack`; with `only`, of its services those with these names.

    Raises:
        RefusedError, EngineError: this machine cannot, or the stack is not up; the text says what helps.
        TextError: the settings or the catalogue are wrong.
    """
    with console.busy("reading the catalogue"):
        settings, catalogue = read_both(project, stack)
    facts = Facts.of_stack(settings, catalogue, limits=limits_of(settings.environment), today=today())
    if unknown := sorted(set(only) - facts.service.keys()):
        raise RefusedError(
            f"{stack} has no service {', '.join(unknown)}. Its services: {', '.join(sorted(facts.service))}.",
            Exit.USAGE,
        )
    machine.check(sandbox.command())
    with console.busy("tools") as phase:
        tools = engine.provide(progress=phase.fact, only=[engine.CONTROL_PLANE, engine.KUBE_ROUTER])
    with console.busy("reading the cluster"):
        observed = observe(_cluster(project, settings, tools))
    with console.phase("network") as phase:
        proof = prove(observed, facts, tools, phase, only)
        phase.outcome = f"{many(len(proof.differences), 'difference')}"
    return Proven(stack=stack, network=proof, by=f"kube-router {tools.origin['kube-router']}")


def _cluster(project: Project, settings: Settings, tools: engine.Toolchain) -> Cluster:
    """The stack's own. Raises TextError where the kubeconfig leads elsewhere."""
    reached = reach(decide(settings.cluster), project.root)
    on_path = shutil.which("kubectl")
    return Cluster(
        kubectl=Path(on_path) if on_path else tools.kubectl,
        kubeconfig=reached.path.expanduser(),
        context=reached.context,
        cache=project.embedded / "prove" / "kubectl",
    )
