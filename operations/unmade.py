"""What the commands say of things that are declared and not made yet: one line, and every place with --verbose.

What is not made, and what to do meanwhile, is `blueprint.unmade`'s; here is how it is said.
"""

from __future__ import annotations

from collections.abc import Iterable

from blueprint.reading import Catalogue, read_settings
from blueprint.unmade import Pending, details, once, pending, sentence
from operations.project import Project


def of_every_stack(project: Project, catalogue: Catalogue) -> tuple[Pending, ...]:
    """What the stacks of `project` ask for over `catalogue`, each place once. Raises TextError."""
    stacks = {stack: read_settings(project.stack_file(stack)) for stack in project.stacks}
    return once(each for stack, said in sorted(stacks.items()) for each in pending(said, catalogue, stack))


def line(found: Iterable[Pending], command: str) -> str:
    """`found` in one line, which ends with the command that shows more; empty where nothing is missing."""
    said = sentence(found)
    return f"{said} Where, and what to do meanwhile: {command}" if said else ""


def page(found: Iterable[Pending]) -> str:
    """`found` with every place, below its line."""
    places = tuple(found)
    return "\n".join(filter(None, (sentence(places), *details(places))))
