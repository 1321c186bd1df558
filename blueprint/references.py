"""`${...}` in an owner's variables: what may be referred to, and how a text with references is taken apart.

Four things can be asked: `${metadata.name}`, `${environment}`, `${resources.<name>.<key>}` and
`${consumes.<service>.<key>}`, or `${consumes.<service>.<api>.<key>}` where two APIs of one service are consumed.
`$$` is a dollar sign. Nothing is evaluated: a reference names a fact that another
line of the catalogue declares.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from blueprint.catalogue import Spec
from blueprint.catalogue.owning import keys

CONSUMED: Final = ("host", "port", "url")
"""What `${consumes.<service>.<key>}` may ask."""

OURS: Final = re.compile(r"\$\{((?:consumes|metadata|resources)\.[^{}]*)\}")
"""A reference in a text that has `${...}` of its own: none of a shell's or nginx' variables has a dot in its name."""

_TOKEN: Final = re.compile(r"\$\$|\$\{([^{}]*)\}|\$\{")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One `${...}`."""

    words: tuple[str, ...]
    """The words between the dots."""

    def __str__(self) -> str:
        return f"${{{'.'.join(self.words)}}}"


def parts(text: str) -> Iterator[str | Reference]:
    """`text` as plain pieces and references, in order. Raises ValueError for an unclosed `${`."""
    position = 0
    for found in _TOKEN.finditer(text):
        if found.start() > position:
            yield text[position : found.start()]
        if found.group() == "$$":
            yield "$"
        elif found.group(1) is None:
            raise ValueError(text)
        else:
            yield Reference(words=tuple(found.group(1).split(".")))
        position = found.end()
    if position < len(text):
        yield text[position:]


def ours(text: str) -> Iterator[Reference]:
    """The references in a file or a command line, where every other `${...}` is somebody else's."""
    return (Reference(words=tuple(found[1].split("."))) for found in OURS.finditer(text))


def answerable(spec: Spec) -> Mapping[str, tuple[str, ...]]:
    """Every reference `spec` may make, without its last word: what it stands for → the words that may follow."""
    known: dict[str, tuple[str, ...]] = {"metadata": ("name",)}
    known |= {f"resources.{name}": keys(resource) for name, resource in spec.resources.items()}
    for consume in spec.consumes:
        known[f"consumes.{consume.provider}.{consume.name}"] = CONSUMED
        if sum(other.provider == consume.provider for other in spec.consumes) == 1:
            known[f"consumes.{consume.provider}"] = CONSUMED
    return known
