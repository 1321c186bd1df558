"""The volumes of each service: one PersistentVolumeClaim per resource, and which containers mount it where.

Not the disks of stores: those are their operators'.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from blueprint import deletion, names
from blueprint.catalogue import Service
from blueprint.catalogue.attaching import mounting
from blueprint.catalogue.owning import Volume as VolumeText
from blueprint.context import Context
from blueprint.deletion import Deletion
from blueprint.quantities import mebibytes


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A disk of a service's own."""

    resource: str
    claim: str
    """Of the PersistentVolumeClaim. The same for the same resource, so that one that comes back finds its data."""
    size_mib: int
    shared: bool
    """Whether several nodes mount it at once (ReadWriteMany); else one does (ReadWriteOnce)."""
    storage_class: str | None
    """None: the cluster's default."""
    path: str
    containers: tuple[str, ...]
    """Those that mount it."""
    deletion: Deletion | None
    """What is left of it when the resource, or the service, leaves the catalogue."""


def claims(volumes: Sequence[Volume]) -> int:
    """How many claims the namespace may hold: of a volume that is retained two, because what a resource under an
    earlier name has left stays there and counts."""
    return sum(_held(volume) for volume in volumes)


def disk_gib(volumes: Sequence[Volume]) -> int:
    """Of all these, in GiB."""
    return -(-sum(_held(volume) * volume.size_mib for volume in volumes) // 1024)


def _held(volume: Volume) -> int:
    return 2 if volume.deletion == "retain" else 1


def decide(service: Service, context: Context) -> tuple[Volume, ...]:
    """The volumes of `service`, by name."""
    spec, disks = service.spec, context.settings.disks
    return tuple(
        Volume(
            resource=name,
            claim=names.claim(service.name, name, shared=_is_shared(text)),
            size_mib=mebibytes(text.params.size),
            shared=_is_shared(text),
            storage_class=disks.shared_storage_class if _is_shared(text) else disks.storage_class,
            path=text.params.path,
            containers=mounting(text, {**spec.containers, **spec.init_containers}),
            deletion=deletion.decide(text, context),
        )
        for name, text in sorted(spec.resources.items())
        if isinstance(text, VolumeText)
    )


def _is_shared(text: VolumeText) -> bool:
    return text.params.access_mode == "ReadWriteMany"
