"""What pydantic found, in the words of a person who wants to mend it.

A table by pydantic's error type; a type that is not in it keeps pydantic's own sentence, which is better than a
wrong one of ours. A value that may be a secret is never repeated.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, ValidationError

from blueprint.docstrings import docstrings
from blueprint.reading.elsewhere import ELSEWHERE, OTHERWISE
from blueprint.reading.patterns import PATTERNS
from blueprint.reading.places import Place, Spot, fields, kinds, spot
from blueprint.reading.problems import Problem, valid
from blueprint.reading.source import Node, Source

Words = tuple[str, str]
"""Cause and cure."""

_SECRETIVE: Final = re.compile(r"passw|secret|token|private|api[_-]?key|authorization|cookie", re.IGNORECASE)
_PRIVATE: Final = frozenset({"variables", "requestTransformer"})
"""Fields below which any value may be a secret somebody should not have written there."""
_SHOWN: Final = 60
"""Characters of a value that are repeated."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One thing pydantic did not take: where, what was written, and what it knows about it."""

    spot: Spot
    input: Any
    context: Mapping[str, Any]
    node: Node | None
    """What stands there, if anything does."""
    beside: Sequence[tuple[str, int]]
    """The keys around it, each with its line."""

    @property
    def secret(self) -> bool:
        """Whether the value may be one. A key never is."""
        words = [part for part in self.spot.place if isinstance(part, str)]
        return not self.spot.is_key and bool(_PRIVATE & set(words) or _SECRETIVE.search(words[-1] if words else ""))

    @property
    def shown(self) -> str:
        """The key or value as written, cut short; empty for what may be a secret and for maps and lists."""
        if self.secret:
            text = ""
        elif self.spot.is_key or not self.node:
            text = self.input if isinstance(self.input, str) else json.dumps(self.input)
        else:
            text = self.node.text
        return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."

    @property
    def got(self) -> str:
        """What was written, in a word."""
        return _got(self.input, self.shown)

    @property
    def quoted(self) -> str:
        """The value in quotes, or a word for it."""
        return "the value" if self.secret else f"'{self.shown}'"


Wording = Callable[[Found], Words]


def _as_found(place: Place) -> Place:
    return place


def problems(
    error: ValidationError, model: type[BaseModel], source: Source, relocate: Callable[[Place], Place] = _as_found
) -> Iterable[Problem]:
    """Every mistake pydantic found in `source`; `relocate` says where a merged value was written."""
    for found, at in _chosen(error, model):
        context = found.get("ctx", {})
        if found["type"] == "refused":
            for fault in context["faults"]:
                words = (int(word) if word.isdigit() else word for word in fault.field.split(".") if word)
                yield source.problem(relocate((*at.place, *words)), fault.cause, fault.cure)
            continue
        named = context.get("discriminator", "").strip("'")
        place = relocate((*at.place, *(int(word) if word.isdigit() else word for word in named.split(".") if word)))
        around = source.node(place[:-1])
        asked = Found(
            spot=at,
            input=found.get("input"),
            context=context,
            node=source.node(place),
            beside=tuple((key, line) for key, (line, _) in around.items.items()) if around else (),
        )
        word = WORDINGS.get(found["type"])
        cause, cure = word(asked) if word else (found["msg"], "Change the value")
        yield source.problem(place, cause, cure)


def _chosen(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Any, Spot]]:
    """pydantic's complaints; at a union without a discriminator, those of the one member that was likely meant."""
    unions: dict[Place, list[tuple[Any, Spot]]] = {}
    for found in error.errors(include_url=False):
        if found["type"] == "too_short" and len(found["input"]) >= found["ctx"]["min_length"]:
            continue  # pydantic counts only the items that are right; the wrong ones are reported by themselves
        at = spot(found["loc"], model)
        if at.choice is None:
            yield found, at
        else:
            unions.setdefault(at.choice, []).append((found, at))
    for complaints in unions.values():
        fitting = [at.member for found, at in complaints if not _of_another_shape(found, at)]
        meant = fitting[0] if fitting else complaints[0][1].member
        yield from (complaint for complaint in complaints if complaint[1].member == meant)


def _of_another_shape(found: Any, at: Spot) -> bool:
    """Whether a member of a union was not even meant: it complains of what was written as a whole."""
    if at.place != at.choice:
        return False
    is_text = isinstance(found["input"], str)
    return found["type"].endswith(("_type", "none_required")) or (found["type"] == "literal_error" and not is_text)


def _unknown(found: Found) -> Words:
    name = str(found.spot.place[-1])
    lines = dict(found.beside)
    after_a_comma = any(after == name and lines[before] == lines[after] for before, after in pairwise(lines))
    if found.input is None and after_a_comma:
        cause = f"'{name}' is read as a field of its own: inside {{ }} the comma before it ended the value"
        return cause, "Quote the whole value"
    around = found.spot.around
    kinds = around.__mro__ if around else ()
    said = next((said for kind in kinds if (said := ELSEWHERE.get((kind.__name__, name)))), None)
    return f"there is no field '{name}' here", said or valid(name, fields(around) if around else ())


def _missing(found: Found) -> Words:
    if found.node:
        return "is taken away here, but cannot be missing", "Give it a value or drop the line"
    name = str(found.spot.place[-1])
    said = docstrings(found.spot.around).get(name, "") if found.spot.around else ""
    meaning = re.split(r"\.\s", said)[0].rstrip(".")
    return "is missing", f"Add `{name}:`" + (f" ({meaning})" if meaning not in ("", name) else "")


def _literal(found: Found) -> Words:
    expected = [word.strip("'") for word in found.context["expected"].replace(" or ", ", ").split(", ")]
    if isinstance(found.input, str):
        return f"{found.quoted} is not a valid value", _meant(found.input, expected)
    if found.shown in expected:
        return f"is {found.got}, not text", f'Put it in quotes: "{found.shown}"'
    return f"is {found.got}, not a valid value", f"Valid: {', '.join(sorted(expected))}"


def _meant(wrong: str, known: Sequence[str]) -> str:
    """The cure for a value that is not among `known`."""
    word, cure = OTHERWISE.get(wrong, ("", ""))
    return cure if word in known else valid(wrong, known, "Valid")


def _untagged(found: Found) -> Words:
    field = found.context["discriminator"].strip("'")
    cause = "is missing, so the rest cannot be checked"
    return cause, f"Add `{field}:` with one of {', '.join(kinds(found.spot.annotation))}"


def _wrong_tag(found: Found) -> Words:
    known = kinds(found.spot.annotation)
    if found.node and not isinstance(found.node.value, str):
        return f"is {_got(found.node.value, found.shown)}, not text", f"Valid: {', '.join(known)}"
    tag = found.shown if found.node else str(found.context["tag"])
    return f"'{tag}' is not known", _meant(tag, known)


def _got(value: Any, shown: str) -> str:
    """What `value` is, in a word, and how it was written."""
    if isinstance(value, bool):
        return shown or "a truth value"
    if isinstance(value, int | float):
        return f"the number {shown}" if shown else "a number"
    if isinstance(value, str):
        return f"the text '{shown}'" if shown else "text"
    if isinstance(value, dict):
        return "a map"
    return "a list" if isinstance(value, list) else "empty"


def _shape(wanted: str, cure: str) -> Wording:
    def word(found: Found) -> Words:
        return f"is {found.got}, not {wanted}", f"Give {wanted} or drop the line" if found.input is None else cure

    return word


def _text(found: Found) -> Words:
    """A number or truth value where text belongs: quotes help only where the quoted text would be taken."""
    if found.input is None or isinstance(found.input, dict | list):
        return f"is {found.got}, not text", "Write one text"
    if found.spot.annotation is not None and found.node:
        try:
            TypeAdapter(found.spot.annotation).validate_python(found.node.text)
        except ValidationError as error:
            for fault in error.errors(include_url=False)[0].get("ctx", {}).get("faults", ()):
                return fault.cause, fault.cure
    return f"is {found.got}, not text", f'Put it in quotes: "{found.shown}"' if found.shown else "Put it in quotes"


def _too_small(found: Found) -> Words:
    bound = found.context.get("ge", found.context.get("gt"))
    return f"is {found.shown}, too small", f"The least is {'above ' if 'gt' in found.context else ''}{bound:g}"


def _too_large(found: Found) -> Words:
    bound = found.context.get("le", found.context.get("lt"))
    return f"is {found.shown}, too large", f"The most is {'below ' if 'lt' in found.context else ''}{bound:g}"


def _pattern(found: Found) -> Words:
    pattern = found.context["pattern"]
    return f"{found.quoted} is not written as expected", PATTERNS.get(pattern, f"It must match {pattern}")


def _too_few(found: Found) -> Words:
    return "is empty", f"Give at least {found.context['min_length']}"


def _too_long(found: Found) -> Words:
    return f"has {len(found.input)} characters", f"Use {found.context['max_length']} at most"


def _too_short(found: Found) -> Words:
    return f"has {len(found.input)} characters", f"Use at least {found.context['min_length']}"


def _bad_date(found: Found) -> Words:
    return f"is {found.got}, which is no date", "Write a day of the calendar as YYYY-MM-DD"


_MAP: Final = _shape("a map", "Write `key: value` lines below it")

WORDINGS: Final[Mapping[str, Wording]] = {
    "extra_forbidden": _unknown,
    "missing": _missing,
    "literal_error": _literal,
    "union_tag_not_found": _untagged,
    "union_tag_invalid": _wrong_tag,
    "string_type": _text,
    "int_type": _shape("a whole number", "Write plain decimal digits, without quotes"),
    "float_type": _shape("a number", "Write plain decimal digits, without quotes"),
    "bool_type": _shape("true or false", "Write true or false, without quotes"),
    "model_type": _MAP,
    "dict_type": _MAP,
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
}
"""pydantic's error type → (cause, cure)."""
