"""What may be said of a kind in `manifests.treatments`: what replaces it, who else writes it, what is waited for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from manifests.manifest import Manifest

PREREQUISITES: Final = ("LimitRange", "NetworkPolicy/default-deny", "ResourceQuota", "ServiceAccount")
"""What stands before the first pod starts."""
CREDENTIALS: Final = ("Certificate", "ExternalSecret")
"""What its pods mount and read; without it they would wait, and fail when they have waited long enough."""


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """How one kind is treated. Paths are whole dot paths from the top of the object, none of them into a list."""

    others_own: tuple[str, ...] = ()
    """Fields another controller writes: server-side apply ignores paths into lists."""
    replaced_by: tuple[str, ...] = ()
    """Immutable fields of which the provider does not know: a new value is a new object."""
    provider_replaces: tuple[str, ...] = ()
    """Immutable fields of which it does (pulumi-kubernetes v4.25.0, provider/pkg/provider/diff.go, `forceNew`; data
    of ConfigMaps and Secrets is not among them, because `components.cluster` says that it may change)."""
    restarted_by: tuple[str, ...] = ()
    """Fields whose change starts every pod anew."""
    wait_for: str | None = None
    """What makes it ready, for kinds the provider does not know: the value of its annotation `waitFor`."""
    skip_await: bool = False
    """Not waited for."""
    patience_seconds: int | None = None
    """How long it is waited for; None: the provider's ten minutes."""
    retried: bool = False
    """Whether one that did not become ready is made anew by the next run, though nothing of it has changed."""
    prevails: bool = False
    """What the manifest says holds, also where another controller has written the same field in other words."""
    after: tuple[str, ...] = ()
    """Kinds of the same namespace and component that are there first; `Kind/end` those whose name ends so."""
    across: tuple[str, ...] = ()
    """Kinds of the same component that are there first whatever their namespace: a service's stores."""
    holds_data: bool = False
    """Its deletion deletes data: it goes only when somebody agrees (`manifests.losses`)."""
    protected: bool = False
    """The engine refuses to delete it where it is to be kept, too: what holds data, and what stands for data in it."""
    grows: tuple[str, ...] = ()
    """Sizes of disks, which never shrink. These paths may go into a list, by number."""
    born_with: tuple[str, ...] = ()
    """Fields that are there from the beginning or never: data made without them is of another form."""
    version: str | None = None
    """The image whose tag begins with the major version of the data."""
    version_numbers: int = 1
    """How many of the numbers in that tag make a major version: 1 of 18.6, 2 of 11.8.8."""


def at(manifest: Manifest, path: str) -> Any:
    """What stands at `path`; None where nothing does."""
    place: Any = manifest
    for step in path.split("."):
        if isinstance(place, list):
            place = place[int(step)] if step.isdigit() and int(step) < len(place) else None
        else:
            place = place.get(step) if isinstance(place, Mapping) else None
    return place
