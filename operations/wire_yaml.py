"""Plain data as YAML that every reader understands alike: PyYAML writes YAML 1.1, Kubernetes reads Go's, others 1.2.

They differ in what an unquoted scalar means (`1e3`, `0o17`, `y`); whatever one of them would not read as text is quoted
here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from blueprint.printing import Unaliased
from policies.documents.scalars import EndlessError, resolved

_WIDTH = 1_000_000  # characters: never folded, so that a diff shows the line that changed


class _Dumper(Unaliased):
    """Quotes what one reader or the other would not take for text."""


def _is_text(written: str) -> bool:
    """Whether Kubernetes takes `written` for text where it stands without quotes."""
    try:
        return isinstance(resolved(written), str)
    except EndlessError:
        return False


def _quoted(dumper: Any, written: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", written, style=None if _is_text(written) else "'")


_Dumper.add_representer(str, _quoted)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9][0-9_]*)?\.?[0-9_]+(?:[eE][-+]?[0-9]+)$"),
    list("-+.0123456789"),
)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?0o[0-7_]+$"), list("-+0"))


def text(manifest: Mapping[str, Any]) -> str:
    """One document, keys sorted."""
    written: str = yaml.dump(
        manifest, Dumper=_Dumper, sort_keys=True, default_flow_style=False, allow_unicode=True, width=_WIDTH
    )
    return written
