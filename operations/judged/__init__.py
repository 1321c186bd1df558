"""The report of `plat judge` in its formats: for people, programs, code scanning, test reports and pull requests."""

from collections.abc import Callable, Mapping
from typing import Final

from operations.judged.annotations import github
from operations.judged.judgement import Judged, visible
from operations.judged.junit import junit
from operations.judged.prose import text
from operations.judged.records import as_json
from operations.judged.sarif import sarif

__all__ = ["FORMATS", "Judged", "visible"]

FORMATS: Final[Mapping[str, Callable[[Judged], str]]] = {
    "text": text,
    "json": as_json,
    "sarif": sarif,
    "junit": junit,
    "github": github,
}
"""Name of a format to what writes it."""
