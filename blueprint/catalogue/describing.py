"""Who a service is, and what there is to read about it."""

from typing import Annotated

from pydantic import Field

from blueprint.text import ServiceName, Slug, Text


class Link(Text):
    """Something worth opening."""

    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    """Address."""
    title: str | None = None
    """What it is."""


class Metadata(Text):
    """Who this is."""

    name: ServiceName
    """Name of the service, its namespace and its identity; unique in the catalogue. Renaming replaces everything."""
    description: Annotated[str, Field(max_length=300)] = ""
    """What it does, in a sentence."""
    tags: tuple[Slug, ...] = ()
    """Words to find it by."""
    links: tuple[Link, ...] = ()
    """Source, documentation, dashboards."""
    annotations: dict[str, str] = {}
    """Free notes for other tools (Backstage)."""
