"""YAML inside objects: a mesh's configuration in a ConfigMap, a proxy's in an annotation.

Read with the same rules as the program it is meant for (`policies.documents`), and no more than such a text ever holds.
"""

from typing import Final

from policies.documents import Budget, Document, documents
from policies.objects.values import MalformedError, View

LARGEST: Final = 20_000
"""Keys and values. Istio's chart writes forty; a ConfigMap of a megabyte holds more than this."""


def within(view: View) -> View:
    """What the text at `view` says, as a place below it; nothing where there is no text.

    Raises MalformedError where the text is no single YAML document, and as `view.text` does.
    """
    found = list(documents(view.text or "", view.path, Budget(LARGEST)))
    if not found:
        return View(None, view.path)
    first = found[0]
    if len(found) > 1 or not isinstance(first, Document):
        # Never the parser's own words: they quote the text.
        raise MalformedError(view.path, view.value, "one YAML document with nothing hidden in it")
    return View(first.value, view.path)
