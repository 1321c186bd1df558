"""Where a finding is shown: the line a person would edit, as far as it is known.

Of loose objects that is the document. Of a stack it is the catalogue's or the settings' line, because its objects are
written nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from policies.adapters.yaml_objects import STANDARD_INPUT
from policies.core.finding import Finding


@dataclass(frozen=True, kw_only=True)
class Place:
    """A line of a file."""

    file: str
    """As it was named; relative to the working directory, if it was."""
    line: int

    @property
    def path(self) -> str:
        """The file from the working directory, which is where a checkout begins; absolute if it is not below."""
        path = Path(self.file)
        below = path.is_absolute() and path.is_relative_to(Path.cwd())
        return (path.relative_to(Path.cwd()) if below else path).as_posix()

    @property
    def uri(self) -> str:
        """The same as a URI reference."""
        return Path(self.path).as_uri() if Path(self.path).is_absolute() else quote(os.fsencode(self.path))


def in_file(finding: Finding) -> Place | None:
    """Where a loose object was read; None of standard input, and of findings about no object."""
    return at(finding.about.place) if finding.about else None


def at(place: str) -> Place | None:
    """`file:line` as a place."""
    file, _, line = place.rpartition(":")
    return Place(file=file, line=int(line)) if file and file != STANDARD_INPUT else None


def in_catalogue(stack: str) -> Callable[[Finding], Place | None]:
    """For findings of a stack: the line of the service's file that mends it, else the stack's file."""

    def place(finding: Finding) -> Place:
        edit = finding.edit
        return Place(file=edit.file, line=edit.line) if edit else Place(file=f"Pulumi.{stack}.yaml", line=1)

    return place
