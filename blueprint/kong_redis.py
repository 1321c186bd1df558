"""The Redis in which the gateway's pods count rate limits together: one small pod, always with the gateway.

Always, and not when the first route asks: a route is a service team's, and must not make or unmake what all share. It
is no store of a service (`blueprint.stores`): nobody owns what is in it, and after a restart counting begins anew.

One pod, because a second would not help: the plugin `rate-limiting` of Kong 3.9.3 knows one host and neither Sentinel
nor Cluster (kong/tools/redis/schema.lua). What happens while it is away:
docs/decisions/0032-rate-limits-are-counted-in-one-small-redis.md.
"""

from dataclasses import dataclass, replace
from typing import Final

from blueprint import names, platform_rules, sizes
from blueprint.context import Context
from blueprint.network_rules import NetworkRule, Pods, Port
from blueprint.operators.scales import SCALES, Sizes, amounts
from blueprint.pins import Image
from blueprint.sizes import Amounts
from blueprint.vendors import KONG_REDIS, REDIS_PORT

# Valkey keeps Redis' protocol and its BSD licence; Redis itself gave that up with 7.4. The digest is that of the
# multi-platform index, as it stands in public repositories that pin it.
IMAGE: Final = Image(
    repository="docker.io/valkey/valkey",
    # renovate: datasource=docker depName=valkey/valkey
    tag="9.1.2-alpine@sha256:48332870af354a799964c0012ae1194a0bf2bf894eb508f945810596dc2d8d11",
)

SERVER: Final = Sizes(small=amounts(25, 250, 128, 128), large=amounts(50, 500, 256, 256))
"""Memory for counters is three quarters of the limit. A counter takes 197 bytes (Valkey 9.1.2, 800,000 of them under
names as long as Kong's), so the small one holds half a million and the large one a million; a route with limits by
minute and hour keeps two for each of its consumers. It asks for the whole limit, because what it may fill it will. CPU:
an unmeasured estimate."""

MEMORY_PERCENT: Final = 75
"""Of the memory limit, for counters; the rest is for connections and fragmentation (the share that the Redis operator's
`maxMemoryPercentOfLimit` is usually given)."""


@dataclass(frozen=True, kw_only=True)
class KongRedis:
    """One Redis without a disk."""

    name: str
    """Of every object of it."""
    pods: Pods
    """Its pods, as network rules select them."""
    port: Port
    rules: tuple[NetworkRule, ...]
    """Who reaches them, and whom they reach: before the first of them starts."""
    image: Image
    server: Amounts
    memory_mib: int
    """For counters. Beyond it those go first that would end first."""
    min_ready_seconds: int
    """How long it must stay ready before it counts; 0 where containers are simulated, and none can die."""
    tier: str
    """Whose priority it has: limits are for the hour in which the nodes are full."""
    password_key: str
    """Key of its password in the Secret of its name. A generator in the cluster draws it, once."""


def decide(context: Context) -> KongRedis:
    """The Redis of a stack's gateway."""
    server = replace(
        SCALES[context.environment].of(SERVER),
        storage_request_mib=sizes.STORAGE_REQUEST_MIB,
        storage_limit_mib=sizes.STORAGE_LIMIT_MIB,
    )
    return KongRedis(
        name=names.KONG_REDIS,
        pods=KONG_REDIS,
        port=REDIS_PORT,
        rules=tuple(
            rule for rule in platform_rules.decide(context.surroundings) if platform_rules.is_about(rule, KONG_REDIS)
        ),
        image=IMAGE,
        server=server,
        min_ready_seconds=0 if context.cluster.simulated else sizes.MIN_READY_SECONDS,
        memory_mib=server.memory_limit_mib * MEMORY_PERCENT // 100,
        tier="critical",
        password_key=names.KONG_REDIS_PASSWORD,
    )
