"""What must hold between an OpenSearch and its stack before anything is decided (`blueprint.stores.checks`)."""

from collections.abc import Iterator
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.storing import Opensearch
from blueprint.settings import Settings
from blueprint.stores import made_services, opensearch_operator, searching, versions
from blueprint.stores.sizes import OPENSEARCH
from blueprint.text import Fault

MADE: Final = ("discovery", "leaders", "readers")
"""What its operator calls the Services beside it: the store's name, a hyphen and one of these (v3.0.0-alpha,
pkg/builders/cluster.go; the last two are its pools)."""


def faults(service: Service, resource: str, text: Opensearch, settings: Settings) -> Iterator[Fault]:
    """What is wrong with the OpenSearch `resource` of `service` in this stack; fields are below the resource."""
    yield from versions.faults(
        text.params.version, opensearch_operator.IMAGES, opensearch_operator.NEWEST, "OpenSearch"
    )
    yield from made_services.faults(service, resource, MADE)
    yield from searching.faults(service, text, settings, product="OpenSearch", sizes=OPENSEARCH)
