"""Checks on what owners say of their data that may not hold in every environment."""

from collections.abc import Iterator

from blueprint.catalogue.owning import Bucket, Volume
from blueprint.catalogue.storing import Store
from blueprint.reading.problems import Problem
from blueprint.reading.view import View


def deletion(view: View) -> Iterator[Problem]:
    """In production nothing that holds data goes because a line of a file does."""
    if view.environment != "prod":
        return
    for name, service in sorted(view.services.items()):
        for resource, owned in sorted(service.spec.resources.items()):
            if isinstance(owned, Store | Volume | Bucket) and owned.deletion == "delete":
                yield view.problem(
                    name,
                    ("resources", resource, "deletion"),
                    "is delete, so a new name or one line less would delete its data for good",
                    "Drop it for retain, and say delete below spec.environments of dev, ephemeral or staging",
                )
