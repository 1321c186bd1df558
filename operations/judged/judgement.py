"""The result of a run of the judge, with what its formats need beside the report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from blueprint.catalogue import Environment
from blueprint.reading import Problem
from blueprint.reading.problems import printable
from blueprint.unmade import Pending
from operations.console import many
from operations.judged.places import Place
from policies.core.finding import Finding, Report
from policies.core.rule import Rule


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A run of the judge."""

    report: Report
    rules: Sequence[Rule]
    """Those that ran, in the order of docs/policies.md."""
    environment: Environment
    problems: Sequence[Problem]
    """What could not be read."""
    place: Callable[[Finding], Place | None]
    """Where a finding is shown."""
    pending: Sequence[Pending] = ()
    """What the stack declares and does not make yet; nothing is known of it for loose objects."""

    @property
    def summary(self) -> str:
        """The run in one line."""
        report = self.report
        levels = Counter(finding.level for finding in report.findings)
        unread = f", {len(self.problems)} unreadable" if self.problems else ""
        return (
            f"{report.rules} rules over {many(report.objects, 'object')} ({self.environment}):"
            f" {levels['mandatory']} mandatory, {levels['advisory']} advisory, {len(report.excepted)} excepted,"
            f" {len(report.undecided)} undetermined{unread}"
        )


def about(finding: Finding) -> str:
    """The object of a finding, or the stack."""
    return finding.about.title if finding.about else "the stack"


def cure(finding: Finding) -> str:
    """What to change. The line of our own files is named only for our own objects: other objects have other files."""
    return finding.what_to_change if finding.about and finding.about.place else finding.cure


def sentence(finding: Finding) -> str:
    """A finding by itself, below a heading that names the rule."""
    return f"{' '.join(filter(None, (about(finding), finding.path)))}: {finding.found}. Fix: {cure(finding)}."


def excuse(finding: Finding) -> str:
    """Why an excepted finding does not count, and until when."""
    asked = finding.exception
    return f"excepted until {asked.expires} ({asked.owner}: {asked.reason}; {asked.written})" if asked else ""


def visible(text: str) -> str:
    """`text` on one line, without anything that moves a cursor, colours a terminal, ends a line of a log, or is a
    command to the build server that keeps the log: `##` anywhere (Azure Pipelines, TeamCity, GitHub's older form), `::`
    in front (GitHub)."""
    shown = printable(text).replace("##", _SIGNS)
    return shown.replace("::", ":\\u003a", 1) if shown.lstrip().startswith("::") else shown


def in_ascii(record: object, indent: int | None = None) -> str:
    """`record` as JSON in which neither a terminal nor a build server finds a command."""
    return json.dumps(record, indent=indent).replace("\x7f", "\\u007f").replace("##", _SIGNS)


_SIGNS: Final = "#\\u0023"
