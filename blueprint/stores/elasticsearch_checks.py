"""What must hold between an Elasticsearch and its stack before anything is decided (`blueprint.stores.checks`)."""

from collections.abc import Iterator
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.storing import Elasticsearch
from blueprint.settings import Settings
from blueprint.stores import copy_jobs, eck_elasticsearch, searching, versions
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
    yield from searching.faults(service, text, settings, product="Elasticsearch", sizes=ELASTICSEARCH)
    yield from copy_jobs.faults(text, settings, disk_gib=ELASTICSEARCH[settings.environment][text.class_].disk_gib)
