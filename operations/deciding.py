"""From files to a Blueprint, for the commands that need no engine: the steps of `__main__.py`, without Pulumi."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from blueprint import Blueprint, design, fitting
from blueprint.reading import Catalogue, Problem, TextError, read_catalogue, read_settings, read_together
from blueprint.reading.sharing import unreached
from blueprint.settings import Settings
from operations.console import many
from operations.project import Project


def decide(project: Project, stack: str) -> Blueprint:
    """Every decision about `stack` over the project's catalogue.

    Raises:
        RefusedError: there is no such stack.
        TextError: with every problem of the settings and the catalogue together.
    """
    settings, catalogue = read_both(project, stack)
    return design(settings, catalogue, stack)


def read_both(project: Project, stack: str) -> tuple[Settings, Catalogue]:
    """What `stack` says about itself, and what it is to run. Raises as `decide` does."""
    file = project.stack_file(stack)
    called = project.shown(project.services)
    return read_together(lambda: read_settings(file), project.services, today=today(), called=called)


def read_whole(project: Project) -> Catalogue:
    """The project's catalogue as of today (UTC). Raises TextError."""
    return read_catalogue(project.services, today=today(), called=project.shown(project.services))


def today() -> date:
    """The day exceptions end by, in UTC wherever the machine stands."""
    return datetime.now(tz=UTC).date()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What `plat validate` found."""

    folder: str
    """The catalogue's, as a user would type it."""
    problems: Sequence[Problem]
    services: int
    calls: int
    """Declared with `consumes`."""
    subscriptions: int
    stacks: tuple[str, ...]
    catalogue: Catalogue | None
    """What was read; None: there are problems."""
    unreached: Sequence[Problem] = ()
    """Defaults of a system that hold in none of its services; no mistakes."""

    def record(self) -> Mapping[str, object]:
        """For `--json`."""
        return {
            "folder": self.folder,
            "problems": [problem.record() for problem in self.problems],
            "services": self.services,
            "calls": self.calls,
            "subscriptions": self.subscriptions,
            "stacks": list(self.stacks),
            "unreached": [problem.record() for problem in self.unreached],
        }

    def sentence(self) -> str:
        """For people, where there is no problem."""
        return (
            f"{self.folder}: {many(self.services, 'service')}, {many(self.calls, 'call')} and"
            f" {many(self.subscriptions, 'subscription')} between them,"
            f" {many(len(self.stacks), 'stack')} ({', '.join(self.stacks) or 'none'}): valid."
        )


def validate(project: Project) -> Verdict:
    """Reads the catalogue for every environment, and compares every stack's settings with it; touches nothing.

    Nothing is decided: a decision refuses nothing that this does not.
    """
    problems: list[Problem] = []
    catalogue: Catalogue | None = None
    try:
        catalogue = read_whole(project)
    except TextError as error:
        problems.extend(error.problems)
    stacks: dict[str, Settings] = {}
    for stack in project.stacks:
        try:
            stacks[stack] = read_settings(project.stack_file(stack))
        except TextError as error:
            problems.extend(error.problems)
    if catalogue is not None:
        try:
            fitting.check(stacks, catalogue)
        except TextError as error:
            problems.extend(error.problems)
    specs = [service.spec for service in catalogue.services] if catalogue else []
    return Verdict(
        folder=project.shown(project.services),
        problems=sorted(set(problems)),
        services=len(specs),
        calls=sum(len(spec.consumes) for spec in specs),
        subscriptions=sum(len(spec.events.subscribes) for spec in specs),
        stacks=project.stacks,
        catalogue=None if problems else catalogue,
        unreached=tuple(unreached([entry.source for entry in catalogue.entries.values()])) if catalogue else (),
    )
