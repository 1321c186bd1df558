"""The catalogue as it was read: every service with its source, so that a mistake found later still names its line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from blueprint.catalogue import Environment, Service
from blueprint.catalogue.needing import Consume
from blueprint.reading.problems import Problem
from blueprint.reading.source import Source


def patch_of(environment: Environment) -> tuple[str, ...]:
    """Where the patch of `environment` is written."""
    return ("spec", "environments", environment)


@dataclass(frozen=True, kw_only=True)
class Described:
    """A service's file, whatever is in it."""

    source: Source

    def place(self, environment: Environment | None, *path: str | int) -> tuple[str | int, ...]:
        """Where `path` of the spec is written: in the environment's patch if it says that, else above it."""
        if environment and self.source.origin(of_patch := (*patch_of(environment), *path))[0] is not self.source:
            return of_patch
        node = self.source.node(patch_of(environment)) if environment else None
        for word in path:
            if node is None or (isinstance(node.value, dict) and str(word) not in node.items):
                return ("spec", *path)
            node = node.items[str(word)][1] if str(word) in node.items else node
        return (*patch_of(environment), *path) if environment and node else ("spec", *path)

    def problem(self, environment: Environment | None, path: Sequence[str | int], cause: str, cure: str) -> Problem:
        """A mistake at `path` of the spec."""
        return self.source.problem(self.place(environment, *path), cause, cure)


@dataclass(frozen=True, kw_only=True)
class Entry(Described):
    """One service as written, and as each environment patches it."""

    written: Service
    patched: Mapping[Environment, Service]


@dataclass(frozen=True, kw_only=True)
class Unread(Described):
    """A service whose file has mistakes of its own. References to it are neither right nor wrong."""

    name: str
    """As the file says it, or the file's own."""
    consumes: Mapping[Environment, Sequence[tuple[int, Consume]]]
    """Its edges that are valid in themselves, with their positions: they can be wrong between the files."""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Every service, by name. Closed: whatever one refers to is in it."""

    entries: Mapping[str, Entry]

    @property
    def services(self) -> tuple[Service, ...]:
        """The services as written, by name."""
        return tuple(entry.written for _, entry in sorted(self.entries.items()))

    def within(self, environment: Environment) -> tuple[Service, ...]:
        """The services as `environment` has them, by name."""
        return tuple(entry.patched[environment] for _, entry in sorted(self.entries.items()))

    def problem(
        self, service: str, environment: Environment | None, path: Sequence[str | int], cause: str, cure: str
    ) -> Problem:
        """A mistake at `path` of the spec of `service`."""
        return self.entries[service].problem(environment, path, cause, cure)
