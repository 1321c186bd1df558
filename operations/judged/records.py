"""For programs: one record per finding, and the sum. The names of the fields are a promise."""

from __future__ import annotations

import json

from operations.judged.judgement import Judged


def as_json(judged: Judged) -> str:
    """The report as JSON in ASCII: what a terminal or a log would obey is escaped."""
    record = {"environment": judged.environment, **judged.report.record()}
    return json.dumps(record, indent=1).replace("\x7f", "\\u007f")
