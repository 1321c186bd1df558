"""`plat prove`: what a running stack promises, observed in a laboratory of its own (`operations.laboratory`)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from blueprint import design, names
from blueprint.clusters import EMBEDDED_KUBECONFIG, decide
from blueprint.settings import Settings
from operations import engine
from operations.console import Console, Phase, few, many
from operations.deciding import read_both, today
from operations.exits import Exit, RefusedError
from operations.laboratory import machine
from operations.laboratory.certificates import CERTIFICATES
from operations.laboratory.delivery import DELIVERY
from operations.laboratory.gateway import GATEWAY
from operations.laboratory.mesh import MESH
from operations.laboratory.network import NETWORK, Proof
from operations.laboratory.part import Asked, Observation, Part
from operations.laboratory.picture import svg
from operations.leftovers import Cluster
from operations.project import Project
from operations.reaching import reach
from policies.core.facts import Facts
from policies.core.limits import limits_of

PARTS: Final[Mapping[str, Part]] = {
    "network": NETWORK,
    "mesh": MESH,
    "gateway": GATEWAY,
    "delivery": DELIVERY,
    "certificates": CERTIFICATES,
}
"""What `plat prove` may be asked for, in the order it is done."""
_SHOWN: Final = 20
"""Differences that are printed; --json has all."""


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """Why a part observed nothing, and no other was begun after it."""

    part: str
    error: RefusedError


@dataclass(frozen=True, kw_only=True)
class Proven:
    """What was observed of one stack."""

    stack: str
    observed: Mapping[str, Observation]
    """By part, of those that ended."""
    stopped: Stopped | None = None
    """Where a later part was refused: what those before it have observed stands."""

    @property
    def exit_code(self) -> Exit:
        if any(each.differences for each in self.observed.values()):
            return Exit.POLICY
        return self.stopped.error.exit_code if self.stopped else Exit.OK

    def record(self) -> Mapping[str, Any]:
        """For `--json`."""
        stopped = {"stopped": {"part": self.stopped.part, "because": str(self.stopped.error)}} if self.stopped else {}
        return {"stack": self.stack, **{name: each.record() for name, each in self.observed.items()}, **stopped}

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
        RefusedError, EngineError: this machine cannot, the stack is not up, or the first part is refused; the text says
            what helps. Where a later part is refused, `Proven.stopped` says so.
        TextError: the settings or the catalogue are wrong.
    """
    check_parts(parts)
    chosen = {name: part for name, part in PARTS.items() if name in parts}
    with console.busy("reading the catalogue"):
        settings, catalogue = read_both(project, stack)
        facts = Facts.of_stack(settings, catalogue, limits=limits_of(settings.environment), today=today())
        blueprint = design(settings, catalogue, stack)
    if settings.tenant:
        raise RefusedError(
            f"{stack} is a copy of the services for the tenant {settings.tenant}, and what is expected is written for"
            " the base stack's namespaces. Nothing was observed. Prove the base stack: this one has the same rules.",
            Exit.USAGE,
        )
    _check_only(only, facts.service)
    for part in chosen.values():
        part.check(facts)
    machine.check(as_root=any(part.as_root for part in chosen.values()))
    with console.busy("tools") as phase:
        groups = {group for part in chosen.values() for group in part.groups}
        tools = engine.provide(progress=phase.fact, only=groups)
    up = project.command("up", "-s", stack)
    cluster = _cluster(project, settings, tools, stack, up)
    _check_up(cluster, stack, up)
    _check_services(cluster, stack, facts, only, up)

    def asked(phase: Phase) -> Asked:
        return Asked(facts=facts, blueprint=blueprint, cluster=cluster, only=only, tools=tools, phase=phase)

    return observed(stack, chosen, asked, console)


def observed(stack: str, chosen: Mapping[str, Part], asked: Callable[[Phase], Asked], console: Console) -> Proven:
    """Lets every one of `chosen` observe, until one is refused. Raises RefusedError where that is the first."""
    found: dict[str, Observation] = {}
    for name, part in chosen.items():
        try:
            with console.phase(name) as phase, _interrupted():
                found[name] = part.observe(asked(phase))
                phase.outcome = many(len(found[name].differences), "difference")
        except RefusedError as error:
            if not found:
                raise
            return Proven(stack=stack, observed=found, stopped=Stopped(part=name, error=error))
    return Proven(stack=stack, observed=found)


@contextmanager
def _interrupted() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise RefusedError(
            "interrupted; the stack was only read, and nothing of the laboratory is left.", Exit.CANCELLED
        ) from None


def check_picture(file: Path, parts: Sequence[str]) -> None:
    """Whether there will be a matrix, and a folder for it: asked before minutes are spent. Raises RefusedError."""
    if "network" not in parts:
        raise RefusedError("--picture draws the network, which was not asked for. Add it: network.", Exit.USAGE)
    if not file.parent.is_dir() or file.is_dir():
        raise RefusedError(
            f"{file} cannot be written: {file.parent if not file.is_dir() else file}"
            f" is {'no folder' if not file.is_dir() else 'a folder'}. Nothing was observed. Name another file.",
            Exit.USAGE,
        )


def draw(found: Proven, file: Path) -> None:
    """Writes the matrix of the network to `file`. Raises RefusedError where it cannot be written."""
    proof = found.observed["network"]
    assert isinstance(proof, Proof)  # noqa: S101  (`check_picture` has asked)
    try:
        file.write_text(svg(proof, found.stack), encoding="utf-8")
    except OSError as error:
        raise RefusedError(f"{file} cannot be written: {error.strerror or error}. Name another file.") from error


def check_parts(named: Sequence[str]) -> None:
    """Raises RefusedError where one of `named` is no part."""
    if unknown := [name for name in named if name not in PARTS]:
        listed = "".join(f"\n  {name:<14}{part.brief}" for name, part in PARTS.items())
        raise RefusedError(f"There is no part {', '.join(unknown)}. Nothing was observed. Valid:{listed}", Exit.USAGE)


def _check_only(named: Sequence[str], known: Iterable[str]) -> None:
    if unknown := [name for name in named if name not in known]:
        raise RefusedError(f"There is no service {', '.join(unknown)}. Valid: {', '.join(sorted(known))}.", Exit.USAGE)


def _check_up(cluster: Cluster, stack: str, up: str) -> None:
    cure = f"Nothing was observed. Bring it up first: {up}"
    try:
        _, pods = cluster.pods()
    except RefusedError as error:
        raise RefusedError(f"{stack} is not up: {error}\n{cure}", Exit.STACK_NOT_FOUND) from None
    if not pods:
        raise RefusedError(f"{stack} is not up: its cluster holds no pod of ours. {cure}", Exit.STACK_NOT_FOUND)


def _check_services(cluster: Cluster, stack: str, facts: Facts, only: Sequence[str], up: str) -> None:
    """Whether the catalogue is the one the stack was brought up with: else every difference would be one of the two."""
    namespaces = [each["metadata"] for each in cluster.listed("namespaces")]
    missing = sorted({*(only or facts.service)} - {each["name"] for each in namespaces})
    unknown = sorted({each["name"] for each in namespaces if _is_services(each)} - {*facts.service})
    if not missing and not unknown:
        return
    said = [
        *([f"services of the catalogue that are not in its cluster: {few(missing)}"] if missing else []),
        *([f"services in its cluster that are not in the catalogue: {few(unknown)}"] if unknown else []),
    ]
    raise RefusedError(
        f"{stack} was brought up with another catalogue ({'; '.join(said)}). Nothing was observed, as everything would"
        f" differ. Make it what the files say: {up}; or name the other catalogue with --services",
        Exit.USAGE,
    )


def _is_services(metadata: Mapping[str, Any]) -> bool:
    """Whether a namespace of these `metadata` is a service's of the base stack, and no tenant's copy of it."""
    return names.SERVICE_LABEL in metadata.get("labels", {}) and names.TENANT_MARK not in metadata["name"]


def _cluster(project: Project, settings: Settings, tools: engine.Toolchain, stack: str, up: str) -> Cluster:
    """The stack's own. Raises TextError where the kubeconfig leads elsewhere, RefusedError where `up` makes it."""
    decided = decide(settings.cluster)
    if decided.simulated and not (project.root / EMBEDDED_KUBECONFIG).exists():
        raise RefusedError(
            f"{stack} is not up: this machine has no control plane for it. Nothing was observed. Bring it up first:"
            f" {up}",
            Exit.STACK_NOT_FOUND,
        )
    reached = reach(decided, project.root)
    on_path = shutil.which("kubectl")
    return Cluster(
        kubectl=Path(on_path) if on_path else tools.kubectl,
        kubeconfig=reached.path.expanduser(),
        context=reached.context,
        cache=project.embedded / "prove" / "kubectl",
    )
