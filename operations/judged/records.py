"""For programs: one record per finding, on a line of its own, and the sum. The names of the fields are stable."""

from __future__ import annotations

from blueprint.unmade import record as unmade
from operations.judged.judgement import Judged, in_ascii


def as_json(judged: Judged) -> str:
    """The report as JSON in ASCII: what a terminal or a build server would take for a command is escaped."""
    record = {"environment": judged.environment, **judged.report.record(), "pending": unmade(judged.pending)}
    return "{\n" + ",\n".join(f" {in_ascii(key)}: {_lines(value)}" for key, value in record.items()) + "\n}"


def _lines(value: object) -> str:
    """`value`; a list with each item on a line. An indent of the encoder's takes four times the memory."""
    if not isinstance(value, list) or not value:
        return in_ascii(value)
    return "[\n  " + ",\n  ".join(map(in_ascii, value)) + "\n ]"
