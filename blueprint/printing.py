"""A blueprint as text: every decision, sorted, in words a reviewer can diff.

The printed form is for people and golden files; nothing reads it back.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import yaml
from pydantic import BaseModel


class Unaliased(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # chosen where yaml is installed
    """Writes a value where it stands, also the second time: no anchors, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def plain(value: Any) -> Any:
    """`value` as maps, lists and scalars. A decision says its type where several could stand in its place."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if is_dataclass(value) and not isinstance(value, type):
        said = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        return {"is": type(value).__name__} | {name: one for name, one in said.items() if one not in (None, {}, [])}
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in sorted(value.items())}
    if isinstance(value, tuple | list | frozenset | set):
        return [plain(entry) for entry in value]
    return value


def printed(value: Any) -> str:
    """`value` as YAML."""
    return yaml.dump(plain(value), Dumper=Unaliased, sort_keys=False, width=120, allow_unicode=True)
