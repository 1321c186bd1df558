"""For GitHub: workflow commands that become annotations on the lines of a pull request.

It shows ten errors and ten warnings of a step (docs.github.com, workflow commands); the worst come first.
"""

from __future__ import annotations

from collections.abc import Iterator

from operations.judged.judgement import Judged, sentence, visible
from operations.judged.places import Place, at

COMMANDS = {"mandatory": "error", "advisory": "warning"}


def github(judged: Judged) -> str:
    """One line per problem and finding, and a notice with the sum."""
    return "\n".join([*_lines(judged), f"::notice title=plat judge::{_data(judged.summary)}"])


def _lines(judged: Judged) -> Iterator[str]:
    for problem in judged.problems:
        yield _command("error", at(f"{problem.file}:{problem.line}"), "cannot be read", str(problem))
    for finding in judged.report.findings:
        yield _command(COMMANDS[finding.level], judged.place(finding), finding.rule.id, sentence(finding))


def _command(name: str, place: Place | None, title: str, message: str) -> str:
    properties = {"file": place.path, "line": str(place.line)} if place else {}
    listed = ",".join(f"{key}={_property(value)}" for key, value in {**properties, "title": title}.items())
    return f"::{name} {listed}::{_data(message)}"


def _data(text: str) -> str:
    """As the runner unescapes it (actions/toolkit, packages/core/src/command.ts)."""
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
