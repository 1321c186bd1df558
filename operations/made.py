"""What a driver returns, whatever the kind of cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from operations.events import Tally


@dataclass(frozen=True, kw_only=True)
class Made:
    """A stack that has been brought up."""

    changes: Mapping[str, int]
    pods_ready: int
    pods: int
    server: str
    cluster: str
    kubeconfig: str
    context: str
    next_commands: Mapping[str, str]
    kept: tuple[str, ...] = ()
    """Stores that have left the stack and stay in the cluster."""


@dataclass(frozen=True, kw_only=True)
class Gone:
    """A stack that has been removed."""

    deleted: int
    swept: tuple[str, ...]
    looked: bool
    stopped: bool
    kept: tuple[str, ...] = ()
    """Stores that stay in the cluster."""


NOTHING = Gone(deleted=0, swept=(), looked=False, stopped=False)


def changes(tally: Tally) -> Mapping[str, int]:
    """The operations on objects that changed something; sorted."""
    return {name: count for name, count in sorted(tally.operations.items()) if name not in {"same", "read", "refresh"}}
