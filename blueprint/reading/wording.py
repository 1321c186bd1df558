"""What pydantic found, in the words of a person who wants to mend it.

A table by pydantic's error type; a type that is not in it keeps pydantic's own sentence, which is better than a
wrong one of ours. A value that may be a secret is never repeated.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, ValidationError

from blueprint.reading.patterns import PATTERNS
from blueprint.reading.places import Place, Spot, fields, kinds, spot
from blueprint.reading.problems import Problem, valid
from blueprint.reading.source import Node, Source

Words = tuple[str, str]
"""Cause and cure."""

_SECRETIVE: Final = re.compile(r"passw|secret|token|private|api_?key", re.IGNORECASE)
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
    def shown(self) -> str:
        """The value as written, cut short; empty for what may be a secret and for maps and lists."""
        place = [part for part in self.spot.place if isinstance(part, str)]
        if _PRIVATE & set(place) or _SECRETIVE.search(place[-1] if place else ""):
            return ""
        text = self.node.text if self.node and self.node.text else self.input
        text = text if isinstance(text, str) else ""
        return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."

    @property
    def quoted(self) -> str:
        """The value in quotes, or a word for it."""
        return f"'{self.shown}'" if self.shown else "the value"


Wording = Callable[[Found], Words]


def _as_found(place: Place) -> Place:
    return place


def problems(
    error: ValidationError, model: type[BaseModel], source: Source, relocate: Callable[[Place], Place] = _as_found
) -> Iterable[Problem]:
    """Every mistake pydantic found in `source`; `relocate` says where a merged value was written."""
    for found, at in _chosen(error, model):
        context = found.get("ctx", {})
        named = context.get("field", "") if found["type"] == "refused" else context.get("discriminator", "").strip("'")
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
    """pydantic's complaints; of a union without a discriminator, those of the one member that was likely meant."""
    unions: dict[Place, list[tuple[Any, Spot]]] = {}
    for found in error.errors(include_url=False):
        at = spot(found["loc"], model)
        if at.choice is None:
            yield found, at
        else:
            unions.setdefault(at.choice, []).append((found, at))
    for complaints in unions.values():
        meant = [complaint for complaint in complaints if not _of_another_shape(complaint[0])] or complaints
        deepest = max(len(at.place) for _, at in meant)
        yield from meant if deepest > len(meant[0][1].place) or len(meant[0][1].place) > len(
            meant[0][1].choice or ()
        ) else meant[:1]


def _of_another_shape(found: Any) -> bool:
    is_word = isinstance(found["input"], str)
    return found["type"].endswith("_type") or (found["type"] == "literal_error" and not is_word)


def _refused(found: Found) -> Words:
    return found.context["cause"], found.context["cure"]


def _unknown(found: Found) -> Words:
    name = str(found.spot.place[-1])
    lines = dict(found.beside)
    after_a_comma = any(after == name and lines[before] == lines[after] for before, after in pairwise(lines))
    if found.input is None and after_a_comma:
        cause = f"'{name}' is read as a field of its own: inside {{ }} the comma before it ended the value"
        return cause, "Quote the whole value"
    known = fields(found.spot.around) if found.spot.around else ()
    return f"there is no field '{name}' here", valid(name, known)


def _missing(found: Found) -> Words:
    name = str(found.spot.place[-1])
    if found.node:
        return "is taken away here, but it cannot be missing", "Give it a value or drop the line"
    field = fields(found.spot.around).get(name) if found.spot.around else None
    meaning = re.split(r"\.\s", field.description or "")[0].rstrip(".") if field else ""
    return "is missing", f"Add `{name}:`" + (f" ({meaning})" if meaning and meaning != name else "")


def _literal(found: Found) -> Words:
    expected = [word.strip("'") for word in found.context["expected"].replace(" or ", ", ").split(", ")]
    if not isinstance(found.input, str):
        if found.shown in expected:
            return f"is {_got(found)}, not text", f'Put it in quotes: "{found.shown}"'
        return f"is {_got(found)}, not one of the words taken here", valid("", expected, "Valid")
    return f"{found.quoted} is none of the words taken here", valid(found.input, expected, "Valid")


def _untagged(found: Found) -> Words:
    field = found.context["discriminator"].strip("'")
    return "is missing, so nothing else here can be judged", f"Add `{field}:` with {_either(kinds(_union(found)))}"


def _wrong_tag(found: Found) -> Words:
    known = kinds(_union(found))
    if found.node is None or not isinstance(found.node.value, str):
        return f"is {_SHAPES.get(type(found.node and found.node.value), 'empty')}, not text", f"Write {_either(known)}"
    return f"'{found.shown}' is not known", valid(found.shown, known, "Valid")


def _union(found: Found) -> Any:
    return found.spot.annotation


def _either(words: Sequence[str]) -> str:
    return f"one of {', '.join(words)}"
