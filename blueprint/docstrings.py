"""The docstring under each field of a model: what an editor shows, and what an error says of a missing field.

Read from the source when one of the two asks. Pydantic can read them itself (`use_attribute_docstrings`), but then
parses the source of every model at every start: a tenth of a second of each command.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, get_args

from pydantic import BaseModel


@cache
def docstrings(model: type[BaseModel]) -> Mapping[str, str]:
    """Field, as it is written, → its docstring; fields of `model` and of those it derives from."""
    bases = [base for base in reversed(model.__mro__) if issubclass(base, BaseModel) and base is not BaseModel]
    found = {name: text for base in bases for name, text in _own(base)}
    return {field.alias or name: found[name] for name, field in model.model_fields.items() if name in found}


def _own(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    for field, below in pairwise(body.body if isinstance(body, ast.ClassDef) else ()):
        text = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else None
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, str):
            yield field.target.id, inspect.cleandoc(text)


def schema(root: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of `root`, every field with its docstring."""
    made = root.model_json_schema(by_alias=True)
    shown = {root.__name__: made, **made.get("$defs", {})}
    for model in models(root):
        for field, text in docstrings(model).items():
            described = shown[model.__name__]["properties"][field]
            referred = shown.get(described.get("$ref", "").rpartition("/")[2], {})
            if text != referred.get("description"):
                described["description"] = text
    return made


def models(root: Any) -> set[type[BaseModel]]:
    """Every model that a value of the type `root` can hold; a model among them, if it is one."""
    found: set[type[BaseModel]] = set()
    waiting: list[Any] = [root]
    while waiting:
        annotation = waiting.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if annotation not in found:
                found.add(annotation)
                waiting += [field.annotation for field in annotation.model_fields.values()]
        else:
            waiting += list(get_args(annotation))
    return found
