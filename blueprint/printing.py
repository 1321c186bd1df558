"""A blueprint as text: every decision, sorted, in words a reviewer can diff.

The printed form is for people and golden files; nothing reads it back.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

import yaml
from pydantic import BaseModel

_WIDTH: Final = 120
"""Characters of a line."""
_INDENT: Final = "  "
_LINE: Final = re.compile(r"^(?=[^\n])", re.MULTILINE)
"""The beginning of a line that is not empty."""


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
    """`value` as YAML, its parts one after another: what PyYAML makes of a value before it writes it is many times as
    large, and of a whole catalogue so large that collecting garbage costs more than writing."""
    whole = plain(value)
    if not isinstance(whole, dict) or not whole:
        return _text(whole)
    return "".join(_entry(name, part) for name, part in whole.items())


def _entry(name: str, part: Any) -> str:
    if not isinstance(part, dict) or not part:
        return _text({name: part})
    head = _text({name: {}}).removesuffix(" {}\n")
    inner = "".join(_text({key: one}, width=_WIDTH - len(_INDENT)) for key, one in part.items())
    return f"{head}\n{_LINE.sub(_INDENT, inner)}"


def _text(value: Any, *, width: int = _WIDTH) -> str:
    return str(yaml.dump(value, Dumper=Unaliased, sort_keys=False, width=width, allow_unicode=True))
