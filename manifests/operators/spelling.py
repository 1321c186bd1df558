"""What the spelling of an operator is: its chart's values, and the objects of ours beside the chart."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from manifests.manifest import Manifest


def _none(_: Any) -> Iterator[Manifest]:
    return iter(())


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How one class of decision is spelled."""

    values: Callable[[Any], dict[str, Any]]
    """The Helm values of its chart: JSON types only, the same on every call."""
    beside: Callable[[Any], Iterator[Manifest]] = _none
    """Objects that exist before the charts that mount or name them, in the order they can be made."""
