"""One stack, in the order it is built. Every choice was taken in `blueprint`."""

import gc

# Registering allocates much and frees little: a third less CPU at 1,000 resources, and linear growth beyond.
gc.set_threshold(100_000, 50, 100)

from datetime import UTC, datetime  # noqa: E402  (the threshold must be set before the SDK allocates)
from pathlib import Path  # noqa: E402

import pulumi  # noqa: E402

from blueprint import design  # noqa: E402
from blueprint.reading import TextError, read_catalogue, read_kubeconfig, settings_of  # noqa: E402
from components.cluster import connect  # noqa: E402
from components.platform import Foundation, Gateway, Mesh, Operators, PlatformReady  # noqa: E402
from components.service import Service  # noqa: E402
from manifests import everything  # noqa: E402
from manifests.charts import charts  # noqa: E402
from policies.adapters.preflight import PreflightError, preflight  # noqa: E402

config = pulumi.Config("platform")
try:
    settings = settings_of(config.require_object("settings"), pulumi.get_stack())
    today = datetime.now(tz=UTC).date()
    catalogue = read_catalogue(Path(config.get("services") or "services"), today=today)
    blueprint = design(settings, catalogue, pulumi.get_stack())
    reached = blueprint.cluster
    read_kubeconfig(Path(reached.kubeconfig), context=reached.context, cluster=reached.name)
    preflight(everything(blueprint), charts(blueprint), settings=settings, catalogue=catalogue, today=today)
except (PreflightError, TextError) as error:
    raise pulumi.RunError(f"nothing was touched, because\n{error}") from None

inside = pulumi.ResourceOptions(providers=[connect(blueprint.cluster)])
namespaces: dict[str, pulumi.Resource] = {}
ready: list[pulumi.Resource] = []

if "platform" in blueprint.layers:
    foundation = Foundation("foundation", blueprint.platform.foundation, opts=inside)
    namespaces |= foundation.namespaces
    operators = Operators("operators", blueprint.platform.operators, namespaces=namespaces, opts=inside)
    ready += operators.ready
    if blueprint.platform.mesh:
        ready = list(Mesh("mesh", blueprint.platform.mesh, namespaces=namespaces, after=ready, opts=inside).ready)
    ready += Gateway(
        "gateway", blueprint.platform.gateway, namespaces=namespaces, after=operators.ready, opts=inside
    ).ready
    ready = [
        PlatformReady("platform-ready", blueprint.platform.mesh, namespaces=namespaces, after=ready, opts=inside).ready
    ]

if "services" in blueprint.layers:
    for name, plan in blueprint.services.items():
        Service(name, plan, namespaces=namespaces, after=ready, opts=inside)
    pulumi.export("services", list(blueprint.services))

pulumi.export("environment", blueprint.environment)
pulumi.export("hosts", [host.name for host in blueprint.platform.gateway.hosts])
