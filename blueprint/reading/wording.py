"""What pydantic found, in the words of a person who wants to mend it.

A table by pydantic's error type; a type that is not in it keeps pydantic's own sentence, which is better than a
wrong one of ours.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from blueprint.reading.problems import Problem, valid
from blueprint.reading.source import Source

Place = tuple[str | int, ...]
Words = tuple[str, str]
"""Cause and cure."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One thing pydantic did not take: what was written, where, and what it knows about it."""

    input: Any
    context: Mapping[str, Any]
    place: Place
    model: type[BaseModel]


Wording = Callable[[Found], Words]


def _as_found(place: Place) -> Place:
    return place


def problems(
    error: ValidationError, model: type[BaseModel], source: Source, relocate: Callable[[Place], Place] = _as_found
) -> Iterable[Problem]:
    """Every mistake pydantic found in `source`; `relocate` says where a merged value was written."""
    for found in error.errors(include_url=False):
        place = _place(found, model)
        word = WORDINGS.get(found["type"])
        asked = Found(input=found.get("input"), context=found.get("ctx", {}), place=place, model=model)
        cause, cure = word(asked) if word else (found["msg"], "Change the value")
        yield source.problem(relocate(place), cause, cure)


def _place(found: Any, model: type[BaseModel]) -> Place:
    """Where in the file: pydantic's location without the names of union members, with the field a validator named."""
    place: list[str | int] = []
    fields: Any = model
    for part in found["loc"]:
        inner = _inside(fields, part)
        if inner is _NOTHING and part in _tags(fields):
            fields = _tags(fields)[part]
            continue
        place.append(part)
        fields = inner
    named = found.get("ctx", {}).get("field", "")
    return (*place, *(int(word) if word.isdigit() else word for word in named.split(".") if word))


_NOTHING: Final[Any] = object()


def _models(annotation: Any) -> list[Any]:
    """The models an annotation may hold, through Optional, Annotated, tuples and unions."""
    if isinstance(annotation, FieldInfo):
        annotation = annotation.annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]


def _inside(annotation: Any, part: str | int) -> Any:
    """What stands at `part` of `annotation`, or _NOTHING."""
    for model in _models(annotation) or [annotation]:
        for name, field in getattr(model, "model_fields", {}).items():
            if part in (field.alias, name):
                return field.annotation
    arguments = [argument for argument in get_args(annotation) if argument not in (type(None), ...)]
    origins = str(annotation)
    if isinstance(part, int) and "tuple[" in origins.lower():
        return arguments[0] if arguments else _NOTHING
    if isinstance(part, str) and "dict[" in origins.lower() and part not in _tags(annotation):
        return arguments[-1] if arguments else _NOTHING
    return _NOTHING


def _tags(annotation: Any) -> Mapping[str | int, Any]:
    """The members of a discriminated union by the tag pydantic puts into a location."""
    tags: dict[str | int, Any] = {}
    for model in _models(annotation):
        tags[model.__name__] = model
        for field in model.model_fields.values():
            for literal in get_args(field.annotation):
                if isinstance(literal, str) and len(get_args(field.annotation)) == 1:
                    tags[literal] = model
    tags |= {tag: tags[name] for tag, name in (("http", "HttpOperation"), ("grpc", "GrpcOperation")) if name in tags}
    return tags


def fields_at(model: type[BaseModel], place: Place) -> list[str]:
    """The names that may be written at `place` of `model`."""
    annotation: Any = model
    for part in place:
        annotation = _inside(annotation, part)
        if annotation is _NOTHING:
            return []
    return sorted({field.alias or name for found in _models(annotation) for name, field in found.model_fields.items()})


def _refused(found: Found) -> Words:
    return found.context["cause"], found.context["cure"]


def _unknown(found: Found) -> Words:
    name = str(found.place[-1])
    if found.input is None and " " in name:
        return f"'{name}' is read as a field: a comma inside {{ }} ends the value before it", "Quote the whole value"
    return f"there is no field '{name}' here", valid(name, fields_at(found.model, found.place[:-1]))


def _missing(found: Found) -> Words:
    return "is missing", f"Add {found.place[-1]}"


def _literal(found: Found) -> Words:
    expected = [word.strip("'") for word in found.context["expected"].replace(" or ", ", ").split(", ")]
    return f"'{found.input}' is none of the words taken here", valid(str(found.input), expected, "Valid")


def _untagged(found: Found) -> Words:
    field = found.context["discriminator"].strip("'")
    return f"'{field}' is missing, so its kind is not known", f"Add {field}"


def _wrong_tag(found: Found) -> Words:
    tags = [tag.strip("' ") for tag in found.context["expected_tags"].split(",")]
    field = found.context["discriminator"].strip("'")
    return f"{field} '{found.context['tag']}' is not known", valid(found.context["tag"], tags, "Valid")


_SHAPES: Final = {dict: "a map", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}


def _shape(wanted: str, cure: str) -> Wording:
    def word(found: Found) -> Words:
        got = _SHAPES.get(type(found.input), "empty" if found.input is None else "something else")
        shown = f" ({found.input})" if isinstance(found.input, int | float | str) and found.input != "" else ""
        return f"is {got}{shown}, not {wanted}", cure

    return word


def _too_small(found: Found) -> Words:
    bound = found.context.get("ge", found.context.get("gt"))
    return f"is {found.input}, too small", f"The least is {'above ' if 'gt' in found.context else ''}{bound}"


def _too_large(found: Found) -> Words:
    bound = found.context.get("le", found.context.get("lt"))
    return f"is {found.input}, too large", f"The most is {'below ' if 'lt' in found.context else ''}{bound}"


def _pattern(found: Found) -> Words:
    return f"'{found.input}' is not written as expected", f"It must match {found.context['pattern']}"


def _too_few(found: Found) -> Words:
    return "is empty", f"Give at least {found.context['min_length']}"


def _too_long(found: Found) -> Words:
    return f"has {len(found.input)} characters", f"Use {found.context['max_length']} at most"


def _too_short(found: Found) -> Words:
    return f"has {len(found.input)} characters", f"Use at least {found.context['min_length']}"


def _bad_date(found: Found) -> Words:
    return f"'{found.input}' is no date", "Write YYYY-MM-DD"


WORDINGS: Final[Mapping[str, Wording]] = {
    "refused": _refused,
    "extra_forbidden": _unknown,
    "missing": _missing,
    "literal_error": _literal,
    "union_tag_not_found": _untagged,
    "union_tag_invalid": _wrong_tag,
    "string_type": _shape("text", "Put it in quotes"),
    "int_type": _shape("a whole number", "Write digits without quotes"),
    "int_from_float": _shape("a whole number", "Write digits without a point"),
    "float_type": _shape("a number", "Write digits without quotes"),
    "bool_type": _shape("true or false", "Write true or false"),
    "model_type": _shape("a map", "Write `key: value` lines below it"),
    "model_attributes_type": _shape("a map", "Write `key: value` lines below it"),
    "dict_type": _shape("a map", "Write `key: value` lines below it"),
    "tuple_type": _shape("a list", "Write `- item` lines below it, or [a, b]"),
    "greater_than_equal": _too_small,
    "greater_than": _too_small,
    "less_than_equal": _too_large,
    "less_than": _too_large,
    "string_pattern_mismatch": _pattern,
    "too_short": _too_few,
    "string_too_long": _too_long,
    "string_too_short": _too_short,
    "date_type": _bad_date,
    "date_parsing": _bad_date,
    "date_from_datetime_parsing": _bad_date,
    "date_from_datetime_inexact": _bad_date,
}
"""pydantic's error type → (cause, cure)."""
