"""What is kept: who came in, for as long as somebody may have to ask, and no longer."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import HIGH, MEDIUM, Breach, sorts
from policies.core.world import World
from policies.kubernetes.helm import CHARTS, chart_name
from policies.objects import Object
from policies.objects.pods import pods
from policies.objects.values import View
from policies.rules.obs.standard import LONG_RUNNING, OBS

TELEMETRY: Final = "Telemetry.telemetry.istio.io"
ISTIO_GATEWAY: Final = "Gateway.networking.istio.io"
ACCESS_LOGS: Final = ("proxy_access_log", "admin_access_log", "proxy_stream_access_log")
LOST: Final = frozenset({"off", "/dev/null"})
"""Where Kong writes what nobody will read (nginx's words)."""


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
def audit_logs(thing: Object, world: World) -> Iterator[Breach]:
    """The control plane's own audit logs are `eks-audit-logs` and `gke-ops`.

    Kong logs unless it is told not to. A gateway of Istio's logs only where a Telemetry or the mesh's configuration
    says so; that is judged where the run declares the mesh's namespace, or it might be another run's to say.
    """
    yield from _ABOUT[thing.sort](thing, world)


def _of_telemetry(thing: Object, _: World) -> Iterator[Breach]:
    if thing.namespace in names.PLATFORM_NAMESPACES:
        for logging in thing.spec["accessLogging"]:
            if logging["disabled"].flag:
                yield Breach(logging["disabled"], "is true")
            chosen = logging.at("filter", "expression")
            if chosen.word.strip().lower() == "false":
                yield Breach(chosen, "is false, so nothing is written")


def _of_gateway(thing: Object, world: World) -> Iterator[Breach]:
    if not world.declares(names.ISTIO):
        return
    for telemetry in world.within(names.ISTIO, TELEMETRY) + world.within(thing.namespace, TELEMETRY):
        if any(not logging["disabled"].flag for logging in telemetry.spec["accessLogging"]):
            return
    for chart in world.of(*CHARTS):
        if chart.root.at("values", "meshConfig", "accessLogFile").word not in ("", *LOST):
            return
    yield Breach("metadata.name", "has no access log")


def _of_chart(thing: Object, _: World) -> Iterator[Breach]:
    if chart_name(thing) not in ("kong", "ingress"):
        return
    for values in (thing.root["values"], thing.root.at("values", "gateway")):
        for name in ACCESS_LOGS:
            yield from _lost(values.at("env", name))


def _of_pods(thing: Object, _: World) -> Iterator[Breach]:
    """Kong's own, whoever writes them."""
    containers = (one for pod in pods(thing) for one in pod.containers) if thing.namespace == names.KONG else ()
    for variable in (variable for container in containers for variable in container.view["env"]):
        if variable["name"].word.removeprefix("KONG_").lower() in ACCESS_LOGS:
            yield from _lost(variable["value"])


def _lost(log: View) -> Iterator[Breach]:
    if log.is_set and (log.value is False or (log.word.split() or ["off"])[0] in LOST):
        yield Breach(log, "is off")


_ABOUT: Final[Mapping[str, Callable[[Object, World], Iterator[Breach]]]] = {
    TELEMETRY: _of_telemetry,
    ISTIO_GATEWAY: _of_gateway,
    **dict.fromkeys(CHARTS, _of_chart),
    **dict.fromkeys(LONG_RUNNING, _of_pods),
}

LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
AUDIT: Final = ("audit", "/aws/eks/", "cloudtrail", "flow")
"""What is in the name of a log somebody may have to ask months later."""
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
def log_retention(thing: Object, _: Facts) -> Iterator[Breach]:
    if thing.sort != LOG_GROUP:
        yield from _of_loki(thing)
        return
    days, name = thing.root["retentionInDays"], (thing.root["name"].text or thing.logical).lower()
    if not days.number:
        yield Breach(days, "is not set, so the log is kept for ever")
    elif days.number > LONGEST_DAYS:
        yield Breach(days, f"is {days.quantity}, above {LONGEST_DAYS}")
    elif days.number < AUDIT_DAYS and any(word in name for word in AUDIT):
        yield Breach(days, f"is {days.quantity}, below {AUDIT_DAYS} for a log somebody audits")
    key = thing.root["kmsKeyId"]
    if not key.is_set or key.value == "":
        yield Breach(key, "is not set")


def _of_loki(thing: Object) -> Iterator[Breach]:
    if chart_name(thing) != "loki":
        return
    loki = thing.root.at("values", "loki")
    period = loki.at("limits_config", "retention_period")
    # Without the compactor Loki keeps everything, whatever the period says.
    enabled = loki.at("compactor", "retention_enabled")
    hours = sum(int(number) * _HOURS[unit] for number, unit in _PART.findall(period.quantity or ""))
    if not hours:
        yield Breach(period, f"is {period.quantity or 'not set'}, so logs are kept for ever")
    elif hours > LONGEST_DAYS * 24:
        yield Breach(period, f"is {period.quantity}, above {LONGEST_DAYS} days")
    if not enabled.flag:
        yield Breach(enabled, "is not true, so nothing is ever deleted")


_PART: Final = re.compile(r"(\d{1,9})(ms|[smhdwy])")
_HOURS: Final[Mapping[str, float]] = {"ms": 0, "s": 1 / 3600, "m": 1 / 60, "h": 1, "d": 24, "w": 168, "y": 8760}
"""Hours of each unit of a duration (Prometheus' own spelling, which Loki shares)."""
