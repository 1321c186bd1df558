"""What the services of one system share: words said once, in `_defaults.yaml` beside the catalogue.

Only what means the same in every service stands here. Edges, stores and images are each service's own, and so is what
is right for some types alone (scaling, rollout).
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from blueprint.catalogue.needing import Egress
from blueprint.catalogue.probing import Asked
from blueprint.catalogue.running import Resources
from blueprint.docstrings import schema
from blueprint.text import Slug, Text


class EveryContainer(Text):
    """What each container has that does not say it: main, sidecars and init containers."""

    resources: Resources | None = None
    """Requests and limits of each container that has none. Changing them restarts the pods of those."""


class Main(Text):
    """What the container `main` has that does not say it, in services that listen."""

    liveness_probe: Asked = None
    """When it fails the container is restarted. Changing it restarts the pods."""
    readiness_probe: Asked = None
    """When it fails the pod gets no requests. Changing it restarts the pods."""
    startup_probe: Asked = None
    """Holds the others back until it succeeds once. Changing it restarts the pods."""


class Shared(Text):
    """What a service of the system has where its own file does not say the field; `null` there takes it away."""

    every_container: EveryContainer = EveryContainer()
    """What each container has that does not say it."""
    main: Main = Main()
    """What the container `main` has that does not say it, in services that listen (`service.ports`)."""
    egress: tuple[Egress, ...] | None = None
    """Hosts outside the platform that each service may reach. A service that says `egress` has its own list alone.
    Changing it changes network rules in place."""
    domain: Slug | None = None
    """The bounded context. Unset: the system."""
    cost_center: Slug | None = None
    """Whose budget the services are on. Unset: the system."""
    data_class: Literal["public", "internal", "confidential", "restricted"] | None = None
    """The most sensitive data the services hold. Unset: internal."""
    tier: Literal["critical", "standard", "best-effort"] | None = None
    """How much the services matter. Unset: standard. Changing it restarts the pods."""
    termination_grace_period_seconds: Annotated[int, Field(ge=15, le=600)] | None = None
    """Seconds to finish work when asked to stop. Unset: 30. Changing it restarts the pods."""


class Defaults(Text):
    """The file `_defaults.yaml`."""

    api_version: Literal["catalog.platform/v1alpha1"]
    """Version of this format."""
    kind: Literal["Defaults"]
    """Always Defaults."""
    systems: Annotated[dict[Slug, Shared], Field(min_length=1)]
    """By the system that services name in spec.system."""


def defaults_schema() -> dict[str, Any]:
    """The JSON Schema of `_defaults.yaml`, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema(Defaults)}
