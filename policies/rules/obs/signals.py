"""Logs and traces: what is kept and for how long, and that every container says who it is."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import CONTAINERS, HIGH, MEDIUM, Violation, sorts
from policies.core.world import World
from policies.kubernetes.helm import CHARTS, chart_name
from policies.objects import Object
from policies.objects.pods import Container, pods
from policies.objects.values import View
from policies.rules.obs.group import LONG_RUNNING, OBS, is_watched

TELEMETRY: Final = "Telemetry.telemetry.istio.io"
ISTIO_GATEWAY: Final = "Gateway.networking.istio.io"
ACCESS_LOGS: Final = ("proxy_access_log", "admin_access_log", "proxy_stream_access_log")
LOST: Final = frozenset({"off", "/dev/null"})
"""Values that switch Kong's access log off (nginx's words)."""


@OBS.stack(
    "obs-audit-logs",
    "A/M/M",
    HIGH,
    sorts(TELEMETRY, ISTIO_GATEWAY, *CHARTS, *LONG_RUNNING),
    why="After a break-in the access log of the edge is what says who came, how, and what they took.",
    cure="Leave the access logs of the gateways on",
    where="manifests/operators",
    sources=("NSA C-0067", "OWASP K8s K10"),
)
def audit_logs(thing: Object, world: World) -> Iterator[Violation]:
    """The control plane's own audit logs are `eks-audit-logs` and `gke-ops`.

    Kong logs unless that is switched off. A gateway of Istio's logs only where a Telemetry or the mesh's configuration
    says so; that is judged only where the run declares the mesh's namespace, since another run may configure it.
    """
    yield from _ABOUT[thing.sort](thing, world)


def _of_telemetry(thing: Object, _: World) -> Iterator[Violation]:
    if thing.namespace in names.PLATFORM_NAMESPACES:
        for logging in thing.spec["accessLogging"]:
            if logging["disabled"].flag:
                yield Violation(logging["disabled"], "is true")
            chosen = logging.at("filter", "expression")
            if chosen.word.strip().lower() == "false":
                yield Violation(chosen, "is false, so nothing is written")


def _of_gateway(thing: Object, world: World) -> Iterator[Violation]:
    if not world.declares(names.ISTIO):
        return
    for telemetry in world.within(names.ISTIO, TELEMETRY) + world.within(thing.namespace, TELEMETRY):
        if any(not logging["disabled"].flag for logging in telemetry.spec["accessLogging"]):
            return
    for chart in world.of(*CHARTS):
        if chart.root.at("values", "meshConfig", "accessLogFile").word not in ("", *LOST):
            return
    yield Violation("metadata.name", "has no access log")


def _of_chart(thing: Object, _: World) -> Iterator[Violation]:
    if chart_name(thing) not in ("kong", "ingress"):
        return
    for values in (thing.root["values"], thing.root.at("values", "gateway")):
        for name in ACCESS_LOGS:
            yield from _lost(values.at("env", name))


def _of_pods(thing: Object, _: World) -> Iterator[Violation]:
    """The access logs of Kong's own pods, however the pods are made."""
    containers = (one for pod in pods(thing) for one in pod.containers) if thing.namespace == names.KONG else ()
    for variable in (variable for container in containers for variable in container.view["env"]):
        if variable["name"].word.removeprefix("KONG_").lower() in ACCESS_LOGS:
            yield from _lost(variable["value"])


def _lost(log: View) -> Iterator[Violation]:
    if log.is_set and (log.value is False or (log.word.split() or ["off"])[0] in LOST):
        yield Violation(log, "is off")


_ABOUT: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    TELEMETRY: _of_telemetry,
    ISTIO_GATEWAY: _of_gateway,
    **dict.fromkeys(CHARTS, _of_chart),
    **dict.fromkeys(LONG_RUNNING, _of_pods),
}

LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
AUDIT: Final = ("audit", "/aws/eks/", "cloudtrail", "flow")
"""Parts of the name of a log that may be needed months later."""
AUDIT_DAYS: Final = 90
"""The least an audit log is kept: break-ins are found after weeks (CIS AWS 3.x; the row of the rule)."""
LONGEST_DAYS: Final = 400
"""The most: the settings' own ceiling (`platform:settings.observability.retention.logsDays`), a year and a month."""


@OBS.resource(
    "obs-log-retention",
    "A/M/M",
    MEDIUM,
    sorts(LOG_GROUP, *CHARTS),
    why="A log that is kept for ever costs and leaks more each year; one kept too short answers nothing.",
    cure="Set a retention of 90 to 400 days for audit logs and at most 400 for others, encrypted with an own key",
    where="Pulumi.<stack>.yaml: platform:settings.observability.retention.logsDays",
    sources=("CKV_AWS_66", "CKV_AWS_158", "CKV_AWS_338"),
)
def log_retention(thing: Object, _: Facts) -> Iterator[Violation]:
    if thing.sort != LOG_GROUP:
        yield from _of_loki(thing)
        return
    days, name = thing.root["retentionInDays"], (thing.root["name"].text or thing.logical).lower()
    if not days.number:
        yield Violation(days, "is not set, so the log is kept for ever")
    elif days.number > LONGEST_DAYS:
        yield Violation(days, f"is {days.quantity}, above {LONGEST_DAYS}")
    elif days.number < AUDIT_DAYS and any(word in name for word in AUDIT):
        yield Violation(days, f"is {days.quantity}, below {AUDIT_DAYS} for an audit log")
    key = thing.root["kmsKeyId"]
    if not key.is_set or key.value == "":
        yield Violation(key, "is not set")


def _of_loki(thing: Object) -> Iterator[Violation]:
    if chart_name(thing) != "loki":
        return
    loki = thing.root.at("values", "loki")
    period = loki.at("limits_config", "retention_period")
    # Without the compactor Loki keeps everything, whatever the period says.
    enabled = loki.at("compactor", "retention_enabled")
    hours = sum(int(number) * _HOURS[unit] for number, unit in _PART.findall(period.quantity or ""))
    if not hours:
        yield Violation(period, f"is {period.quantity or 'not set'}, so logs are kept for ever")
    elif hours > LONGEST_DAYS * 24:
        yield Violation(period, f"is {period.quantity}, above {LONGEST_DAYS} days")
    if not enabled.flag:
        yield Violation(enabled, "is not true, so nothing is ever deleted")


_PART: Final = re.compile(r"(\d{1,9})(ms|[smhdwy])")
_HOURS: Final[Mapping[str, float]] = {"ms": 0, "s": 1 / 3600, "m": 1 / 60, "h": 1, "d": 24, "w": 168, "y": 8760}
"""Hours of each unit of a duration (Prometheus' own spelling, which Loki shares)."""


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
    why="A trace without a service name cannot be traced to its owner; one sent outside takes customers' data along.",
    cure="Set OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, and the endpoint of the cluster's collector",
    where="services/{service}.yaml: spec.containers.<name>.variables",
    sources=("OpenTelemetry specification: environment variables",),
)
def otel(container: Container, world: World) -> Iterator[Violation]:
    """Variables that lack are a finding where the run holds monitoring objects at all; a wrong address always is."""
    variables = {each["name"].word: each["value"] for each in container.view["env"]}
    shared, whole = _from_config(container, world)
    for name, value in {**shared, **variables}.items():
        if ENDPOINT.fullmatch(name) and value.is_set and not _is_inside(value.word, container, world):
            yield Violation(_place(value, name, variables, container), f"sets {name} to an address outside the cluster")
        if name == ATTRIBUTES and value.is_set and not all(each.search(value.word) for each in DESCRIBED):
            yield Violation(_place(value, name, variables, container), f"sets {name} without environment and version")
    if whole and _is_asked(container, world):
        said = {each["name"].word for each in container.view["env"] if _says(each["value"]) or each["valueFrom"].is_set}
        said |= {name for name, value in shared.items() if _says(value) and name not in variables}
        missing = [name for name in WANTED if name not in said]
        if missing:
            yield Violation(container.view["env"], f"lacks {', '.join(missing)}")


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
    known = (names.PLATFORM_NAMESPACES, names.CLUSTER_NAMESPACES, world.namespaces, (container.object.namespace,))
    return bool(ITSELF.fullmatch(host)) or bool(
        service and (service["inside"] or any(service["namespace"] in each for each in known))
    )


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
