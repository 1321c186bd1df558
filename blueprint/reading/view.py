"""What a check between files looks at: the catalogue as one environment has it."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from blueprint.catalogue import Environment, Service
from blueprint.catalogue.needing import Consume
from blueprint.catalogue.offering import Provide
from blueprint.reading.entries import Catalogue, Unread
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
    unread: Mapping[str, Unread]
    """Services whose file has mistakes of its own, by its name and by the name it says."""

    def problem(self, service: str, path: tuple[str | int, ...], cause: str, cure: str) -> Problem:
        """A mistake at `path` of the spec of `service`."""
        described = self.catalogue.entries.get(service) or self.unread[service]
        return described.problem(self.environment, path, cause, cure)

    def where(self, service: str, *path: str | int) -> str:
        """`file:line` of `path` of the spec of `service`."""
        entry = self.catalogue.entries[service]
        place = entry.place(self.environment, *path)
        return f"{entry.source.origin(place)[0].file}:{entry.source.line(place)}"

    def others(self, service: str) -> Set[str]:
        """Every service but `service`, unread ones among them."""
        return (self.services.keys() | self.unread) - {service}

    def edges(self) -> Iterator[tuple[str, int, Consume]]:
        """Every edge as (caller, position in its `consumes`, edge), sorted; those of unread services last."""
        for name, service in sorted(self.services.items()):
            for index, consume in enumerate(service.spec.consumes):
                yield name, index, consume
        for name, unread in sorted(self.unread.items()):
            if name == unread.name and name not in self.services:
                for index, consume in unread.consumes[self.environment]:
                    yield name, index, consume

    def answered(self) -> Iterator[tuple[str, int, Consume, int, Provide]]:
        """Every edge whose API exists, with the API's position in its provider's `provides`."""
        for caller, index, consume in self.edges():
            provider = self.services.get(consume.provider)
            for position, provide in enumerate(provider.spec.provides if provider else ()):
                if provide.api == consume.name:
                    yield caller, index, consume, position, provide
