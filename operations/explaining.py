"""`plat explain`: every value of one service in one environment, and who said it.

Nothing is decided here: the values are those that `blueprint.reading` hands to every command, and the places those that
its errors would name. How they are printed is `explained`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel

from blueprint.catalogue import Environment, Spec, merge
from blueprint.docstrings import docstrings
from blueprint.reading import TextError, files_of, read_alone, read_settings
from blueprint.reading.entries import Entry, patch_of
from blueprint.reading.places import Place
from blueprint.reading.problems import ended, valid
from blueprint.reading.source import Source
from operations.deciding import read_whole
from operations.exits import Exit, RefusedError
from operations.project import Project

Layer = Literal["file", "environment", "defaults", "model"]
"""Who says a value: the service's file, its patch for the environment, the defaults of its system, the model."""

DEFAULT_ENVIRONMENT: Final[Environment] = "prod"
"""Where nobody names one; `plat judge` takes the same."""

ABSENT: Final[Any] = object()
"""What nobody wrote; `null` is a value."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A value that does not hold, because another came after it."""

    file: str
    line: int
    value: Any


@dataclass(frozen=True, kw_only=True)
class Value:
    """What holds at one place of a service's file."""

    place: Place
    held: Any
    """Plain data, with the model's defaults below it. None: nothing holds."""
    written: Any
    """What the files say here, merged, without defaults of the model; ABSENT: nothing."""
    layer: Layer
    file: str | None
    """Where it is said; None: the model's default."""
    line: int | None
    restored: bool
    """Whether `null` is said there or above, so that the model's default is back."""
    overrides: tuple[Written, ...]
    """What would hold without it, nearest first. A list and what `null` restores are compared as a whole, and what is
    below a map by itself."""
    about: str
    """What the model says of the field."""
    inner: tuple[Value, ...]
    """What is below it, first what is written; empty for a scalar, a list of scalars, and for what holds nothing."""

    @property
    def field(self) -> str:
        """Its YAML path."""
        return ".".join(map(str, self.place))

    @property
    def leaves(self) -> Iterator[Value]:
        """The values below it that have nothing below or override something as a whole; itself if it is one."""
        if self.overrides or not self.inner:
            yield self
            return
        for each in self.inner:
            yield from each.leaves


@dataclass(frozen=True, kw_only=True)
class Explained:
    """One service in one environment."""

    service: str
    environment: Environment
    file: str
    values: tuple[Value, ...]
    """What was asked for: the whole of the file, or some of its fields."""
    named: bool
    """Whether fields were named."""
    mistakes: int
    """In the catalogue, but not in this service by itself: its values are the same without them."""


def explain(project: Project, service: str, environment: Environment, fields: Sequence[str]) -> Explained:
    """The values of `service` in `environment`, all or only those at `fields`.

    Raises:
        RefusedError: there is no such service or field; the text names the nearest or all.
        TextError: with every problem of its own file, or of what its system shares.
    """
    entry, mistakes = _entry(project, service)
    whole = _Reader(entry=entry, environment=environment).whole()
    return Explained(
        service=service,
        environment=environment,
        file=entry.source.file,
        values=tuple(_at(text, whole) for text in fields) or whole,
        named=bool(fields),
        mistakes=mistakes,
    )


def environment_of(project: Project, environment: Environment | None, stack: str | None) -> Environment:
    """The environment that is meant.

    Raises:
        RefusedError: both are named, or there is no such stack.
        TextError: with every problem of the stack's settings.
    """
    if stack is None:
        return environment or DEFAULT_ENVIRONMENT
    if environment is not None:
        cure = "Drop one of the two: a stack's settings name its environment."
        raise RefusedError(f"Both --environment {environment} and --stack {stack} are given. {cure}", Exit.USAGE)
    return read_settings(project.stack_file(stack)).environment


def _entry(project: Project, service: str) -> tuple[Entry, int]:
    """`service` as it was read, and how many mistakes the catalogue has elsewhere."""
    try:
        entries = read_whole(project).entries
        if service in entries:
            return entries[service], 0
        known = set(entries)
    except TextError as error:
        files = files_of(project.services)
        if service in files:
            return read_alone(files[service], called=project.shown(project.services)), len(error.problems)
        if not files:
            raise
        known = set(files)
    cure = ended(valid(service, known, "Services"))
    raise RefusedError(f"There is no service '{service}' in the catalogue. {cure}", Exit.USAGE)


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """The values of one service in one environment."""

    entry: Entry
    environment: Environment

    def whole(self) -> tuple[Value, ...]:
        """What its file is about: `metadata` and `spec`, with the patch merged in."""
        service, data = self.entry.patched[self.environment], self.entry.source.data
        patched = merge(data["spec"], self.entry.written.spec.environments.get(self.environment, {}))
        return (
            self._value(("metadata",), service.metadata, data["metadata"], ""),
            self._value(("spec",), service.spec, patched, ""),
        )

    def _value(self, place: Place, held: Any, written: Any, about: str, *, restored: bool = False) -> Value:
        """`held` at `place`, where the files with the patch merged in say `written`; `restored` by a null above."""
        at = self.entry.place(self.environment, *place[1:]) if place[0] == "spec" else place
        source, of = self.entry.source.origin(at)
        restored = restored or (written is ABSENT and self._says_null(at))
        inner = tuple(
            self._value((*place, word), value, _below(written, word), said, restored=restored)
            for word, value, said in _inner(held, written, about)
        )
        compared = restored or not inner or isinstance(held, tuple)
        listed = any(isinstance(word, int) for word in place)  # two items have only their position in common
        overrides = tuple(self._overridden(place, at)) if compared and not listed else ()
        said = written is not ABSENT or restored or bool(overrides)
        return Value(
            place=place,
            held=_plain(held),
            written=written,
            layer=self._layer(source, of) if said else "model",
            file=source.file if said else None,
            line=source.line(of) if said else None,
            restored=restored,
            overrides=overrides,
            about=" ".join(about.split()),
            inner=inner,
        )

    def _layer(self, source: Source, of: Place) -> Layer:
        """Who says what stands in `source` at `of`."""
        if source is not self.entry.source:
            return "defaults"
        patch = patch_of(self.environment)
        return "environment" if of[: len(patch)] == patch else "file"

    def _says_null(self, at: Place) -> bool:
        """Whether `null` is written at `at`."""
        node = self.entry.source.node(at)
        return node is not None and node.value is None

    def _overridden(self, place: Place, at: Place) -> Iterator[Written]:
        """What would hold at `place` without what is written `at`."""
        source = self.entry.source
        if at != place:
            found = _lookup(source.data, place)
            if found is not ABSENT:
                of, where = source.origin(place)
                yield Written(file=of.file, line=of.line(where), value=found)
        shared = source.shared(at) or source.shared(place)
        if source.giver and shared:
            found = _lookup(source.giver.data, shared)
            if found is not ABSENT:
                yield Written(file=source.giver.file, line=source.giver.line(shared), value=found)


def _inner(held: Any, written: Any, about: str) -> Iterator[tuple[str | int, Any, str]]:
    """What is below `held`: the word for each, its value, and what the model says of it. First what is `written`, in
    its order."""
    if isinstance(held, BaseModel):
        said, names = docstrings(type(held)), _names(type(held))
        for word in dict.fromkeys((*(written if isinstance(written, Mapping) else ()), *names)):
            if word in names:
                yield word, getattr(held, names[word]), said.get(word, "")
    elif isinstance(held, Mapping):
        yield from ((str(key), value, about) for key, value in held.items())
    elif isinstance(held, tuple) and any(isinstance(value, BaseModel) for value in held):
        yield from ((index, value, about) for index, value in enumerate(held))


def _names(model: type[BaseModel]) -> Mapping[str, str]:
    """The fields of `model` as they are written, and as Python names them; patches hold no value of their own."""
    found = {field.alias or name: name for name, field in model.model_fields.items()}
    return {word: name for word, name in found.items() if (model, name) != (Spec, "environments")}


def _below(written: Any, word: str | int) -> Any:
    """What is written at `word` of `written`."""
    if isinstance(written, Mapping):
        return written.get(word, ABSENT)
    return written[word] if isinstance(written, list) and isinstance(word, int) and word < len(written) else ABSENT


def _lookup(data: Any, place: Place) -> Any:
    for word in place:
        data = _below(data, word)
    return data


def _plain(held: Any) -> Any:
    """`held` as JSON has it, without what holds nothing."""
    if isinstance(held, BaseModel):
        return held.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(held, Mapping):
        return {key: _plain(value) for key, value in held.items()}
    if isinstance(held, tuple):
        return [_plain(value) for value in held]
    return held if held is None or isinstance(held, str | int | float) else str(held)


def _at(text: str, whole: tuple[Value, ...]) -> Value:
    """The value at the YAML path `text`; `spec.` may be left out. Raises RefusedError."""
    inner, above, rest = whole, "", text
    if not any(_starts(text, each) for each in whole):
        inner, above = whole[-1].inner, "spec"
    while True:
        fitting = [each for each in inner if _starts(rest, each)]
        if not fitting:
            raise RefusedError(_unknown(text, above, rest, inner), Exit.USAGE)
        value = max(fitting, key=lambda each: len(str(each.place[-1])))  # a key may hold a full stop
        rest = rest.removeprefix(str(value.place[-1])).removeprefix(".")
        if not rest:
            return value
        inner, above = value.inner, value.field


def _starts(text: str, value: Value) -> bool:
    word = str(value.place[-1])
    return text == word or text.startswith(f"{word}.")


def _unknown(text: str, above: str, rest: str, inner: Sequence[Value]) -> str:
    """The words for a path that leads nowhere."""
    wrong = rest.split(".", 1)[0]
    if not inner:
        return f"There is no field '{text}': nothing is below {above}. Name {above} itself."
    known = sorted(str(each.place[-1]) for each in inner)
    near = valid(wrong, known)
    cure = near if near.endswith("?") else f"Fields of {above}: {', '.join(known)}."
    return f"There is no field '{wrong}' in {above}. {cure}"
