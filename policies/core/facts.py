"""What a judge knows beside the objects: what was asked for, and the limits of the environment.

Intent comes from the same files the platform is made from, read by the same reader, and never from its derivation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal

from blueprint import names, store_names
from blueprint.catalogue import Environment, Service
from blueprint.reading import Catalogue
from blueprint.reading.entries import Entry
from blueprint.settings import Embedded, Settings
from policies.core.limits import Limits


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What holds for a whole run."""

    environment: Environment
    limits: Limits
    today: date
    """UTC; exceptions end by it."""
    standard: Literal["baseline", "restricted"] = "restricted"
    """Which of the Pod Security Standards the WL group means."""
    settings: Settings | None = None
    """None for loose files, or a stack without settings."""
    services: tuple[Service, ...] | None = None
    """The catalogue as the environment has it; None: loose files without one."""
    entries: Mapping[str, Entry] = field(default_factory=dict, repr=False)
    """The same services with the files they were read from, by name."""
    stack_tags: Mapping[str, str] | None = None
    """Tags of the stack, as `pulumi stack tag set` writes them; None where they are not known."""

    @classmethod
    def of_stack(
        cls,
        settings: Settings,
        catalogue: Catalogue,
        *,
        limits: Limits,
        today: date,
        standard: Literal["baseline", "restricted"] = "restricted",
    ) -> "Facts":
        """What is known where a stack and its catalogue were read: its own environment's part of both."""
        return cls(
            environment=settings.environment,
            limits=limits,
            today=today,
            standard=standard,
            settings=settings,
            services=catalogue.within(settings.environment),
            entries=catalogue.entries,
        )

    @cached_property
    def service(self) -> Mapping[str, Service]:
        """The catalogue's services by name; empty without one."""
        return {service.metadata.name: service for service in self.services or ()}

    @cached_property
    def beside(self) -> Mapping[str, Service]:
        """The same services by the namespace of their stores."""
        return {names.data_namespace(name): service for name, service in self.service.items()}

    @cached_property
    def drills(self) -> Mapping[str, Service]:
        """The same services by the namespace of their restore drills."""
        return {store_names.drill_namespace(name): service for name, service in self.service.items()}

    @cached_property
    def of_stores(self) -> Mapping[str, Service]:
        """The same services by the namespaces of their stores and of their restore drills."""
        return {**self.beside, **self.drills}

    @property
    def containers_run(self) -> bool:
        """Whether pods are more than an entry in the API server; so where nobody said otherwise."""
        return not (self.settings and isinstance(self.settings.cluster, Embedded))

    @property
    def mesh(self) -> str:
        """`sidecar` or `none`; `sidecar` where the settings do not say, because that is the stricter."""
        return self.settings.mesh.mode if self.settings else "sidecar"

    @property
    def trust_domain(self) -> str:
        """Domain of the mesh's identities."""
        return self.settings.mesh.trust_domain if self.settings else "cluster.local"
