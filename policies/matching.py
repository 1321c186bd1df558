"""Label selectors, read once and asked often: `policies.world.selects` for tables over many pods."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from policies.values import MalformedError, View
from policies.world import texts

Labels = Mapping[str, str]

_TESTS: Final[Mapping[str, Callable[[str, tuple[str, ...], Labels], bool]]] = {
    "In": lambda key, values, labels: labels.get(key) in values,
    "NotIn": lambda key, values, labels: labels.get(key) not in values,
    "Exists": lambda key, _, labels: key in labels,
    "DoesNotExist": lambda key, _, labels: key not in labels,
}


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

    @property
    def example(self) -> Labels | None:
        """The fewest labels it selects; None where it selects nothing."""
        labels = dict(self.labels)
        for term in self.terms:
            if term.operator == "In":
                labels.setdefault(term.key, next(iter(term.values), ""))
            elif term.operator == "Exists":
                labels.setdefault(term.key, "")
        return labels if self.selects(labels) else None


def matcher(selector: View) -> Matcher:
    """`selector`, read. Raises UndeterminedError, or MalformedError for an operator Kubernetes does not know."""
    return Matcher(texts(selector["matchLabels"]), tuple(_term(term) for term in selector["matchExpressions"]))


def _term(written: View) -> Term:
    operator = written["operator"]
    if operator.word not in _TESTS:
        raise MalformedError(operator.path, operator.value, "In, NotIn, Exists or DoesNotExist")
    return Term(written["key"].word, operator.word, written["values"].words)
