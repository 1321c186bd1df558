"""A stack's settings and its catalogue, with every problem of the two in one report."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from blueprint.reading.catalogue import read_catalogue
from blueprint.reading.entries import Catalogue
from blueprint.reading.problems import Problem, TextError
from blueprint.settings import Settings


def read_together(
    settings: Callable[[], Settings], services: Path, *, today: date, called: str = ""
) -> tuple[Settings, Catalogue]:
    """What a stack says about itself, and what it is to run. Raises TextError with every problem of the two."""
    problems: list[Problem] = []
    try:
        text = settings()
    except TextError as error:
        problems.extend(error.problems)
    try:
        catalogue = read_catalogue(services, today=today, called=called)
    except TextError as error:
        problems.extend(error.problems)
    if problems:
        raise TextError(problems)
    return text, catalogue
