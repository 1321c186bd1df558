"""A document out of libyaml's events: counted before it is built, and nothing built twice.

An alias is the value it names, not a copy, and counts as much as a copy would. libyaml's own composer is not asked: it
recurses without a limit, and a few hundred bytes of aliases are gigabytes when its tree is walked.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from policies.documents.budget import CHARACTERS, MAX_DEPTH, Budget, RefusedError, short, too_deep
from policies.documents.scalars import EndlessError, resolved


@dataclass(kw_only=True)
class _Open:
    """A map or list that is being read."""

    value: Any
    line: int
    before: int
    """What was left of the budget before it."""
    anchor: str | None
    key: Any = None
    """The key whose value comes next: text, _MERGE, or None where the next is a key."""
    merged: set[str] = field(default_factory=set)
    """Keys that came by `<<`: what is written below it overrides them."""
    has_merged: bool = False
    height: int = 1
    """Levels in it, its own included."""


@dataclass(frozen=True, kw_only=True)
class _Anchored:
    value: Any
    weight: int
    height: int


_MERGE: Final = object()
_COLLECTIONS: Final = frozenset({None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


class Tree:
    """One document while its events come in."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.root: Any = None
        self.line = 1
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored | _Open] = {}
        """The last of each name to begin. One that is open still cannot be named: it would hold itself."""

    def take(self, event: Any) -> None:
        """The next event. Raises RefusedError."""
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event, line)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(str(event.anchor), line)

    def _scalar(self, event: Any, line: int) -> None:
        weight = 1 + len(event.value) // CHARACTERS
        self.budget.spend(weight, line)
        inside = self._open[-1] if self._open else None
        if inside and inside.key is None and isinstance(inside.value, dict) and _merges(event):
            if inside.has_merged:
                raise RefusedError(line, "says << a second time", "Merge a list: <<: [*one, *other]")
            inside.key, inside.has_merged = _MERGE, True
            return
        value = _scalar(event, line)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(value=value, weight=weight, height=0)
        self._put(value, line, 0)

    def _begin(self, event: Any, line: int) -> None:
        self.budget.spend(1, line)
        if event.tag not in _COLLECTIONS:
            raise _foreign(event.tag, line)
        if len(self._open) >= MAX_DEPTH:
            raise too_deep(line)
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        begun = _Open(value=value, line=line, before=self.budget.left + 1, anchor=event.anchor)
        self._open.append(begun)
        if event.anchor:
            self._anchors[event.anchor] = begun

    def _end(self) -> None:
        done = self._open.pop()
        if done.anchor and self._anchors[done.anchor] is done:
            weight = done.before - self.budget.left
            self._anchors[done.anchor] = _Anchored(value=done.value, weight=weight, height=done.height)
        self._put(done.value, done.line, done.height)

    def _alias(self, name: str, line: int) -> None:
        if name not in self._anchors:
            raise RefusedError(line, f"uses *{name}, and no &{name} is above it", "Write the value out")
        anchored = self._anchors[name]
        if isinstance(anchored, _Open):
            raise RefusedError(line, f"uses *{name} within &{name}: it would hold itself", "Write the value out")
        self.budget.spend(anchored.weight, line)
        if len(self._open) + anchored.height > MAX_DEPTH:
            raise too_deep(line)
        self._put(anchored.value, line, anchored.height)

    def _put(self, value: Any, line: int, height: int) -> None:
        """`value` where it belongs: the whole, the next item, a key, or the value of the key before it."""
        if not self._open:
            self.root, self.line = value, line
            return
        inside = self._open[-1]
        inside.height = max(inside.height, height + 1)
        if isinstance(inside.value, list):
            inside.value.append(value)
        elif inside.key is None:
            inside.key = _key(value, line)
            if inside.key in inside.value and inside.key not in inside.merged:
                cause = f"says '{short(inside.key)}' a second time; one of the two would be lost"
                raise RefusedError(line, cause, "Keep one")
            inside.merged.discard(inside.key)
        else:
            key, inside.key = inside.key, None
            if key is _MERGE:
                _merge(inside, value, line)
            else:
                inside.value[key] = value


def _merges(event: Any) -> bool:
    return bool(event.value == "<<" and (event.implicit[0] or event.tag == "tag:yaml.org,2002:merge"))


def _merge(inside: _Open, value: Any, line: int) -> None:
    """Takes the entries of `value` over, a map or a list of maps of which the earlier ones win."""
    maps = value if isinstance(value, list) else [value]
    written = set(inside.value)
    for each in maps:
        if not isinstance(each, dict):
            raise RefusedError(line, "merges something else than a map with <<", "Name a map, or a list of maps")
        # YAML lets what is written win, kubectl lets what is merged below it win: where they differ, one is misled.
        if hidden := {key for key in written & set(each) if not _same(inside.value[key], each[key])}:
            cause = f"says '{short(min(hidden))}' and merges it again below"
            raise RefusedError(line, cause, "Write << first, and what differs below it")
        for key, entry in each.items():
            if key not in inside.value:
                inside.value[key] = entry
                inside.merged.add(key)


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and not isinstance(one, dict | list) and bool(one == other))


def _key(value: Any, line: int) -> str:
    """A key as JSON has it. Booleans and numbers become text there; the other kinds cannot."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    found = "a map or list" if isinstance(value, dict | list) else "nothing" if value is None else "a fraction"
    raise RefusedError(line, f"has {found} for a key", "Write a word, in quotes if it looks like something else")


_CORE: Final = "tag:yaml.org,2002:"
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    f"{_CORE}bool": (bool,),
    f"{_CORE}int": (int,),
    f"{_CORE}float": (float, int),
    f"{_CORE}null": (type(None),),
}
_TEXTS: Final = frozenset({"!", f"{_CORE}str", f"{_CORE}timestamp"})


def _scalar(event: Any, line: int) -> Any:
    if event.tag in _TEXTS or (event.tag is None and not event.implicit[0]):
        return event.value
    if event.tag is not None and event.tag not in _TYPES:
        raise _foreign(event.tag, line)
    try:
        value = resolved(event.value)
    except EndlessError:
        raise RefusedError(line, f"holds {event.value}, which JSON has no word for", "Write a number") from None
    wanted = _TYPES.get(event.tag or "")
    if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted)):
        raise RefusedError(line, f"calls something {_tag(event.tag)} that is none", "Delete the tag")
    return value


def _foreign(tag: str, line: int) -> RefusedError:
    return RefusedError(line, f"uses the tag {_tag(tag)}, which Kubernetes does not know", "Delete it")


def _tag(tag: str) -> str:
    return short(tag.replace(_CORE, "!!"))
