"""`plat judge`: the rules over a stack's own objects, or over whatever YAML somebody has.

A stack's objects are judged with everything that is known of it; loose ones with what the command line says, and where
it says nothing, as strictly as production would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from blueprint import Blueprint, design
from blueprint.catalogue import Environment
from blueprint.reading import Catalogue, Problem, read_catalogue
from blueprint.unmade import pending
from operations.deciding import read_both, today
from operations.exits import Exit, RefusedError
from operations.judged import Judged, visible
from operations.judged.places import Place, in_catalogue, in_file
from operations.project import Project
from policies.adapters import manifests as judged_manifests
from policies.adapters.bounded import bounded
from policies.adapters.yaml_objects import read
from policies.core.facts import Facts
from policies.core.finding import Finding
from policies.core.judging import EXCEPTIONS, Judge
from policies.core.limits import Limits, LimitsError, limits_of
from policies.objects import Object
from policies.rules import RULES

Standard = Literal["baseline", "restricted"]
STRICTEST: Environment = "prod"
"""The environment of loose objects nobody said anything about."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line says."""

    stack: str | None
    paths: tuple[Path, ...]
    environment: Environment | None
    services: Path | None
    standard: Standard


def judged(asked: Asked, tell: Callable[[str], None]) -> Judged:
    """The judgement `asked` for; `tell` hears what was read otherwise than it stands there.

    Raises:
        RefusedError: what was asked for contradicts itself, or the limits cannot be read.
        TextError: with every problem of settings and catalogue.
    """
    if asked.stack is not None and not asked.paths:
        return _stack(asked, asked.stack)
    if asked.stack is None and asked.paths:
        return _loose(asked, tell)
    both = "Both a stack (-s) and --objects are named" if asked.stack else "Neither a stack nor any objects are named"
    raise RefusedError(f"{both}. Name one: -s STACK, or --objects PATH (- is stdin).", Exit.USAGE)


def paths(objects: Sequence[Path] | None, more: Sequence[Path] | None) -> tuple[Path, ...]:
    """What follows --objects: one path, or what a shell made of `*.yaml`. Raises RefusedError without --objects."""
    if more and not objects:
        raise RefusedError(f"'{more[0]}' belongs to nothing. Name files with --objects, a stack with -s.", Exit.USAGE)
    return (*(objects or ()), *(more or ()))


def verdict(judged: Judged) -> Exit:
    """What the command ends with."""
    if judged.report.mandatory:
        return Exit.POLICY
    return Exit.USAGE if judged.problems else Exit.OK


def stack_objects(blueprint: Blueprint) -> tuple[Object, ...]:
    """Everything a stack would make that can be judged before it is made: its objects, and its charts' values."""
    from manifests import everything  # noqa: PLC0415  (a tenth of a second, and not for loose objects)
    from manifests.charts import charts  # noqa: PLC0415

    return (*judged_manifests.objects(everything(blueprint)), *judged_manifests.charts(charts(blueprint)))


def _stack(asked: Asked, stack: str) -> Judged:
    if asked.environment is not None:
        raise RefusedError(
            f"--environment goes with --objects; the environment of {stack} is in Pulumi.{stack}.yaml.", Exit.USAGE
        )
    settings, catalogue = read_both(Project.here(asked.services), stack)
    limits = _limits(settings.environment)
    facts = Facts.of_stack(settings, catalogue, limits=limits, today=today(), standard=asked.standard)
    run = _run(facts, stack_objects(design(settings, catalogue, stack)), (), in_catalogue(stack))
    return replace(run, pending=pending(settings, catalogue, stack))


def _loose(asked: Asked, tell: Callable[[str], None]) -> Judged:
    environment = asked.environment or STRICTEST
    catalogue = _catalogue(asked.services)
    reading = read(asked.paths)
    for note in reading.notes:
        tell(visible(note))
    facts = Facts(
        environment=environment,
        limits=_limits(environment),
        today=today(),
        standard=asked.standard,
        services=catalogue.within(environment) if catalogue else None,
        entries=catalogue.entries if catalogue else {},
    )
    run = _run(facts, reading.objects, reading.problems, in_file)
    # Whether an exception is still needed only its own stack can tell; here the objects may be anybody's.
    counted = tuple(finding for finding in run.report.findings if finding.rule.id != EXCEPTIONS)
    return replace(run, report=replace(run.report, findings=counted))


def _run(
    facts: Facts, objects: Sequence[Object], problems: Iterable[Problem], place: Callable[[Finding], Place | None]
) -> Judged:
    judge = Judge(facts, bounded(RULES))
    report = judge.everything(objects)
    found = tuple(problems)
    return Judged(
        report=replace(report, problems=tuple(map(str, found))),
        rules=judge.active,
        environment=facts.environment,
        problems=found,
        place=place,
    )


def _catalogue(folder: Path | None) -> Catalogue | None:
    if folder is None:
        return None
    project = Project.here(folder)
    return read_catalogue(project.services, today=today(), called=project.shown(project.services))


def _limits(environment: Environment) -> Limits:
    try:
        return limits_of(environment)
    except LimitsError as error:
        raise RefusedError(str(error), Exit.USAGE) from None
