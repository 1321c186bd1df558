"""What going from one set of objects to another would do to data: what it takes away, and what it may not ask.

Pure, over plain manifests: `plat up` compares the state with the plan, a review one commit with another. What holds
data, which of its fields replace it, where its size and its version stand is said per kind in `manifests.treatments`;
what it holds, in words, in `manifests.holdings`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from blueprint.quantities import mebibytes
from manifests.identity import key, kind
from manifests.manifest import Manifest
from manifests.treatments import TREATMENTS, Treatment, at, replaces


@dataclass(frozen=True, kw_only=True)
class Loss:
    """An object that holds data, and would be deleted."""

    old: Manifest
    replaced_by: tuple[str, ...]
    """The fields whose new values make another object of it; none: it is not there any more."""


@dataclass(frozen=True, kw_only=True)
class Impossible:
    """A change of an object that holds data which would be refused, or be half done when it is."""

    old: Manifest
    field: str
    cause: str
    cure: str


def losses(old: Iterable[Manifest], new: Iterable[Manifest]) -> Iterator[Loss]:
    """What holds data among `old` and would be deleted on the way to `new`, in the order of `old`.

    A new name is another object: of an object that is renamed, the old one is lost.
    """
    for before, after in _holders(old, new):
        if after is None or (paths := replaces(before, after)):
            yield Loss(old=before, replaced_by=() if after is None else paths)


def impossible(old: Iterable[Manifest], new: Iterable[Manifest]) -> Iterator[Impossible]:
    """What `new` asks of the data that `old` holds and no operator can do, in the order of `old`."""
    for before, after in _holders(old, new):
        if after is not None:
            for check in CHECKS:
                yield from check(_treatment(before), before, after)


def _holders(old: Iterable[Manifest], new: Iterable[Manifest]) -> Iterator[tuple[Manifest, Manifest | None]]:
    """Each of `old` that holds data, with what becomes of it."""
    after = {key(each): each for each in new if _treatment(each).holds_data}
    for each in old:
        if _treatment(each).holds_data:
            yield each, after.get(key(each))


_NOTHING: Final = Treatment()


def _treatment(manifest: Manifest) -> Treatment:
    """A state may hold kinds that this program makes no more, or that a chart has brought."""
    return TREATMENTS.get(kind(manifest), _NOTHING)


def _shrinking(how: Treatment, old: Manifest, new: Manifest) -> Iterator[Impossible]:
    for path in how.grows:
        before, after = at(old, path), at(new, path)
        had, has = _mebibytes(before), _mebibytes(after)
        if had is not None and has is not None and has < had:
            yield Impossible(
                old=old,
                field=path,
                cause=f"goes from {before} to {after}, and a disk never shrinks",
                cure="Keep the class it has, or make a store of another name beside it and move the data there",
            )


def _versions(how: Treatment, old: Manifest, new: Manifest) -> Iterator[Impossible]:
    if how.version is None:
        return
    was, will_be = (line(at(each, how.version), how.version_numbers) for each in (old, new))
    if was is None or will_be is None:
        return
    if will_be < was:
        written, asked = (".".join(map(str, numbers)) for numbers in (was, will_be))
        yield Impossible(
            old=old,
            field=how.version,
            cause=f"goes from version {written} back to {asked}, which cannot read what {written} has written",
            cure=f'Keep params.version: "{written}", or make a store of another name beside it and move the data there',
        )
    before, after = was[0], will_be[0]
    if after - before > MAJORS_AT_ONCE:
        yield Impossible(
            old=old,
            field=how.version,
            cause=f"goes from version {before} to {after} at once, over what {before + 1} has changed",
            cure=f'Go to params.version: "{before + 1}" first, look at what its release notes ask of the service and of'
            " its extensions, and take a copy before the next step",
        )


def _forms(how: Treatment, old: Manifest, new: Manifest) -> Iterator[Impossible]:
    for path in how.born_with:
        had, has = at(old, path) is not None, at(new, path) is not None
        if had != has:
            yield Impossible(
                old=old,
                field=path,
                cause=f"{'comes' if has else 'goes'}, and data that was made {'without' if has else 'with'} it is of"
                " another form",
                cure="Keep to one pod or to several as it is, or make a store of another name beside it and move the"
                " data there",
            )


MAJORS_AT_ONCE: Final = 1
"""Major versions that one change may go up. An upgrade in place stops the store, cannot be taken back once it has
succeeded, and cuts off the copies made before it (CloudNativePG 1.30, "Major Version Upgrades"): each step is one that
somebody has looked at."""

CHECKS: Final[tuple[Callable[[Treatment, Manifest, Manifest], Iterator[Impossible]], ...]] = (
    _forms,
    _shrinking,
    _versions,
)

_MAJOR: Final = re.compile(r"^[^@]*:v?(?P<numbers>\d+(?:\.\d+)*)(?![^.@_-])")
_SIZE: Final = re.compile(r"[0-9]+(Ki|Mi|Gi|Ti)?")


def major(image: object) -> int | None:
    """The major version an image's tag begins with: 18 of `ghcr.io/…/postgresql:18.6-standard@sha256:…`; None: it says
    none."""
    found = line(image, 1)
    return found[0] if found else None


def line(image: object, numbers: int) -> tuple[int, ...] | None:
    """The first `numbers` of the version an image's tag begins with; None: it says none, or fewer."""
    found = _MAJOR.match(str(image or ""))
    parts = found["numbers"].split(".")[:numbers] if found else []
    return tuple(map(int, parts)) if len(parts) == numbers else None


def _mebibytes(size: object) -> int | None:
    """None where nothing is said, or in a unit this program does not write."""
    return mebibytes(str(size)) if _SIZE.fullmatch(str(size or "")) else None
