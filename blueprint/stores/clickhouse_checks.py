"""What must hold between a ClickHouse and its stack before anything is decided (`blueprint.stores.checks`)."""

from collections.abc import Iterator
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.storing import Clickhouse, Store
from blueprint.delivery import peak_pods
from blueprint.settings import Settings
from blueprint.stores import altinity_clickhouse, copy_jobs, versions
from blueprint.stores.altinity_clickhouse import RESERVED
from blueprint.stores.sizes import CLICKHOUSE
from blueprint.text import Fault, alternatives

RESERVED_DATABASES: Final = ("default", "information_schema", "system")
"""ClickHouse's own (its documentation, "System Tables" and "INFORMATION_SCHEMA"); an owner's word is in lower case. A
user, called like its service, is nobody else's: no service is called `default`, nor has the `_` of the operator's."""


def faults(service: Service, resource: str, text: Clickhouse, settings: Settings) -> Iterator[Fault]:
    """What is wrong with the ClickHouse `resource` of `service` in this stack; fields are below the resource."""
    yield from versions.faults(
        text.params.version, altinity_clickhouse.IMAGES, altinity_clickhouse.NEWEST, "ClickHouse"
    )
    name = altinity_clickhouse.database(text, resource)
    if name in RESERVED_DATABASES:
        yield Fault(
            "params.database",
            f"'{name}' is a database ClickHouse keeps for itself",
            f"Name it after what it holds; not {', '.join(RESERVED_DATABASES)}",
        )
    if text.pool.mode == "transaction":
        yield Fault(
            "pool.mode",
            "is transaction, which ClickHouse does not have, and nothing stands between a driver and it that could give"
            " connections back",
            "Drop it; a driver's own pool is limited by pool.maxPerReplica",
        )
    yield from _names(service, resource)
    yield from _connections(service, text, settings)
    yield from copy_jobs.faults(text, settings, disk_gib=CLICKHOUSE[settings.environment][text.class_].disk_gib)


def _names(service: Service, resource: str) -> Iterator[Fault]:
    """The Services of the operator beside the store's pods, against those of other stores of the service: some are
    called like their resource."""
    theirs = (altinity_clickhouse.service_of(resource), f"keeper-{resource}")
    for other in theirs:
        if isinstance(service.spec.resources.get(other), Store):
            yield Fault(
                "type",
                f"makes a Service called '{other}', and the store of that name may make one too, so that one would"
                " answer for the other",
                f"Call '{other}' otherwise",
            )


def _connections(service: Service, text: Clickhouse, settings: Settings) -> Iterator[Fault]:
    """Every pod of the busiest moment with its pool open, against what one pod of the store takes: the others may be
    away."""
    environment = settings.environment
    pods, each = peak_pods(service.spec, meshed=settings.mesh.mode != "none"), text.pool.max_per_replica
    asked, sizes = pods * each, CLICKHOUSE[environment]
    most = sizes[text.class_].connections - RESERVED
    if asked <= most:
        return
    larger = [name for name, of in sizes.items() if of.connections - RESERVED >= asked]
    fewer = [f"set it to {most // pods} or less"] if most >= pods else []
    yield Fault(
        "pool.maxPerReplica",
        f"is {each}: {pods} pods at the busiest moment × {each} = {asked} connections, and class {text.class_} takes"
        f" {sizes[text.class_].connections} − {RESERVED} for its own pods and its operator = {most} in {environment},"
        " so pods would be refused when there is most to do",
        alternatives(*fewer, f"set class: {larger[0]}" if larger else "lower scaling.maxReplicas"),
    )
