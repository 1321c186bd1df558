"""What only the whole catalogue can tell: the checks over all files, run for every environment.

Each check is a function of one `View` and knows one subject; this table is all of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from blueprint.catalogue import ENVIRONMENTS
from blueprint.reading import (
    crossing_addresses,
    crossing_edges,
    crossing_events,
    crossing_places,
    crossing_stores,
    crossing_tables,
)
from blueprint.reading.entries import Catalogue, Unread
from blueprint.reading.problems import Problem
from blueprint.reading.view import View

CHECKS: Final[tuple[Callable[[View], Iterator[Problem]], ...]] = (
    crossing_edges.dangling,
    crossing_edges.consent,
    crossing_edges.operations,
    crossing_edges.timing,
    crossing_edges.cycles,
    crossing_edges.listeners,
    crossing_events.channels,
    crossing_events.dead_letters,
    crossing_places.names,
    crossing_tables.owners,
    crossing_tables.reads,
    crossing_places.paths,
    crossing_places.public_ports,
    crossing_places.references,
    crossing_addresses.addresses,
    crossing_places.files,
    crossing_places.exceptions,
    crossing_stores.deletion,
)


def crossed(catalogue: Catalogue, folder: Path, today: date, unread: Mapping[str, Unread]) -> set[Problem]:
    """Every problem between the files of `catalogue`, and those of the edges that `unread` services declare."""
    where: dict[Problem, list[str]] = {}
    for environment in ENVIRONMENTS:
        services = {service.name: service for service in catalogue.within(environment)}
        view = View(
            catalogue=catalogue, environment=environment, services=services, folder=folder, today=today, unread=unread
        )
        for problem in {problem for check in CHECKS for problem in check(view)}:
            where.setdefault(problem, []).append(environment)
    return {_where(problem, environments) for problem, environments in where.items()}


def _where(problem: Problem, environments: list[str]) -> Problem:
    """`problem`, and where it is one, if what is written is right elsewhere: some patch far from it takes part."""
    if len(environments) == len(ENVIRONMENTS) or problem.field.startswith("spec.environments."):
        return problem
    return replace(problem, cause=f"in {' and '.join(environments)}, {problem.cause}")
