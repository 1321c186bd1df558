"""YAML text into plain data that remembers its lines.

A stricter YAML than YAML, because a catalogue is read by people who know JSON and Kubernetes, and by programs that
must not be harmed by it: one document, UTF-8, no aliases (they are how a kilobyte becomes a gigabyte), no tags, no
duplicate keys, and the scalars of YAML 1.2's core schema only (`no` is a word, 010 is not eight).

The tree with its lines is built where a line is asked for: for a file with a mistake. It is built from libyaml's
events, not by its composer: that one recurses without a limit and takes the process down with it at some ten thousand
levels.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import yaml

from blueprint.reading.problems import Problem, TextError
from blueprint.reading.values import LOADER, MAX_DEPTH, scalar, values

MAX_BYTES: Final = 256 * 1024
"""Size of a file. The full example of the format has 6 KiB; forty times that is not written by a person."""

_INVISIBLE: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]|\r(?!$)"
)
"""Control characters, line breaks that only YAML sees, and marks that make a line read other than it is
(Unicode's bidirectional controls, CVE-2021-42574)."""
_TAB: Final = re.compile(r"^ *\t")


@dataclass(kw_only=True)
class Node:
    """A value and where it stands. `items` are its children by key or position, with the line of the key;
    `text` is a scalar as written."""

    line: int
    value: Any = None
    text: str = ""
    items: dict[str, tuple[int, "Node"]] = field(default_factory=dict)

    def plain(self) -> Any:
        """The value without its lines."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, (_, node) in self.items.items()}
        if isinstance(self.value, list):
            return [node.plain() for _, node in self.items.values()]
        return self.value


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file that was read."""

    file: str
    """Its name in errors."""
    data: Any
    """The values without their lines."""
    tree: Callable[[], Node]
    """Makes `root`."""
    given: Mapping[tuple[str | int, ...], tuple[str | int, ...]] = field(default_factory=dict)
    """Places of values that are not written in this file, and where in `giver` they are."""
    overridden: Mapping[tuple[str | int, ...], tuple[str | int, ...]] = field(default_factory=dict)
    """Places of this file's own words, and where in `giver` the words are that would hold without them."""
    giver: "Source | None" = None
    """The file of what a whole system shares."""

    @cached_property
    def root(self) -> Node:
        """The values with their lines; made when a line is asked for."""
        return self.tree()

    def origin(self, path: Sequence[str | int]) -> "tuple[Source, tuple[str | int, ...]]":
        """The file in which `path` is written, and where in it."""
        at = _within(self.given, path) if self.giver else None
        return (self.giver, at) if self.giver and at else (self, tuple(path))

    def shared(self, path: Sequence[str | int]) -> tuple[str | int, ...] | None:
        """Where in `giver` the words are that this file's own at `path` override, or None."""
        return _within(self.overridden, path)

    def node(self, path: Sequence[str | int]) -> Node | None:
        """What stands at `path`, or None."""
        written, path = self.origin(path)
        node = written.root
        for part in path:
            if str(part) not in node.items:
                return None
            node = node.items[str(part)][1]
        return node

    def line(self, path: Sequence[str | int]) -> int:
        """The line of `path`, or of its nearest ancestor that is written."""
        written, path = self.origin(path)
        line, node = written.root.line, written.root
        for part in path:
            if str(part) not in node.items:
                return line
            line, node = node.items[str(part)]
        return line

    def problem(self, path: Sequence[str | int], cause: str, cure: str) -> Problem:
        """A mistake at `path`."""
        written, path = self.origin(path)
        if written is not self:
            return written.problem(path, f"{cause} (in {self.file})", cure)
        return Problem(file=self.file, line=self.line(path), field=".".join(map(str, path)), cause=cause, cure=cure)


def _within(
    places: Mapping[tuple[str | int, ...], tuple[str | int, ...]], path: Sequence[str | int]
) -> tuple[str | int, ...] | None:
    """Where `path` leads if `places` says it of `path` or of what is above it."""
    for length in range(len(path), 0, -1) if places else ():
        if at := places.get(tuple(path[:length])):
            return (*at, *path[length:])
    return None


def read_source(file: Path, shown: str) -> Source:
    """What `file` says, called `shown` in errors. Raises TextError."""
    text = _text(file, shown)
    if (data := values(text)) is not None:
        return Source(file=shown, data=data, tree=partial(_checked, text, shown))
    root = _checked(text, shown)
    return Source(file=shown, data=root.plain(), tree=lambda: root)


def _checked(text: str, shown: str) -> Node:
    """The tree of `text`. Raises TextError with everything that is not taken."""
    problems: list[Problem] = []
    try:
        root = _tree(text, shown, problems)
    except yaml.YAMLError as error:
        raise TextError([*problems, syntax(error, text, shown)]) from None
    if problems or root is None or root.value is None:
        raise TextError(problems or [_say(shown, 1, "is empty", "Describe one service or stack, or delete the file")])
    if not isinstance(root.value, dict):
        raise TextError([_say(shown, root.line, "is not a map", "Start with `key: value` lines")])
    return root


def _say(file: str, line: int, cause: str, cure: str, path: str = "") -> Problem:
    return Problem(file=file, line=line, field=path, cause=cause, cure=cure)


def _text(file: Path, shown: str) -> str:
    try:
        if file.is_fifo():  # to open one waits until somebody writes
            raise TextError([_say(shown, 1, "is a pipe, not a file", "Write its content into a file")])
        with file.open("rb") as opened:
            read = opened.read(MAX_BYTES + 1)
    except OSError as error:
        cause = f"cannot be read ({error.strerror})"
        raise TextError([_say(shown, 1, cause, "Check the path and its permissions")]) from None
    if len(read) > MAX_BYTES:
        cause = f"is longer than {MAX_BYTES // 1024} KiB, the limit for a file written by hand"
        raise TextError([_say(shown, 1, cause, "Move contracts, schemas and data into files of their own")])
    try:
        text = read.decode("utf-8")
    except UnicodeDecodeError as error:
        number = read[: error.start].count(b"\n") + 1
        raise TextError(
            [_say(shown, number, "is not UTF-8 text", "Save it as UTF-8, without a byte order mark")]
        ) from None
    if text.replace("\n", "").isprintable():
        return text
    problems = []
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _INVISIBLE.search(line):
            problems.append(_say(shown, number, *_invisible(found.group())))
        if _TAB.match(line):
            problems.append(_say(shown, number, "is indented with a tab, which YAML does not allow", "Use spaces"))
    if problems:
        raise TextError(problems)
    return text


def _invisible(character: str) -> tuple[str, str]:
    """Cause and cure for a character nobody sees."""
    if character == "\ufeff":
        return "holds a byte order mark (U+FEFF)", "Save it as UTF-8 without one"
    return f"holds the invisible character U+{ord(character):04X}", "Delete it, or type the line again"


def _tree(text: str, shown: str, problems: list[Problem]) -> Node | None:
    """The tree of `text`'s one document; notes what is not taken in `problems`."""
    root: Node | None = None
    open_nodes: list[Node] = []
    key: list[tuple[str, int] | None] = []
    for event in _events(text):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent) and root is not None:
            problems.append(_say(shown, line, "starts a second document", "Put each service into a file of its own"))
            return root
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            cause = f"uses {sign}{event.anchor}; anchors and aliases are not accepted"
            problems.append(_say(shown, line, cause, "Write the value where it is used"))
        if getattr(event, "tag", None) and not isinstance(event, yaml.DocumentStartEvent):
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            problems.append(_say(shown, line, f"uses the tag {tag}; tags are not accepted", "Delete it"))
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            open_nodes.pop()
            key.pop()
            continue
        node = _node(event, line)
        if node is None:
            continue
        if hidden := _INVISIBLE.search(node.text):
            problems.append(_say(shown, line, *_invisible(hidden.group())))
        if open_nodes:
            _put(open_nodes[-1], key, node, shown, problems)
        elif root is None:
            root = node
        if isinstance(node.value, dict | list):
            if len(open_nodes) >= MAX_DEPTH:
                problems.append(_say(shown, line, f"nests deeper than {MAX_DEPTH} levels", "Flatten it"))
                return root
            open_nodes.append(node)
            key.append(None)
    return root


def _events(text: str) -> Iterator[Any]:
    return yaml.parse(text, Loader=LOADER)


def _node(event: Any, line: int) -> Node | None:
    if isinstance(event, yaml.MappingStartEvent):
        return Node(line=line, value={})
    if isinstance(event, yaml.SequenceStartEvent):
        return Node(line=line, value=[])
    if isinstance(event, yaml.AliasEvent):
        return Node(line=line)
    if isinstance(event, yaml.ScalarEvent):
        return Node(line=line, value=scalar(event.value) if event.implicit[0] else event.value, text=event.value)
    return None


def _put(parent: Node, key: list[tuple[str, int] | None], node: Node, shown: str, problems: list[Problem]) -> None:
    """`node` under `parent`: as the next item, as a key, or as the value of the key before it."""
    if isinstance(parent.value, list):
        parent.items[str(len(parent.items))] = (node.line, node)
        return
    waiting = key[-1]
    if waiting is None:
        if isinstance(node.value, dict | list):
            problems.append(_say(shown, node.line, "has a map or list for a key", "Use a word"))
        name = node.text
        if name in parent.items:
            cause = f"says '{name}' a second time (first on line {parent.items[name][0]}); one of the two would be lost"
            problems.append(_say(shown, node.line, cause, "Keep one"))
        key[-1] = (name, node.line)
        return
    name, line = waiting
    parent.items[name] = (line, node)
    key[-1] = None


_CURES: Final = (
    ("flow sequence", 'Quote entries with braces, brackets or commas: ["GET /v1/orders/{id}"]'),
    ("flow mapping", "Quote values with braces, brackets or commas"),
    ("mapping values are not allowed", "Quote a value that holds ': ', and check the indentation"),
    ("quoted scalar", "Close the quote"),
    ("block", "Check the indentation of this line and the one above"),
)


def syntax(error: yaml.YAMLError, text: str, shown: str, first: int = 1) -> Problem:
    """The parser's own words about `text`, which begins on line `first`, and what usually helps."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return _say(shown, first, f"is not YAML: {error}", "Write plain YAML")
    mark = error.problem_mark or error.context_mark
    said = " ".join(filter(None, (error.context, error.problem)))
    last = len(text.rstrip("\n").split("\n"))
    line = min(mark.line + 1, last) if mark else 1
    if error.context_mark and error.context_mark.line + 1 < line:
        said += f" (it began on line {error.context_mark.line + first})"
    cure = next((cure for sign, cure in _CURES if sign in said), "Write plain YAML")
    return _say(shown, line + first - 1, f"is not YAML: {said}", cure)
