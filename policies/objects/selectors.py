"""Kubernetes' label selectors: read once and asked often, or asked once (`selects`)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final

from policies.objects.values import MalformedError, View

Labels = Mapping[str, str]

_TESTS: Final[Mapping[str, Callable[[str, tuple[str, ...], Labels], bool]]] = {
    "In": lambda key, values, labels: labels.get(key) in values,
    "NotIn": lambda key, values, labels: labels.get(key) not in values,
    "Exists": lambda key, _, labels: key in labels,
    "DoesNotExist": lambda key, _, labels: key not in labels,
}


_WANTING: Final = frozenset({"In", "Exists"})
"""Operators that labels without the key never satisfy."""


@dataclass(frozen=True)
class Term:
    """One of a selector's `matchExpressions`."""

    key: str
    operator: str
    values: tuple[str, ...]

    def admits(self, labels: Labels) -> bool:
        """Whether `labels` pass it."""
        return _TESTS[self.operator](self.key, self.values, labels)


@dataclass(frozen=True)
class Matcher:
    """A selector. An empty one selects everything; the caller tells absent from empty."""

    labels: Labels
    terms: tuple[Term, ...]

    def selects(self, labels: Labels) -> bool:
        """Whether it selects what bears `labels`."""
        return self.labels.items() <= labels.items() and all(term.admits(labels) for term in self.terms)

    def given(self, labels: Labels) -> "Matcher":
        """What it still asks of an object of which `labels` are known."""
        known = tuple(Term(key, "In", (value,)) for key, value in labels.items())
        return Matcher(self.labels, (*self.terms, *known))

    def choices(self, key: str) -> tuple[str, ...] | None:
        """The values of `key` it leaves to choose from; None where it names none."""
        asked = [term for term in self.terms if term.key == key]
        named = [term.values for term in asked if term.operator == "In"]
        if key in self.labels:
            named.insert(0, (self.labels[key],))
        if not named:
            return None
        return tuple(value for value in dict.fromkeys(named[0]) if all(term.admits({key: value}) for term in asked))

    @property
    def examples(self) -> Iterator[Labels]:
        """The fewest labels it selects: with the first choice everywhere, then with each other choice in turn; none
        where it selects nothing."""
        wanted = dict.fromkeys([*self.labels, *(term.key for term in self.terms if term.operator in _WANTING)])
        open_ = {key: self._values(key) for key in wanted}
        if not all(open_.values()):
            return
        first = {key: values[0] for key, values in open_.items()}
        for labels in (first, *({**first, key: value} for key, values in open_.items() for value in values[1:])):
            if self.selects(labels):
                yield labels

    def _values(self, key: str) -> tuple[str, ...]:
        """Values of `key` it admits: those named, else one that is not excluded."""
        named = self.choices(key)
        if named is not None:
            return named
        excluded = {value for term in self.terms if term.key == key for value in term.values}
        return (next(value for length in count() if (value := "x" * length) not in excluded),)


def texts(view: View) -> Mapping[str, str]:
    """A mapping of texts, such as labels. Raises UndeterminedError or MalformedError."""
    plain = view.value
    if type(plain) is dict and all(type(value) is str for value in plain.values()):
        return {str(key): value for key, value in plain.items()}  # no place is asked for: nobody is told where
    return {key: value.word for key, value in view.entries()}


def selects(selector: View, labels: Labels) -> bool:
    """Whether `selector` selects what bears `labels`. Raises as `matcher` does."""
    return matcher(selector).selects(labels)


def matcher(selector: View) -> Matcher:
    """`selector`, read. Raises UndeterminedError, or MalformedError for an operator Kubernetes does not know."""
    return Matcher(texts(selector["matchLabels"]), tuple(_term(term) for term in selector["matchExpressions"]))


def _term(written: View) -> Term:
    operator = written["operator"]
    if operator.word not in _TESTS:
        raise MalformedError(operator.path, operator.value, "In, NotIn, Exists or DoesNotExist")
    return Term(written["key"].word, operator.word, written["values"].words)
