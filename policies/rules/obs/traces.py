"""Whose traces: every container says who it is and sends them to the cluster's own collector."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.rule import CONTAINERS, MEDIUM, Breach
from policies.core.world import World
from policies.objects.pods import Container
from policies.objects.values import View
from policies.rules.obs.standard import OBS, is_watched

NAME: Final = "OTEL_SERVICE_NAME"
ENDPOINT: Final = re.compile(r"OTEL_EXPORTER_OTLP(_TRACES|_METRICS|_LOGS)?_ENDPOINT")
ATTRIBUTES: Final = "OTEL_RESOURCE_ATTRIBUTES"
WANTED: Final = (NAME, "OTEL_EXPORTER_OTLP_ENDPOINT", ATTRIBUTES)
DESCRIBED: Final = (re.compile(r"(^|,)deployment\.environment(\.name)?="), re.compile(r"(^|,)service\.version="))
"""Environment and version among the attributes (OpenTelemetry semantic conventions)."""
ADDRESS: Final = re.compile(r"(?:(?:https?|grpc)://)?([a-z0-9.-]+|\$\([A-Za-z0-9_]+\))(?::\d+)?(?:/.*)?")
"""Scheme, host, port and path; a host may be another variable."""
SERVICE: Final = re.compile(r"[a-z0-9-]+\.(?P<namespace>[a-z0-9-]+)(?P<inside>\.svc(?:\.cluster\.local)?)?")
ITSELF: Final = re.compile(r"127\.0\.0\.1|[a-z0-9-]*[a-z-][a-z0-9-]*")
"""A container beside, or a Service of the own namespace."""


@OBS.stack(
    "obs-otel",
    "A/M/M",
    MEDIUM,
    CONTAINERS,
    why="A trace without a name belongs to nobody, and one sent outside takes customers' data along.",
    cure="Set OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, and the endpoint of the cluster's collector",
    where="services/{service}.yaml: spec.containers.<name>.variables",
    sources=("OpenTelemetry specification: environment variables",),
)
def otel(container: Container, world: World) -> Iterator[Breach]:
    """Variables that lack are a finding where the run holds monitoring objects at all; a wrong address always is."""
    variables = {each["name"].word: each["value"] for each in container.view["env"]}
    shared, whole = _from_config(container, world)
    for name, value in {**shared, **variables}.items():
        if ENDPOINT.fullmatch(name) and value.is_set and not _is_inside(value.word, container, world):
            yield Breach(_place(value, name, variables, container), f"sets {name} to an address outside the cluster")
        if name == ATTRIBUTES and value.is_set and not all(each.search(value.word) for each in DESCRIBED):
            yield Breach(_place(value, name, variables, container), f"sets {name} without environment and version")
    if whole and _is_asked(container, world):
        said = {each["name"].word for each in container.view["env"] if _says(each["value"]) or each["valueFrom"].is_set}
        said |= {name for name, value in shared.items() if _says(value) and name not in variables}
        missing = [name for name in WANTED if name not in said]
        if missing:
            yield Breach(container.view["env"], f"lacks {', '.join(missing)}")


def _says(value: View) -> bool:
    """Whether anything is said; what is not known yet will be something."""
    return not value.is_known or bool(value.quantity)


def _is_inside(address: str, container: Container, world: World) -> bool:
    """Whether it is an address in the cluster: of the pod or its node, or a Service's name.

    Two labels may be a Service and its namespace, or a company on the internet: only namespaces that are known count.
    """
    found = ADDRESS.fullmatch(address)
    host = found[1] if found else ""
    if host.startswith("$("):
        return _is_nodes_own(host[2:-1], container)
    service = SERVICE.fullmatch(host)
    known = {*names.PLATFORM_NAMESPACES, *names.CLUSTER_NAMESPACES, *world.namespaces, container.object.namespace}
    return bool(ITSELF.fullmatch(host)) or bool(service and (service["inside"] or service["namespace"] in known))


def _is_nodes_own(variable: str, container: Container) -> bool:
    """Whether a variable is filled by Kubernetes, with an address of the pod's or the node's."""
    field = ("valueFrom", "fieldRef", "fieldPath")
    sources = [each.at(*field).word for each in container.view["env"] if each["name"].word == variable]
    return sources[-1:] in (["status.hostIP"], ["status.podIP"])


def _is_asked(container: Container, world: World) -> bool:
    injected = any(key.startswith("instrumentation.opentelemetry.io/inject-") for key in container.pod.annotations.keys)
    ours = container.object.namespace in world.service_namespaces
    return ours and container.role == "container" and not injected and is_watched(world)


def _from_config(container: Container, world: World) -> tuple[Mapping[str, View], bool]:
    """What its ConfigMaps set, and whether all of them could be read."""
    found: dict[str, View] = {}
    whole = True
    for source in container.view["envFrom"]:
        config = world.named("ConfigMap", container.object.namespace, source.at("configMapRef", "name").word)
        if config is None:
            whole = False
            continue
        prefix = source["prefix"].word
        found |= {f"{prefix}{key}": value for key, value in config.root["data"].entries()}
    return found, whole


def _place(value: View, name: str, variables: Mapping[str, View], container: Container) -> View:
    return value if name in variables else container.view["envFrom"]
