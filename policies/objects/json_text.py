"""JSON inside a property: policies, default tags, topic settings. Text, or already a mapping, as the SDK likes it.

Read strictly: what two readers could read differently (a key written twice, NaN) is no document, and what is longer
than AWS would ever take is not read at all.
"""

import json
from typing import Final

from policies.documents.json_text import no_word, once
from policies.objects.values import MalformedError, View

LONGEST: Final = 131_072
"""Characters. AWS' longest policy is a key's, 32 KiB; Google's settings stay below 64 KiB."""


def parsed(written: View) -> View:
    """What is written there, with its places below it. Absent stays absent.

    Raises MalformedError where it is no JSON object, UndeterminedError where it is not known yet.
    """
    if isinstance(written.value, dict):
        return written
    text = written.text
    if text is None:
        return written
    try:
        read = json.loads(text, object_pairs_hook=once, parse_constant=no_word) if len(text) <= LONGEST else None
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise MalformedError(written.path, text, "a JSON document")
    return View(read, written.path)
