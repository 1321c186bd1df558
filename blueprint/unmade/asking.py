"""Where in a model the rows of the table are met. Most fields lead to none, which their types tell: those are not
looked into."""

from collections.abc import Iterator, Mapping
from typing import Final

from blueprint.docstrings import models
from blueprint.text import Text
from blueprint.unmade.table import NOT_MADE, WITHOUT_A_MESH, Key, Row

Path = tuple[str | int, ...]
Found = tuple[Row, Path, int]
"""A row, the YAML path that asks for it, and for how many."""


class Asking:
    """The rows of one table, and the ways that lead to them."""

    def __init__(self, table: Mapping[Key, Row]) -> None:
        self._table = table
        self._models = {model for model, _ in table}
        """Those with a row."""
        self._promising = {model for (model, field), row in table.items() if row.by_default and field}
        """Those with a field that promises something by default."""
        self._known: dict[type[Text], tuple[tuple[str, str, Row | None, bool], ...]] = {}

    def below(self, model: Text, path: Path = ()) -> Iterator[Found]:
        """What the fields of `model`, which stands at `path`, ask for: those that are written, and those that promise
        something by default."""
        written = model.model_fields_set
        for name, alias, row, promised in self._ways(type(model)):
            if row is None:
                yield from self._within(getattr(model, name), (*path, alias)) if name in written or promised else ()
            elif (name in written or row.by_default) and (count := row.asks(getattr(model, name))):
                yield row, (*path, alias), count

    def _within(self, value: object, path: Path) -> Iterator[Found]:
        if isinstance(value, Text):
            row = self._table.get((type(value), None))
            yield from [(row, path, 1)] if row else self.below(value, path)
        elif isinstance(value, Mapping):
            for key, held in value.items():
                yield from self._within(held, (*path, str(key)))
        elif isinstance(value, tuple):
            for index, held in enumerate(value):
                yield from self._within(held, (*path, index))

    def _ways(self, model: type[Text]) -> tuple[tuple[str, str, Row | None, bool], ...]:
        """The fields of `model` that have a row, or may lead to one: name, alias, row, and whether what is below
        promises something also where nothing is written."""
        if model not in self._known:
            rows = ((name, field, self._table.get((model, name))) for name, field in model.model_fields.items())
            self._known[model] = tuple(
                (name, str(field.alias), row, not self._promising.isdisjoint(models(field.annotation)))
                for name, field, row in rows
                if row or not self._models.isdisjoint(models(field.annotation))
            )
        return self._known[model]


MESHED: Final = Asking(NOT_MADE)
UNMESHED: Final = Asking({**NOT_MADE, **WITHOUT_A_MESH})
"""What is asked for in vain where there is no mesh as well."""
