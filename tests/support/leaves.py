"""Every field a model has, down to the last: where it is declared, and where an example says it.

A place is written as in YAML, with `*` for any name or position and the branch of a union in brackets:
`spec.resources.*(Postgres).pool.mode`. Recursion follows pydantic's own annotations, so that a field cannot be added
without being found.
"""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from blueprint.text import Text

Step = tuple[type[Text], str]
"""A model and the Python name of one of its fields."""


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A field that holds a value and no model."""

    place: str
    steps: tuple[Step, ...]
    """From the root model to the field itself."""
    annotation: Any

    @property
    def is_constant(self) -> bool:
        """Whether it can say one thing only, so that saying it says nothing."""
        options = [option for each in alternatives(self.annotation) for option in get_args(each)]
        return get_origin(self.annotation) is Literal and len(options) == 1


@dataclass(frozen=True, kw_only=True)
class Said:
    """A leaf where an example says it."""

    leaf: Leaf
    path: tuple[str | int, ...]
    """YAML keys and positions."""


def alternatives(annotation: Any) -> Iterator[Any]:
    """The types of a union, the whole of anything else; what pydantic is given beside the type is left out."""
    if get_origin(annotation) is Annotated:
        yield from alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from alternatives(each)
    elif annotation is not type(None):
        yield annotation


def models(annotation: Any) -> list[type[Text]]:
    """The models among the types of `annotation`."""
    return [each for each in alternatives(annotation) if isinstance(each, type) and issubclass(each, Text)]


def inner(annotation: Any) -> Any | None:
    """What a list or map of models holds; None: it is neither."""
    for each in alternatives(annotation):
        held = {tuple: 0, dict: 1}.get(get_origin(each))
        if held is not None and models(get_args(each)[held]):
            return get_args(each)[held]
    return None


def leaves(model: type[Text], place: str = "", steps: tuple[Step, ...] = ()) -> Iterator[Leaf]:
    """Every leaf below `model`."""
    for name, field in model.model_fields.items():
        yield from _below(field.rebuild_annotation(), f"{place}{field.alias}", (*steps, (model, name)))


def _below(annotation: Any, place: str, steps: tuple[Step, ...]) -> Iterator[Leaf]:
    found, held = models(annotation), inner(annotation)
    if held is not None:
        yield from _below(held, f"{place}.*", steps)
        return
    for model in found:
        yield from leaves(model, f"{_branch(place, model, found)}.", steps)
    if len(found) < len(list(alternatives(annotation))):
        yield Leaf(place=place, steps=steps, annotation=annotation)


def _branch(place: str, model: type[Text], found: list[type[Text]]) -> str:
    return f"{place}({model.__name__})" if len(found) > 1 else place


def said(
    value: Text, place: str = "", steps: tuple[Step, ...] = (), path: tuple[str | int, ...] = ()
) -> Iterator[Said]:
    """Every leaf that was written in `value`."""
    model = type(value)
    for name in sorted(value.model_fields_set):
        field = model.model_fields[name]
        alias = str(field.alias)
        where, gone = f"{place}{alias}", (*steps, (model, name))
        yield from _said(getattr(value, name), field.rebuild_annotation(), where, gone, (*path, alias))


def _said(
    value: Any, annotation: Any, place: str, steps: tuple[Step, ...], path: tuple[str | int, ...]
) -> Iterator[Said]:
    held, found = inner(annotation), models(annotation)
    if held is not None:
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _said(each, held, f"{place}.*", steps, (*path, key))
    elif isinstance(value, Text):
        yield from said(value, f"{_branch(place, type(value), found)}.", steps, path)
    else:
        yield Said(leaf=Leaf(place=place, steps=steps, annotation=annotation), path=path)
