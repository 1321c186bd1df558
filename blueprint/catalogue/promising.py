"""What a service promises and how it is proven: resilience, objectives, telemetry, tests, exceptions.

Words are Istio's for resilience and OpenSLO's for objectives.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from blueprint.catalogue.balancing import Affinity
from blueprint.catalogue.off import Off
from blueprint.quantities import Duration
from blueprint.text import Checked, Fault, PortName, Slug, Text


class ConnectionPool(Text):
    """What callers may open towards this service, per calling pod."""

    max_connections: Annotated[int, Field(ge=1, le=100_000)] = 100
    """TCP connections (the templates': 100)."""
    connect_timeout: Duration = "2s"
    """How long a connection may take (the templates': 2 s)."""
    http2_max_requests: Annotated[int, Field(ge=1, le=100_000, alias="http2MaxRequests")] = 200
    """Requests under way."""
    max_requests_per_connection: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Requests before a connection is closed; 0: never."""


class OutlierDetection(Text):
    """When a pod that fails is left alone for a while."""

    consecutive5xx_errors: Annotated[int, Field(ge=1, le=1000, alias="consecutive5xxErrors")] = 5
    """Failures in a row (the templates': 5)."""
    interval: Duration = "30s"
    """How often it is looked at (the templates': 30 s)."""
    base_ejection_time: Duration = "30s"
    """How long the first time (the templates': 30 s)."""
    max_ejection_percent: Annotated[int, Field(ge=1, le=100)] = 50
    """Share of the pods that may be left alone at once."""


class Resilience(Text):
    """How callers' proxies treat this service; becomes its DestinationRule."""

    connection_pool: ConnectionPool = ConnectionPool()
    """Connections."""
    outlier_detection: OutlierDetection = OutlierDetection()
    """Circuit breaking."""
    load_balancer: Literal["LEAST_REQUEST", "ROUND_ROBIN", "RANDOM"] = "LEAST_REQUEST"
    """How a pod is chosen (Istio's default, LEAST_REQUEST)."""


class Objective(Text):
    """What every objective has; not an objective by itself."""

    name: Slug
    """Name within the service."""
    objective: Annotated[float, Field(gt=0, lt=100)]
    """Per cent of good events in the window."""
    time_window: Duration = "30d"
    """The window, rolling."""


class Availability(Objective):
    """Requests that do not fail."""

    indicator: Literal["availability"]
    """availability"""


class Latency(Objective):
    """Requests answered in time."""

    indicator: Literal["latency"]
    """latency"""
    threshold: Duration
    """In time means within this."""


class QueueLag(Objective):
    """Messages handled in time."""

    indicator: Literal["queue-lag"]
    """queue-lag"""
    channel: str
    """A channel this service subscribes to."""
    threshold: Duration
    """In time means within this."""


Slo = Annotated[Availability | Latency | QueueLag, Field(discriminator="indicator")]


class Metrics(Text):
    """Where the numbers are."""

    path: Annotated[str, Field(pattern=r"^/[^\s]*$")] = "/metrics"
    """Path (the templates': /metrics)."""
    port: PortName
    """Name of the port."""


class Tracing(Text):
    """Which requests are followed."""

    sampling: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the requests."""
    propagators: tuple[Literal["tracecontext", "baggage", "b3"], ...] = ("tracecontext", "baggage")
    """Header formats (OpenTelemetry's words and default)."""


class Logs(Text):
    """How the service writes and for how long that is kept."""

    format: Literal["json"] = "json"
    """One JSON object a line."""
    retention: Duration = "30d"
    """How long lines are kept."""


class Observability(Text):
    """What can be seen of the service."""

    metrics: Metrics | Off = None
    """Unset: of the ports that speak http the one named metrics, else the first, at /metrics; none without such a
    port. `none`: nobody asks for numbers. Changing it restarts the pods."""
    tracing: Tracing = Tracing()
    """Traces."""
    logs: Logs = Logs()
    """Logs."""
    runbook: str | None = None
    """What to read at night: a path in the repository or an address."""


class Contracts(Text):
    """Consumer-driven contracts (Pact)."""

    consumer: str | None = None
    """Folder of the contracts this service writes."""
    provider: str | None = None
    """Folder of the contracts this service must keep."""


class Load(Text):
    """A load test; its limits come from `slos`."""

    tool: Literal["k6"] = "k6"
    """Tool."""
    vus: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Virtual users."""
    duration: Duration = "60s"
    """How long."""


class SlowCall(Text):
    """A slow provider."""

    target: str
    """A service this one consumes."""
    delay: Duration
    """How slow."""


class SlowNetwork(Text):
    """A fault: calls take longer."""

    latency: SlowCall
    """Which, and by how much."""


class Tests(Text):
    """How the promises are proven outside this program."""

    contracts: Contracts | None = None
    """Contracts with consumers."""
    load: Load | None = None
    """Load."""
    chaos: tuple[Literal["pod-kill"] | SlowNetwork, ...] = ()
    """Faults the service must survive."""


class PolicyException(Text):
    """A rule this service may break for a while."""

    policy: Slug
    """Identifier of the rule."""
    object: Annotated[str, Field(pattern=r"^[A-Za-z]+ [^\s*]+$")] | None = None
    """The one object it is about, as `Kind namespace/name`. Unset: every object of the service."""
    reason: Annotated[str, Field(min_length=10, max_length=300)]
    """Why, for the reviewer."""
    owner: Slug
    """Who asks again when it ends."""
    expires: date
    """The last day it holds, as YYYY-MM-DD. From the day after, the catalogue is refused until it is gone."""


def once(field: str, names: tuple[str, ...]) -> Iterator[Fault]:
    """A fault for whatever a list names twice; `field` is its YAML path."""
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Fault(f"{field}.{index}", f"names '{name}' twice", "Drop or rename one of the two")


class Promises(Checked):
    """Mixed into the service's spec: everything of this module an owner writes at its top level."""

    resilience: Resilience = Resilience()
    """How callers treat this service."""
    affinity: Affinity | None = None
    """Sends the requests of one caller to one pod, by a hash that each caller's proxy makes by itself. Soft: a pod that
    comes, goes or is left alone by outlierDetection moves a share of the callers, and while a canary has a share of the
    requests each one is drawn anew between the two versions. Pods in all zones are taken alike, or two zones would
    choose two pods. Changing it moves every caller once; nothing restarts."""
    slos: tuple[Slo, ...] = ()
    """Objectives; each becomes alerts, a dashboard and canary analysis."""
    observability: Observability = Observability()
    """Metrics, traces, logs."""
    tests: Tests = Tests()
    """Proof outside this program."""
    exceptions: tuple[PolicyException, ...] = ()
    """Rules this service may break for a while: each with an owner, a reason and an end."""

    def faults(self) -> Iterator[Fault]:
        yield from once("slos", tuple(slo.name for slo in self.slos))
        asked = tuple(" ".join(filter(None, (each.policy, each.object))) for each in self.exceptions)
        yield from once("exceptions", asked)
