"""Where each group of tools is taken from: the order of sources, the names of cache folders, one lock per group."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from operations.engine import built, folders, found, pins, released
from operations.engine.cache import MANIFEST, Entry, Progress, damage, default_folder, lock, read, store, sweep
from operations.engine.errors import EngineError
from operations.engine.recipes import OFFICIAL, Group, GroupName, Hosts
from operations.engine.toolchain import Toolchain
from operations.engine.wording import listing

Origin = Literal["path", "release", "built"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)
ORIGIN_VARIABLE = "PLAT_ENGINE"
"""Environment variable that narrows where tools may come from, for example PLAT_ENGINE=built or path,release."""


@dataclass(frozen=True, kw_only=True)
class GroupStatus:
    """What `plat doctor` reports about one group."""

    group: GroupName
    tools: tuple[str, ...]
    present: bool
    origin: str
    """Where a present group comes from; empty for an absent one."""
    notes: tuple[str, ...]
    """Why sources were not used, and damage found; phrases."""


@dataclass(frozen=True, kw_only=True)
class _Place:
    tools: Mapping[str, Path]
    origin: str


def provide(
    *,
    progress: Progress,
    cache: Path | None = None,
    only: Iterable[GroupName] = pins.PLATFORM_GROUPS,
    origins: Sequence[Origin] | None = None,
    hosts: Hosts = OFFICIAL,
    environment: Mapping[str, str] | None = None,
) -> Toolchain:
    """The tools of the groups `only`, found or fetched or built. Idempotent; two at once wait for each other.

    `progress` gets one line at a time. `cache` defaults to `$PLAT_CACHE` or `$XDG_CACHE_HOME/plat`; `origins` to those
    named by $PLAT_ENGINE, or all. `hosts` and `environment` stand for the publishers and the process's environment.
    Cached groups take milliseconds; a first build of all takes 15 minutes on two cores and 14 GB of Go's caches.

    Raises:
        EngineError: no source has a group; the text says why and what helps.
    """
    run = _Provision.of(cache=cache, environment=environment, origins=origins, hosts=hosts, progress=progress)
    wanted = [pins.GROUPS[name] for name in sorted(set(only))]
    places = {group.name: run.at_hand(group) for group in wanted}
    missing = [group for group in wanted if places[group.name] is None]
    for group in missing:
        places[group.name] = run.get(group, together_with=missing)
    have = [place for place in places.values() if place is not None]
    return Toolchain(
        tools={tool: path for place in have for tool, path in sorted(place.tools.items())},
        origin={tool: place.origin for place in have for tool in sorted(place.tools)},
    )


def inspect(
    *,
    cache: Path | None = None,
    environment: Mapping[str, str] | None = None,
    thorough: bool = False,
    only: Iterable[GroupName] = pins.PLATFORM_GROUPS,
) -> tuple[GroupStatus, ...]:
    """Which of the groups `only` are present, without fetching or building.

    `thorough` compares the hash of every cached byte (about 2 s for those of the platform).
    """
    run = _Provision.of(cache=cache, environment=environment, origins=None, hosts=OFFICIAL, progress=lambda _: None)
    return tuple(run.status(pins.GROUPS[name], thorough=thorough) for name in sorted(set(only)))


def discard_if_damaged(tool: Path) -> str | None:
    """For a tool that does not start: compares every byte stored with it, as the everyday check compares sizes only.

    None when all is as it was stored, or when `tool` is not one of the cache's; otherwise the damage as a phrase, and
    the next `provide` gets the tools of that folder again.
    """
    manifest = tool.parent / MANIFEST
    if not manifest.is_file():
        return None
    what = damage(tool.parent, thorough=True)
    if what is not None:
        manifest.unlink()
    return what


@dataclass(frozen=True, kw_only=True)
class _Provision:
    cache: Path
    environment: Mapping[str, str]
    origins: frozenset[str]
    hosts: Hosts
    progress: Progress

    @classmethod
    def of(
        cls,
        *,
        cache: Path | None,
        environment: Mapping[str, str] | None,
        origins: Sequence[Origin] | None,
        hosts: Hosts,
        progress: Progress,
    ) -> _Provision:
        surroundings = dict(os.environ if environment is None else environment)
        return cls(
            cache=(cache or default_folder(surroundings)).absolute(),
            environment=surroundings,
            origins=frozenset(origins or _named_origins(surroundings)),
            hosts=hosts,
            progress=progress,
        )

    def at_hand(self, group: Group) -> _Place | None:
        """The group without any work: on PATH, or in the cache."""
        if "path" in self.origins:
            tools, version = found.found(group, self.environment)
            if tools is not None:
                return _Place(tools=tools, origin=f"PATH ({version})")
        return self._cached(group)

    def get(self, group: Group, *, together_with: Sequence[Group]) -> _Place:
        """The group by work: fetched, else built; under its lock; another process may do the work meanwhile."""
        root = self.cache / group.name
        with lock(root, progress=self.progress, waiting_for=f"it is providing the {group.name}"):
            if (place := self._cached(group)) is not None:
                return place
            sweep(self.cache, group.name)
            for folder in self._folders(group):
                if (what := damage(folder)) is not None:
                    self.progress(f"{folder} is damaged ({what}): getting the {group.name} again")
            reasons: list[str] = []
            if "release" in self.origins and group.releases:
                try:
                    return _placed(self._fetch(group))
                except released.UnavailableError as reason:
                    reasons.append(f"the official release is not available ({reason})")
                    self.progress(f"{group.name}: {reasons[-1]}")
            elif "release" in self.origins:
                reasons.append(f"no release of the {group.name} is pinned")
            if "built" not in self.origins:
                raise EngineError(
                    f"The {group.name} is not there: {listing(reasons or ['nothing fitting on PATH'])}",
                    consequence="Nothing was started",
                    cure=f"Allow another source: {ORIGIN_VARIABLE} is {','.join(sorted(self.origins))}"
                    f" and may name {listing(ORIGINS)}",
                )
            return _placed(self._build(group, together_with, reasons))

    def status(self, group: Group, *, thorough: bool) -> GroupStatus:
        notes: list[str] = []
        place: _Place | None = None
        if "path" in self.origins:
            tools, note = found.found(group, self.environment)
            if tools is not None:
                place = _Place(tools=tools, origin=f"PATH ({note})")
            else:
                notes.append(note)
        for folder in self._folders(group):
            if (what := damage(folder, thorough=thorough)) is not None:
                notes.append(f"{folder} is damaged ({what})")
            elif place is None and (entry := read(folder)) is not None:
                place = _placed(entry)
        if place is None:
            notes.append(self._prospect(group))
        return GroupStatus(
            group=group.name,
            tools=group.tools,
            present=place is not None,
            origin="" if place is None else place.origin,
            notes=tuple(notes),
        )

    def _prospect(self, group: Group) -> str:
        """What `get` would do, as a phrase."""
        try:
            go = built.find_go(self.environment)
        except EngineError as error:
            return f"would be {'fetched' if group.releases else 'built'}; {error.cause}"
        with_go = f"built with {go.binary} (Go {go.version[0]}.{go.version[1]})"
        return f"would be {f'fetched, else {with_go}' if group.releases else with_go}"

    def _fetch(self, group: Group) -> Entry:
        return store(
            folders.release_folder(self.cache, group),
            origin=f"release {group.release}",
            produce=lambda into: released.fetch(group, into, hosts=self.hosts, progress=self.progress),
        )

    def _build(self, group: Group, together_with: Sequence[Group], reasons: Sequence[str]) -> Entry:
        try:
            go = built.find_go(self.environment, released=bool(group.releases))
        except EngineError as error:
            if reasons:
                raise EngineError(
                    f"{error.cause.removesuffix('.')}, and {listing(reasons)}",
                    consequence=error.consequence,
                    cure=error.cure,
                ) from error
            raise
        left = [other for other in together_with if self.at_hand(other) is None]
        built.check_disk_space(go, left, self.cache)
        return store(
            folders.built_folder(self.cache, group, go.version),
            origin="built",
            produce=lambda into: built.build(group, into, go=go, progress=self.progress, environment=self.environment),
        )

    def _cached(self, group: Group) -> _Place | None:
        return next((_placed(entry) for folder in self._folders(group) if (entry := read(folder)) is not None), None)

    def _folders(self, group: Group) -> tuple[Path, ...]:
        """Folders that may hold the group as pinned, best first: the released one, then built ones."""
        return (
            *([folders.release_folder(self.cache, group)] if "release" in self.origins else []),
            *(self._built_folders(group) if "built" in self.origins else []),
        )

    def _built_folders(self, group: Group) -> Sequence[Path]:
        """The folder of this machine's Go; where there is no Go that could build, those of any, newest first."""
        if self._go_version is not None:
            return [folders.built_folder(self.cache, group, self._go_version)]
        return folders.built_folders(self.cache, group)

    @functools.cached_property
    def _go_version(self) -> tuple[int, int] | None:
        try:
            return built.find_go(self.environment).version
        except EngineError:
            return None


def _placed(entry: Entry) -> _Place:
    return _Place(tools=entry.tools, origin=entry.origin)


def _named_origins(environment: Mapping[str, str]) -> Sequence[Origin]:
    """The origins $PLAT_ENGINE names, or all.

    Raises:
        EngineError: it names something else.
    """
    named = [word.strip() for word in environment.get(ORIGIN_VARIABLE, "").split(",") if word.strip()]
    if unknown := sorted(set(named) - set(ORIGINS)):
        raise EngineError(
            f"{ORIGIN_VARIABLE} names {listing(repr(word) for word in unknown)}",
            consequence="It is not clear where the tools may come from",
            cure=f"Valid are {listing(ORIGINS)}, with commas between them, or leave the variable unset",
        )
    return [origin for origin in ORIGINS if origin in named] or ORIGINS
