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
    claims: tuple[str, ...]
    """The PersistentVolumeClaims: one, or one for each pod there may be, by number. The same for the same resource, so
    that one that comes back finds its data."""
    numbered: bool
    """Whether each pod has its own."""
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
    earlier name has left stays there and counts; of one that each pod has no more than there may be pods."""
    return sum(_held(volume) for volume in volumes)


def disk_gib(volumes: Sequence[Volume]) -> int:
    """Of all these, in GiB."""
    return -(-sum(_held(volume) * volume.size_mib for volume in volumes) // 1024)


def _held(volume: Volume) -> int:
    return 2 if volume.deletion == "retain" and not volume.numbered else len(volume.claims)


def decide(service: Service, context: Context) -> tuple[Volume, ...]:
    """The volumes of `service`, by name."""
    spec, disks = service.spec, context.settings.disks
    return tuple(
        Volume(
            resource=name,
            claims=_claims(service, name, text),
            numbered=text.params.per == "pod",
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


def _claims(service: Service, resource: str, text: VolumeText) -> tuple[str, ...]:
    if text.params.per == "pod":
        numbers = range(service.spec.pods.most)
        return tuple(names.claim_of(service.name, resource, number) for number in numbers)
    return (names.claim(service.name, resource, shared=_is_shared(text)),)


def _is_shared(text: VolumeText) -> bool:
    return text.params.access_mode == "ReadWriteMany"
