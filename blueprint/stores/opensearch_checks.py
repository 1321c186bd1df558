"""What must hold between an OpenSearch and its stack before anything is decided (`blueprint.stores.checks`)."""

from collections.abc import Iterator
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.storing import Opensearch
from blueprint.delivery import peak_pods
from blueprint.settings import Settings
from blueprint.stores import made_services, opensearch_operator, versions
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
    if text.pool.mode == "transaction":
        yield Fault(
            "pool.mode",
            "is transaction, and OpenSearch has none: each request stands alone",
            "Drop it; a client's own connections are limited by pool.maxPerReplica",
        )
    yield from made_services.faults(service, resource, MADE)
    yield from _connections(service, text, settings)


def _connections(service: Service, text: Opensearch, settings: Settings) -> Iterator[Fault]:
    """Every pod of the busiest moment with a request on each of its connections, against what one node lets wait."""
    pods, each = peak_pods(service.spec, meshed=settings.mesh.mode != "none"), text.pool.max_per_replica
    asked, most = pods * each, OPENSEARCH[settings.environment][text.class_].connections
    if asked <= most:
        return
    cure = f"Set it to {most // pods} or less" if most >= pods else "Lower scaling.maxReplicas"
    yield Fault(
        "pool.maxPerReplica",
        f"is {each}: {pods} pods at the busiest moment × {each} = {asked} requests at a time, and a node lets {most}"
        " searches wait, so searches would be refused when there is most to do",
        cure,
    )
