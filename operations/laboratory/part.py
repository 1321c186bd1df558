"""What a part of the laboratory is given, and what it answers.

A new part is one module here, one below `inside/`, and a row in `operations.proving.PARTS` and `inside.__main__.PARTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from blueprint import Blueprint
from operations.console import Phase
from operations.engine import GroupName, Toolchain
from operations.leftovers import Cluster
from policies.core.facts import Facts


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What one part is to observe, and by which means."""

    facts: Facts
    """The catalogue and the settings: what is declared."""
    blueprint: Blueprint
    """What was decided from them."""
    cluster: Cluster
    """The running stack; it is only read."""
    only: Sequence[str]
    """Names of services; empty: all."""
    tools: Toolchain
    """Those of the part's groups."""
    phase: Phase
    """Hears how far it is."""


class Observation(Protocol):
    """What a part has observed."""

    @property
    def differences(self) -> Sequence[object]:
        """What is not as declared, each a sentence when printed; empty: everything is."""

    @property
    def headline(self) -> str:
        """What holds when nothing differs: `what connects is what is declared`."""

    def lines(self) -> Sequence[str]:
        """Figures for people: what was tried, by whom (with versions), what it took, and what was not observed."""

    def record(self) -> Mapping[str, Any]:
        """The same and everything else, for `--json`."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A row of the table."""

    brief: str
    """What it observes, for whoever asks for a part that is not there."""
    groups: tuple[GroupName, ...]
    """Of tools, as `operations.engine` provides them."""
    as_root: bool
    """Whether user namespaces do not suffice."""
    check: Callable[[Facts], None] = lambda _: None
    """Raises RefusedError where what is declared leaves nothing to observe: asked before any part begins."""
    observe: Callable[[Asked], Observation]
    """Raises RefusedError where this machine cannot, or the laboratory does not work."""
