"""`plat prove`: what a running stack promises, observed in a laboratory of its own (`operations.laboratory`)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from blueprint import design
from blueprint.clusters import decide
from blueprint.settings import Settings
from operations import engine
from operations.console import Console, many
from operations.deciding import read_both, today
from operations.exits import Exit, RefusedError
from operations.laboratory import machine
from operations.laboratory.network import NETWORK, Proof
from operations.laboratory.part import Asked, Observation, Part
from operations.laboratory.picture import svg
from operations.leftovers import Cluster
from operations.project import Project
from operations.reaching import reach
from policies.core.facts import Facts
from policies.core.limits import limits_of

PARTS: Final[Mapping[str, Part]] = {"network": NETWORK}
"""What `plat prove` may be asked for, in the order it is done."""
_SHOWN: Final = 20
"""Differences that are printed; --json has all."""


@dataclass(frozen=True, kw_only=True)
class Proven:
    """What was observed of one stack."""

    stack: str
    observed: Mapping[str, Observation]
    """By part."""

    @property
    def exit_code(self) -> Exit:
        return Exit.POLICY if any(each.differences for each in self.observed.values()) else Exit.OK

    def record(self) -> Mapping[str, Any]:
        """For `--json`."""
        return {"stack": self.stack, **{name: each.record() for name, each in self.observed.items()}}

    def text(self, console: Console) -> str:
        """For people."""
        return "\n".join(line for name, each in self.observed.items() for line in self._lines(name, each, console))

    def _lines(self, name: str, seen: Observation, console: Console) -> Iterator[str]:
        wrong = seen.differences
        yield console.title(f"{self.stack}, {name}: {f'{len(wrong)} not as declared' if wrong else seen.headline}.")
        yield from (f"  {line}" for line in seen.lines())
        yield from (f"  {difference}" for difference in wrong[:_SHOWN])
        if len(wrong) > _SHOWN:
            yield f"  and {len(wrong) - _SHOWN} more: --json has all of them"


def proven(project: Project, stack: str, console: Console, *, parts: Sequence[str], only: Sequence[str]) -> Proven:
    """Observes `parts` of the running `stack`; with `only`, of its services those with these names.

    Raises:
        RefusedError, EngineError: this machine cannot, or the stack is not up; the text says what helps.
        TextError: the settings or the catalogue are wrong.
    """
    chosen = {name: part for name, part in PARTS.items() if name in parts}
    with console.busy("reading the catalogue"):
        settings, catalogue = read_both(project, stack)
        facts = Facts.of_stack(settings, catalogue, limits=limits_of(settings.environment), today=today())
        blueprint = design(settings, catalogue, stack)
    check("part", parts, PARTS)
    check("service", only, facts.service)
    machine.check(as_root=any(part.as_root for part in chosen.values()))
    with console.busy("tools") as phase:
        groups = {group for part in chosen.values() for group in part.groups}
        tools = engine.provide(progress=phase.fact, only=groups)
    cluster = _cluster(project, settings, tools)
    _check_up(cluster, stack, project.command("up", "-s", stack))
    found = {}
    for name, part in chosen.items():
        with console.phase(name) as phase:
            asked = Asked(facts=facts, blueprint=blueprint, cluster=cluster, only=only, tools=tools, phase=phase)
            found[name] = part.observe(asked)
            phase.outcome = many(len(found[name].differences), "difference")
    return Proven(stack=stack, observed=found)


def draw(found: Proven, file: Path) -> None:
    """Writes the matrix of the network to `file`. Raises RefusedError where there is none, or it cannot be written."""
    proof = found.observed.get("network")
    if not isinstance(proof, Proof):
        raise RefusedError("--picture draws the network, which was not asked for. Add it: network.", Exit.USAGE)
    try:
        file.write_text(svg(proof, found.stack), encoding="utf-8")
    except OSError as error:
        raise RefusedError(f"{file} cannot be written: {error.strerror or error}. Name another file.") from error


def check(what: str, named: Sequence[str], known: Mapping[str, object]) -> None:
    if unknown := [name for name in named if name not in known]:
        raise RefusedError(f"There is no {what} {', '.join(unknown)}. Valid: {', '.join(sorted(known))}.", Exit.USAGE)


def _check_up(cluster: Cluster, stack: str, up: str) -> None:
    cure = f"Nothing was observed. Bring it up first: {up}"
    try:
        _, pods = cluster.pods()
    except RefusedError as error:
        raise RefusedError(f"{stack} is not up: {error}\n{cure}", Exit.STACK_NOT_FOUND) from None
    if not pods:
        raise RefusedError(f"{stack} is not up: its cluster holds no pod of ours. {cure}", Exit.STACK_NOT_FOUND)


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
