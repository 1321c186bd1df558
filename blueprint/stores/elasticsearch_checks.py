"""What must hold between an Elasticsearch and its stack before anything is decided (`blueprint.stores.checks`)."""

from collections.abc import Iterator
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.storing import Elasticsearch
from blueprint.delivery import peak_pods
from blueprint.settings import Settings
from blueprint.stores import eck_elasticsearch, versions
from blueprint.stores.sizes import ELASTICSEARCH
from blueprint.text import Fault

RESERVED_USERS: Final = (
    "elastic",
    "elastic-internal",
    "elastic-internal-diagnostics",
    "elastic-internal-monitoring",
    "elastic-internal-pre-stop",
    "elastic-internal-probe",
    "kibana",
)
"""Elasticsearch's own (elastic.co, "Built-in users"), and its operator's (ECK v3.5.0, user/predefined.go), as far as a
service may be called so."""


def faults(service: Service, resource: str, text: Elasticsearch, settings: Settings) -> Iterator[Fault]:
    """What is wrong with the Elasticsearch `resource` of `service` in this stack; fields are below the resource."""
    del resource
    yield from versions.faults(text.params.version, eck_elasticsearch.IMAGES, eck_elasticsearch.NEWEST, "Elasticsearch")
    if service.name in RESERVED_USERS:
        yield Fault(
            "type",
            f"makes a user called '{service.name}' after the service, and Elasticsearch or its operator keeps that name"
            " for itself",
            "Call the service otherwise, or give it a store of another type",
        )
    if text.pool.mode == "transaction":
        yield Fault(
            "pool.mode",
            "is transaction, and Elasticsearch has none: each request stands alone",
            "Drop it; a client's own connections are limited by pool.maxPerReplica",
        )
    yield from _connections(service, text, settings)


def _connections(service: Service, text: Elasticsearch, settings: Settings) -> Iterator[Fault]:
    """Every pod of the busiest moment with a request on each of its connections, against what one node lets wait."""
    pods, each = peak_pods(service.spec, meshed=settings.mesh.mode != "none"), text.pool.max_per_replica
    asked, most = pods * each, ELASTICSEARCH[settings.environment][text.class_].connections
    if asked <= most:
        return
    cure = f"Set it to {most // pods} or less" if most >= pods else "Lower scaling.maxReplicas"
    yield Fault(
        "pool.maxPerReplica",
        f"is {each}: {pods} pods at the busiest moment × {each} = {asked} requests at a time, and a node lets {most}"
        " searches wait, so searches would be refused when there is most to do",
        cure,
    )
