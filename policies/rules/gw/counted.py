"""Where limits are counted: a limit whose Redis is missing, or takes everybody's word, is none."""

from collections.abc import Iterator
from typing import Final

from blueprint import names, vendors
from policies.core.rule import HIGH, Violation, sorts
from policies.core.world import World
from policies.mesh.scope import host_in
from policies.objects import Object
from policies.rules.gw import group
from policies.rules.gw.group import GW, PLATFORM
from policies.rules.gw.plugins import LIMIT, from_secret, kind

PLUGINS: Final = sorts(group.KONG_PLUGIN, group.KONG_CLUSTER_PLUGIN)


@GW.stack(
    "gw-rate-limit-counts",
    "M/M/M",
    HIGH,
    PLUGINS,
    why="Kong lets pass what it cannot count, and whoever reaches a Redis without a password sets the counters.",
    cure="Count in a Redis that is made, at kong-redis.kong.svc.cluster.local, and refer to its password",
    where=PLATFORM,
    sources=("Kong plugin hub: fault_tolerant", "OWASP API4:2023"),
)
def counts(plugin: Object, world: World) -> Iterator[Violation]:
    """A Service of a namespace that this run does not declare may be another run's."""
    config = plugin.root["config"]
    if kind(plugin) not in LIMIT or "redis" not in (config["policy"].word, config["strategy"].word):
        return
    elsewhere = any(True for _ in from_secret(plugin, "redis"))
    for field in ("host", "password"):
        value = config["redis"][field]
        if value.is_known and not value.word and not elsewhere:
            yield Violation(value, "is empty" if value.is_set else "is not set")
    host, port = config["redis"]["host"], config["redis"]["port"]
    if host.is_known and (missing := _missing(host.word, world)):
        yield Violation(host, f"names the Service {missing}, and there is none")
    elif plugin.namespace in world.facts.service:
        # What the platform does not make may be down or open, and nobody here would know.
        if host.is_known and host.word and not _is_made(host.word, world):
            yield Violation(host, f"is {host.word}, and routes of services are counted in kong-redis")
        if port.is_set and port.number != vendors.REDIS_PORT.number:
            yield Violation(port, f"is {port.quantity}, where it does not listen")


def _is_made(host: str, world: World) -> bool:
    meant = host_in(world, host, names.KONG)
    return (meant.namespace, meant.service) == (names.KONG, names.KONG_REDIS)


def _missing(host: str, world: World) -> str | None:
    """The Service of `host` as Kong resolves it, where there is none."""
    meant = host_in(world, host, names.KONG)
    if not host or not world.declares(meant.namespace):
        return None
    found = world.named("Service", meant.namespace, meant.service)
    return None if found else f"{meant.namespace}/{meant.service}"
