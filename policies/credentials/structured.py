"""Names and values in JSON, by its structure: members, lists under a name, and what `docker login` writes.

The line-by-line reading of `policies.credentials.assignments` cannot see which value is whose in JSON on one line; this
one can. A member said twice is read twice: parsers differ in which of them they take.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple


class Member(NamedTuple):
    """A text or number in a JSON document."""

    name: str
    """The member it stands in, or the list it is an item of is the value of."""
    value: str
    is_item: bool = False
    """Whether it is an item of a list."""
    of: str = ""
    """The member two levels up: `auths` of a registry's `auth`."""


class _Members(list[tuple[str, Any]]):
    """The members of an object, none lost."""


LONGEST: Final = 1 << 20
"""Characters of a document that is read by structure; a ConfigMap holds no more (Kubernetes, 1 MiB)."""


def members(text: str) -> list[Member] | None:
    """Every text and number in the JSON `text`; None where it is no JSON object or list, or nests too deep."""
    bare = text.strip()
    if not bare.startswith(("{", "[")) or len(bare) > LONGEST:
        return None
    try:
        read = json.loads(bare, object_pairs_hook=_Members, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    return list(_walk(read))


def _walk(read: Any) -> Iterator[Member]:
    waiting: list[tuple[str, str, str, Any, bool]] = [("", "", "", read, False)]
    while waiting:
        name, above, further, value, is_item = waiting.pop()
        if isinstance(value, _Members):
            named = dict(value)
            # A pair of members: {"name": "DB_PASSWORD", "value": "..."}.
            pair = named.get("name", named.get("key"))
            for key, part in value:
                own = pair if key == "value" and isinstance(pair, str) else key
                waiting.append((own, name, above, part, False))
        elif isinstance(value, list):
            waiting += [(name, above, further, item, True) for item in value]
        elif isinstance(value, str):
            yield Member(name, value, is_item, further)


REFERENCES: Final = frozenset({"serverCASecret", "serverTLSSecret"})
"""Members of a custom resource that are called like a secret and hold the name of a Secret: CloudNativePG's Cluster."""

PROSE: Final = frozenset(
    {"description", "expr", "expression", "help", "legendFormat", "message", "query", "text", "title"}
)
"""Members whose texts people or Prometheus read: what looks like a name with its value there is none."""
