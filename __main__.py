"""One stack, in the order it is built. Every choice was taken in `blueprint`."""

import atexit
import gc

# Registering allocates much and frees little: a third less CPU at 1,000 resources, and linear growth beyond. At the end
# nothing is looked for either: a tenth less at 4,000.
gc.set_threshold(100_000, 50, 100)
atexit.register(gc.freeze)

from pathlib import Path  # noqa: E402  (the threshold must be set before the SDK allocates)

import pulumi  # noqa: E402

from blueprint.reading import TextError, settings_of  # noqa: E402
from components.cluster import connect  # noqa: E402
from components.platform import (  # noqa: E402
    Foundation,
    Gateway,
    KongRedis,
    Mesh,
    ObjectCopies,
    Operators,
    PlatformReady,
    StoreAuthority,
)
from components.sdk import wait_for_requests_in_turn, without_debug_log  # noqa: E402
from components.service import Service  # noqa: E402
from operations.planning import plan  # noqa: E402
from operations.reaching import reach  # noqa: E402
from policies.adapters.preflight import PreflightError  # noqa: E402

without_debug_log()
wait_for_requests_in_turn()
config, stack = pulumi.Config("platform"), pulumi.get_stack()
try:
    services = Path(config.get("services") or "services")
    blueprint = plan(lambda: settings_of(config.require_object("settings"), stack), services, stack).blueprint
    reach(blueprint.cluster, Path())
except (PreflightError, TextError) as error:
    raise pulumi.RunError(f"nothing was touched, because\n{error}") from None

platform, connection = blueprint.platform, connect(blueprint.cluster)
inside = pulumi.ResourceOptions(providers=list(connection.providers))
namespaces: dict[str, pulumi.Resource] = {}
ready: list[pulumi.Resource] = list(connection.ready)

if "platform" in blueprint.layers:
    foundation = Foundation("foundation", platform.foundation, opts=inside)
    namespaces |= foundation.namespaces
    operators = Operators("operators", platform.operators, platform.kong_redis, namespaces=namespaces, opts=inside)
    ready += operators.ready
    if platform.mesh:
        ready = list(Mesh("mesh", platform.mesh, namespaces=namespaces, after=ready, opts=inside).ready)
    KongRedis("kong-redis", platform.kong_redis, namespaces=namespaces, after=ready, opts=inside)
    if platform.authority:
        after = operators.ready
        ready += StoreAuthority(
            "store-authority", platform.authority, namespaces=namespaces, after=after, opts=inside
        ).ready
    if platform.object_copies:
        after = operators.ready
        ObjectCopies("object-copies", platform.object_copies, namespaces=namespaces, after=after, opts=inside)
    ready += Gateway("gateway", platform.gateway, namespaces=namespaces, after=operators.ready, opts=inside).ready
    ready = [PlatformReady("platform-ready", platform.mesh, namespaces=namespaces, after=ready, opts=inside).ready]

if "services" in blueprint.layers:
    for name, of_service in blueprint.services.items():
        Service(name, of_service, namespaces=namespaces, after=ready, opts=inside)
    pulumi.export("services", list(blueprint.services))

pulumi.export("environment", blueprint.environment)
pulumi.export("hosts", [host.name for host in platform.gateway.hosts])
