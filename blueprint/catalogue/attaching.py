"""Which pods may mount a volume, and where: what one file can be wrong about by itself."""

from collections.abc import Iterator, Mapping

from blueprint.catalogue.owning import Resource, Volume
from blueprint.catalogue.running import Container, InitContainer
from blueprint.text import Fault


def faults(
    resources: Mapping[str, Resource],
    containers: Mapping[str, Container],
    init_containers: Mapping[str, InitContainer],
    alone: str | None,
    strategy: str,
) -> Iterator[Fault]:
    """`alone` says why no two pods run at once: the reason of a singleton, the schedule of a cronjob; else None.
    `strategy` is the rollout's."""
    every: Mapping[str, InitContainer] = {**containers, **init_containers}
    taken: dict[tuple[str, str], str] = {}
    for name, volume in sorted(resources.items()):
        if isinstance(volume, Volume):
            yield from _shared(name, volume, alone)
            yield from _numbered(name, volume, alone, strategy)
            yield from _unknown(name, volume, every)
            yield from _covered(name, volume, every, taken)


def numbered(resources: Mapping[str, Resource]) -> bool:
    """Whether pods keep their numbers, because some disk is one pod's."""
    return any(isinstance(each, Volume) and each.params.per == "pod" for each in resources.values())


def mounting(volume: Volume, every: Mapping[str, InitContainer]) -> tuple[str, ...]:
    """The names of the containers of `every` that mount `volume`."""
    return tuple(name for name in every if not volume.params.containers or name in volume.params.containers)


def _shared(name: str, volume: Volume, alone: str | None) -> Iterator[Fault]:
    """A disk that one node mounts is one pod's: a second, also one that only replaces the first, would wait for it on
    another node while the first waits for the second to be ready."""
    if alone or volume.params.access_mode == "ReadWriteMany" or volume.params.per == "pod":
        return
    yield Fault(
        f"resources.{name}",
        "is a disk that one node at a time mounts (ReadWriteOnce), but several pods of the service run, or a new one"
        " before the old one ends: on another node it would wait for the disk for ever",
        "Say why there is one pod (singleton); give each pod one of its own (params.per: pod); let all pods share it"
        " (params.accessMode: ReadWriteMany); or keep the data in a store (postgres, s3, ...)",
    )


def _numbered(name: str, volume: Volume, alone: str | None, strategy: str) -> Iterator[Fault]:
    """A disk of a pod's own is found again by the pod's number, which no two pods share."""
    if volume.params.per != "pod":
        return
    place = f"resources.{name}.params"
    if volume.params.access_mode == "ReadWriteMany":
        yield Fault(
            f"{place}.accessMode", "is ReadWriteMany, but each pod has a disk of its own", "Drop one of the two"
        )
    if alone:
        yield Fault(f"{place}.per", "is pod, but there is one pod at a time", "Drop it: the disk is that pod's")
    if strategy != "rolling":
        cause = f"is pod, but two versions run side by side ({strategy}), and each would want the disk of a number"
        yield Fault(f"{place}.per", cause, "Drop rollout; pods are replaced one by one then")


def _unknown(name: str, volume: Volume, every: Mapping[str, InitContainer]) -> Iterator[Fault]:
    for index, container in enumerate(volume.params.containers):
        place = f"resources.{name}.params.containers.{index}"
        if container not in every:
            yield Fault(place, f"'{container}' is no container of this service", f"Known: {', '.join(sorted(every))}")
        elif container in volume.params.containers[:index]:
            yield Fault(place, f"names '{container}' twice", "Drop one of the two")


def _covered(
    name: str, volume: Volume, every: Mapping[str, InitContainer], taken: dict[tuple[str, str], str]
) -> Iterator[Fault]:
    """One path of a container is one thing. `taken`: container and path → which volume before this one took it."""
    path = volume.params.path
    for container in mounting(volume, every):
        said = every[container]
        other = taken.setdefault((container, path), f"the volume '{name}'")
        if path in said.scratch or path in said.files:
            other = f"a folder in scratch of '{container}'" if path in said.scratch else f"a file of '{container}'"
        if other != f"the volume '{name}'":
            cause = f"'{path}' is already {other}, and the API server takes a path once"
            yield Fault(f"resources.{name}.params.path", cause, "Mount it elsewhere, or drop one of the two")
            return
