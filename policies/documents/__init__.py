"""Text into documents, as kubectl and with it the API server would understand them: YAML 1.1 of Go's kind, or JSON.

Judging another reading than the one that is applied would be no judging: `hostNetwork: yes` is true there, `0o17` is
15, `<<` merges, `*name` repeats. `tests/golden/kubernetes-yaml.txt` holds what sigs.k8s.io/yaml 1.6.0 makes of each
spelling. Where that reader takes what hides something (a key twice, a tag it ignores, a merge that overrides what
stands above it), this one refuses, and what is refused is not passed.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from blueprint.reading.problems import Problem
from blueprint.reading.source import syntax
from blueprint.reading.values import LOADER
from policies.documents.budget import MAX_RUN_WEIGHT, MAX_WEIGHT, Budget, RefusedError
from policies.documents.json_text import json_documents
from policies.documents.tree import Tree

__all__ = ["MAX_RUN_WEIGHT", "MAX_WEIGHT", "Budget", "Document", "documents"]


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document that says something."""

    line: int
    """Where its content begins, from 1."""
    value: Any
    """JSON's types only."""


_START: Final = re.compile(r"^---(?=[ \t\r\n\x85\u2028\u2029]|\Z)", re.MULTILINE)
"""What begins a document, wherever it stands: no scalar may hold such a line, so that it can be looked for first."""


def documents(text: str, shown: str, budget: Budget) -> Iterator[Document | Problem]:
    """What each document of `text` holds, or why it cannot be read; empty ones are passed over.

    A document that cannot be read takes no other with it. `shown` is the file's name in problems.
    """
    line = 1
    starts = itertools.chain([0], (match.start() for match in _START.finditer(text) if match.start()), [len(text)])
    for start, end in itertools.pairwise(starts):
        chunk = text[start:end]
        if chunk.removeprefix("---").strip():
            yield from _chunk(chunk, shown, line, budget)
            if budget.left < 0:
                return
        line += chunk.count("\n")


def _chunk(chunk: str, shown: str, first: int, budget: Budget) -> Iterator[Document | Problem]:
    """The documents of a part of a file that begins on line `first`: one, unless it says otherwise itself."""
    try:
        found = json_documents(chunk, budget)
        for line, value in found if found is not None else _yaml(chunk, budget):
            yield Document(line=line + first - 1, value=value)
    except yaml.YAMLError as error:
        yield syntax(error, chunk, shown, first)
    except RefusedError as error:
        yield Problem(file=shown, line=error.line + first - 1, field="", cause=error.cause, cure=error.cure)


def _yaml(text: str, budget: Budget) -> Iterator[tuple[int, Any]]:
    tree: Tree | None = None
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.DocumentStartEvent):
            tree = Tree(budget)
        elif isinstance(event, yaml.DocumentEndEvent):
            if tree and tree.root is not None:
                yield tree.line, tree.root
        elif tree:
            tree.take(event)
