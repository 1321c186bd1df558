"""What must hold between a Redis and its stack before anything is decided."""

from collections.abc import Iterator
from typing import Final

from blueprint.catalogue import Service
from blueprint.catalogue.storing import KeyValue
from blueprint.delivery import peak_pods
from blueprint.settings import Settings
from blueprint.stores import copy_jobs, made_services, redis_operator, versions
from blueprint.stores.sizes import REDIS, StoreSize
from blueprint.text import Fault

RESERVED: Final = 32
"""Connections no service may count on: two of each of three Sentinels, one of each of up to seven followers, those of
the operator and of the probes, twofold."""

MADE: Final = ("additional", "headless", "master", "replica", "sentinel", "sentinel-additional", "sentinel-headless")
"""What its operator calls the Services beside it: the store's name, a hyphen and one of these (redis-operator v0.26.0,
internal/k8sutils: redis-replication.go, redis-sentinel.go)."""


def faults(service: Service, resource: str, text: KeyValue, settings: Settings) -> Iterator[Fault]:
    """What is wrong with the Redis `resource` of `service` in this stack; fields are below the resource."""
    yield from versions.faults(
        text.params.version,
        redis_operator.IMAGES,
        redis_operator.NEWEST,
        "Valkey",
        all_of_them="; all speak the protocol of Redis 7.2",
    )
    if text.pool.mode == "transaction":
        yield Fault(
            "pool.mode",
            "is transaction, and nothing between a service and its Redis gives connections back",
            "Drop it; pool.maxPerReplica holds as it is",
        )
    yield from made_services.faults(service, resource, MADE)
    yield from _connections(service, text, settings)
    yield from copy_jobs.faults(text, settings, disk_gib=REDIS[settings.environment][text.class_].disk_gib)


def _connections(service: Service, text: KeyValue, settings: Settings) -> Iterator[Fault]:
    """Every pod of the busiest moment with all its connections open, against what the store takes."""
    scale = REDIS[settings.environment]
    pods, each = peak_pods(service.spec, meshed=settings.mesh.mode != "none"), text.pool.max_per_replica
    asked, size = pods * each, scale[text.class_]
    most = size.connections - RESERVED
    if asked <= most:
        return
    larger = [name for name, of in scale.items() if of.connections - RESERVED >= asked]
    cures = f"set class: {larger[0]}" if larger else "lower scaling.maxReplicas"
    yield Fault(
        "pool.maxPerReplica",
        f"is {each}: {pods} pods at the busiest moment × {each} = {asked} connections, and class {text.class_} takes"
        f" {size.connections} − {RESERVED} that its own pods and its operator keep = {most} in {settings.environment}"
        f" ({_memory(size)}), so pods would be refused when there is most to do",
        f"Set it to {most // pods} or less, or {cures}" if most >= pods else cures.capitalize(),
    )


def _memory(size: StoreSize) -> str:
    """Why not more: what is left of a pod's memory besides data."""
    limit, each = size.amounts.memory_limit_mib, redis_operator.CONNECTION_KIB
    rest = limit - limit * redis_operator.MEMORY_PERCENT // 100
    return (
        f"{size.connections} × {each} KiB = {-(-size.connections * each // 1024)} MiB of the {rest} MiB that"
        f" {redis_operator.MEMORY_PERCENT} % of {limit} MiB for data leave"
    )
