"""What a check between files looks at: the catalogue as one environment has it."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from blueprint.catalogue import Environment, Service
from blueprint.catalogue.needing import Consume
from blueprint.catalogue.offering import Provide
from blueprint.reading.entries import Catalogue
from blueprint.reading.problems import Problem


@dataclass(frozen=True, kw_only=True)
class View:
    """The catalogue in one environment."""

    catalogue: Catalogue
    environment: Environment
    services: Mapping[str, Service]
    """By name, patched."""
    folder: Path
    """Where contracts and schemas are."""
    today: date
    unread: Set[str]
    """Services whose file could not be read: references to them are neither right nor wrong."""

    def problem(self, service: str, path: tuple[str | int, ...], cause: str, cure: str) -> Problem:
        """A mistake at `path` of the spec of `service`."""
        return self.catalogue.problem(service, self.environment, path, cause, cure)

    def where(self, service: str, *path: str | int) -> str:
        """`file:line` of `path` of the spec of `service`."""
        entry = self.catalogue.entries[service]
        place = entry.place(self.environment, *path)
        return f"{entry.source.origin(place)[0].file}:{entry.source.line(place)}"

    def others(self, service: str) -> Set[str]:
        """Every service but `service`, those that could not be read among them."""
        return (self.services.keys() | self.unread) - {service}

    def edges(self) -> Iterator[tuple[str, int, Consume]]:
        """Every edge as (caller, position in its `consumes`, edge), sorted."""
        for name, service in sorted(self.services.items()):
            for index, consume in enumerate(service.spec.consumes):
                yield name, index, consume

    def answered(self) -> Iterator[tuple[str, int, Consume, int, Provide]]:
        """Every edge whose API exists, with the API's position in its provider's `provides`."""
        for caller, index, consume in self.edges():
            provider = self.services.get(consume.provider)
            for position, provide in enumerate(provider.spec.provides if provider else ()):
                if provide.api == consume.name:
                    yield caller, index, consume, position, provide
