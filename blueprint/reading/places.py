"""Where in a file pydantic's complaint belongs.

pydantic's locations name members of unions and mark keys (`db.redis.params`, `variables.1.[key]`); nobody wrote
those words. Here a location is walked along the types, so that only what stands in the file is left of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic.fields import FieldInfo

Place = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A place in a file, and what the types know about it."""

    place: Place
    """Keys and positions, as written."""
    annotation: Any
    """The type of what stands there, or None where nothing may stand."""
    around: type[BaseModel] | None
    """The model whose field the last word of the place should be; None in a map of free names or a list."""
    choice: Place | None
    """The place of the union without a discriminator above it: pydantic complains there once per member."""
    member: str | int
    """pydantic's word for the member of that union."""
    is_key: bool
    """Whether the key itself is meant, not the value under it."""


@dataclass(frozen=True, kw_only=True)
class _Member:
    """A member of a union, or a type that is none."""

    label: str
    """pydantic's word for it in a location."""
    annotation: Any

    @property
    def model(self) -> type[BaseModel] | None:
        """The annotation, if it is a model."""
        is_model = isinstance(self.annotation, type) and issubclass(self.annotation, BaseModel)
        return self.annotation if is_model else None

    @property
    def discriminated(self) -> bool:
        """Whether a discriminator leads to it."""
        return self.model is not None and self.label != self.model.__name__


def spot(location: Sequence[str | int], model: type[BaseModel]) -> Spot:
    """Where pydantic's `location` in `model` is written."""
    place: list[str | int] = []
    annotation: Any = model
    around: type[BaseModel] | None = None
    choice: Place | None = None
    chosen: str | int = ""
    is_key = False
    for word in location:
        part = _bare(word)
        if part == "[key]":
            is_key = True
            continue
        members = tuple(_members(annotation))
        if len(members) > 1:
            annotation = next((member.annotation for member in members if member.label == part), annotation)
            if not all(member.discriminated for member in members):
                choice, chosen = tuple(place), part
            continue
        place.append(part)
        around = members[0].model
        annotation = _step(members[0], part)
    return Spot(place=tuple(place), annotation=annotation, around=around, choice=choice, member=chosen, is_key=is_key)


def _bare(part: str | int) -> str | int:
    """pydantic's word for a member without the validator around it: function-after[check(), Name] is Name."""
    wrapped = isinstance(part, str) and part.startswith("function-")
    return str(part).removesuffix("]").rsplit(", ", 1)[-1] if wrapped else part


def fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The fields of `model` by the name that is written."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def kinds(annotation: Any) -> Sequence[str]:
    """The values by which the members of the union `annotation` are discriminated."""
    return sorted(member.label for member in _members(annotation) if member.discriminated)


def _members(annotation: Any, label: str = "") -> Iterator[_Member]:
    """The members of a union, None left out; `annotation` itself where it is no union."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        label = next((entry.tag for entry in arguments[1:] if isinstance(entry, Tag)), label)
        inner = tuple(_members(arguments[0], label))
        yield from inner if len(inner) > 1 or inner[0].model else [_Member(label=label, annotation=annotation)]
    elif origin in (Union, UnionType):
        for argument in arguments:
            if argument is not NoneType:
                yield from _members(argument)
    else:
        plain = _Member(label=label, annotation=annotation)
        yield _Member(label=label or _discriminator(plain.model), annotation=annotation) if plain.model else plain


def _discriminator(model: type[BaseModel]) -> str:
    """The word of a discriminator that stands for `model`; its name where it has none."""
    for field in model.model_fields.values():
        words = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        if len(words) == 1 and field.is_required():
            return str(words[0])
    return model.__name__


def _step(member: _Member, part: str | int) -> Any:
    """The type at `part` of `member`, or None."""
    if member.model:
        field = fields(member.model).get(str(part))
        if field is None:
            return None
        return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    annotation = member.annotation
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple:
        return arguments[0]
    return arguments[1] if get_origin(annotation) is dict else None
