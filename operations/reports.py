"""What `up` and `down` print at their end: values for `--json`, and a page for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from blueprint.unmade import Pending, record
from operations import unmade
from operations.console import Console, columns, many, seconds

_SHOWN_KINDS = 8
_DONE_WORDS = {"create": "created", "delete": "deleted", "replace": "replaced", "update": "updated"}


@dataclass(frozen=True, kw_only=True)
class UpReport:
    """A stack that is up."""

    stack: str
    services: tuple[str, ...]
    objects: Mapping[str, int]
    """Kind -> how many the stack has."""
    changes: Mapping[str, int]
    """Operation -> how many objects; empty where nothing had to change."""
    pods_ready: int
    pods: int
    server: str
    cluster: str
    """The kind of cluster, in words."""
    kubeconfig: str
    context: str
    next_commands: Mapping[str, str]
    """Command -> what it is for."""
    pending: tuple[Pending, ...]
    """What the files declare and nothing makes yet."""
    details_command: str
    """Prints where."""
    elapsed_seconds: float
    kept: tuple[str, ...] = ()
    """Stores that have left the stack and stay in the cluster."""

    def record(self) -> Mapping[str, object]:
        """For `--json`."""
        return {**asdict(replace(self, pending=())), "pending": record(self.pending)}

    def text(self, console: Console) -> str:
        """For people."""
        changed = ", ".join(f"{count} {_DONE_WORDS.get(name, name)}" for name, count in sorted(self.changes.items()))
        kinds = Counter(self.objects).most_common(_SHOWN_KINDS)
        rest = len(self.objects) - len(kinds)
        many = ", ".join(f"{count} {kind}" for kind, count in kinds) + (f" and {rest} more kinds" if rest else "")
        return "\n".join(
            [
                console.title(f"{self.stack} is up ({seconds(self.elapsed_seconds)}): {changed or 'no changes'}."),
                "",
                "What runs",
                columns(
                    [
                        ("services", f"{len(self.services)}: {', '.join(self.services)}"),
                        ("objects", f"{sum(self.objects.values())}: {many}"),
                        ("pods", f"{self.pods_ready} of {self.pods} ready"),
                        *([("kept", f"{', '.join(self.kept)}: no longer of this stack")] if self.kept else []),
                    ]
                ),
                *([unmade.line(self.pending, self.details_command)] if self.pending else []),
                "Where",
                columns(
                    [
                        ("API server", f"{self.server} ({self.cluster})"),
                        ("kubeconfig", f"{self.kubeconfig} (context {self.context})"),
                    ]
                ),
                "Next",
                columns(self.next_commands.items()),
            ]
        )


@dataclass(frozen=True, kw_only=True)
class DownReport:
    """A stack that was removed."""

    stack: str
    deleted: int
    """Objects the engine removed."""
    swept: tuple[str, ...]
    """Objects of an interrupted run that no state recorded, and that were removed as well."""
    looked: bool
    """Whether the cluster was searched for what remains; otherwise there was nothing to do."""
    stopped: bool
    """Whether a control plane was stopped."""
    elapsed_seconds: float
    kept: tuple[str, ...] = ()
    """Stores that stay in the cluster."""

    def record(self) -> Mapping[str, object]:
        """For `--json`."""
        return asdict(self)

    def text(self) -> str:
        """For people."""
        if not self.looked:
            also = " The control plane that was still running is stopped." if self.stopped else ""
            return f"{self.stack} is not up: nothing to do.{also}"
        swept = f", {len(self.swept)} left by an interrupted run among them" if self.swept else ""
        end = " The control plane is stopped." if self.stopped else ""
        kept = f"kept in the cluster: {', '.join(self.kept)}" if self.kept else "nothing of ours remains in the cluster"
        return (
            f"{self.stack} is down ({seconds(self.elapsed_seconds)}):"
            f" {many(self.deleted + len(self.swept), 'object')} removed{swept};"
            f" {kept}.{end}"
        )


def by_kind(objects: Iterable[Mapping[str, Any]]) -> Mapping[str, int]:
    """How many manifests there are of each kind, sorted by kind."""
    return dict(sorted(Counter(str(manifest["kind"]) for manifest in objects).items()))
