"""What runs for each service: containers, their environment, probes, how many, and how they are spread.

How a new version replaces the old one is `blueprint.delivery`'s; its namespace is `blueprint.isolation`'s.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from blueprint import names, sizes
from blueprint.catalogue import Service, Spec
from blueprint.catalogue.listening import opened
from blueprint.catalogue.probing import Asked, Probe, TcpSocket
from blueprint.catalogue.promising import Metrics as MetricsText
from blueprint.catalogue.running import Container as ContainerText
from blueprint.catalogue.running import CpuMetric, InitContainer, MemoryMetric
from blueprint.connection import Connection, Trust
from blueprint.context import Context
from blueprint.gateway import streams
from blueprint.isolation import metrics_port
from blueprint.quantities import mebibytes, seconds
from blueprint.sizes import Amounts
from blueprint.variables import Composed, FromSecret, filled, resolve, telemetry, version
from blueprint.volumes import Volume


@dataclass(frozen=True, kw_only=True)
class Probes:
    """The three questions; None: not asked."""

    liveness: Probe | None
    readiness: Probe | None
    startup: Probe | None


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container."""

    name: str
    image: str
    command: tuple[str, ...] | None
    args: tuple[str, ...] | None
    config: str | None
    """ConfigMap of its plain variables; None: it has none."""
    variables: Mapping[str, str]
    """What that ConfigMap holds."""
    environment: tuple[FromSecret | Composed, ...]
    """What it cannot hold, in order."""
    amounts: Amounts
    files: Mapping[str, str]
    """What it reads: path → text."""
    files_config: str | None
    """ConfigMap of these; None: there are none."""
    scratch: Mapping[str, int]
    """Folders it may write to, with their size in MiB; beside /tmp."""
    probes: Probes


@dataclass(frozen=True, kw_only=True)
class Autoscaler:
    """How many pods, by load."""

    least: int
    most: int
    cpu_percent: int
    memory_percent: int | None


@dataclass(frozen=True, kw_only=True)
class ServicePort:
    """One port of the Service, and the pods' behind it."""

    name: str
    number: int
    target: int
    """What the pods listen on."""
    protocol: str
    """appProtocol."""


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Where Prometheus, or the proxy for it, asks."""

    port: int
    path: str


@dataclass(frozen=True, kw_only=True)
class Workload:
    """The pods of one service."""

    service: str
    namespace: str
    account: str
    owner: str
    version: str
    """Of the image: its tag, or the beginning of its digest."""
    tier: str
    user: int
    group: int
    containers: tuple[Container, ...]
    """`main` first."""
    init_containers: tuple[Container, ...]
    """In order."""
    pull_secrets: tuple[str, ...]
    """Secrets of the registry its images are fetched from, in its namespace; the stack's owner makes them."""
    ports: tuple[ServicePort, ...]
    metrics: Metrics | None
    replicas: int | None
    """None: the autoscaler decides."""
    autoscaler: Autoscaler | None
    disruptible: bool
    """Whether a node may be drained of one pod at a time; else there is only one and nothing to keep up."""
    spread_strictly: bool
    """Whether two pods may never share a node while a node is free."""
    min_ready_seconds: int
    """How long a pod must stay ready before it counts; 0 where containers are simulated, and none can die."""
    grace_seconds: int
    """From the word to stop to the end."""
    proxy: Amounts | None
    """The mesh's proxy; None: there is none."""
    public: bool
    """Whether the gateway sends requests."""
    read_timeout_seconds: float
    """The longest any of its APIs may take."""
    stream_idle_seconds: int | None
    """How long a public stream may be silent; None: it has none, neither an operation nor a port."""
    volumes: tuple[Volume, ...]
    """Disks that outlive the pods."""
    trusts: tuple[Trust, ...]
    """Authorities of the stores' certificates: in every container."""
    restarted_by: tuple[str, ...]
    """Secrets it uses whose values change: a new one restarts the pods."""
    checksum: str
    """Of every variable and file: a changed one restarts the pods."""

    @property
    def every_container(self) -> tuple[Container, ...]:
        """Those that run, then those that run before them."""
        return (*self.containers, *self.init_containers)


def decide(
    service: Service, context: Context, connections: Mapping[str, Connection], disks: Sequence[Volume]
) -> Workload:
    """The pods of `service`. `connections`: resource → how it is reached, of the stores, brokers and secrets it uses;
    `disks` are its volumes."""
    spec = service.spec
    order = sorted(spec.containers.items(), key=lambda pair: (pair[0] != "main", pair[0]))
    running = tuple(_container(service, name, text, context, connections) for name, text in order)
    starting = tuple(
        _container(service, name, text, context, connections) for name, text in spec.init_containers.items()
    )
    scaler = _autoscaler(service)
    return Workload(
        service=service.name,
        namespace=context.namespace(service.name),
        account=names.service_account(service.name),
        owner=spec.owner,
        version=version(spec.containers["main"].image),
        tier=spec.tier,
        user=spec.user,
        group=spec.group,
        containers=running,
        init_containers=starting,
        pull_secrets=context.settings.image_pull_secrets,
        ports=tuple(
            ServicePort(name=name, number=port.port, target=port.target, protocol=port.app_protocol)
            for name, port in (spec.service.ports.items() if spec.service else ())
        ),
        metrics=_metrics(service),
        replicas=None if scaler else spec.pods.min_replicas,
        autoscaler=scaler,
        disruptible=spec.schedule is None and spec.pods.min_replicas > 1,
        spread_strictly=spec.tier == "critical",
        min_ready_seconds=0 if context.cluster.simulated else sizes.MIN_READY_SECONDS,
        grace_seconds=spec.termination_grace_period_seconds + sizes.DRAIN_SECONDS,
        proxy=sizes.PROXY[context.environment] if context.meshed else None,
        public=spec.is_public,
        read_timeout_seconds=max([60.0, *(seconds(provide.timeout) for provide in spec.provides)]),
        stream_idle_seconds=sizes.STREAM_IDLE_SECONDS if _has_streams(spec) else None,
        volumes=tuple(disks),
        trusts=tuple(how.trust for _, how in sorted(connections.items()) if how.trust),
        restarted_by=_restarted_by((*running, *starting), connections),
        checksum=_checksum((*running, *starting)),
    )


def _restarted_by(containers: Sequence[Container], connections: Mapping[str, Connection]) -> tuple[str, ...]:
    """A variable is read once, when its container starts."""
    used = {made.secret for container in containers for made in container.environment if isinstance(made, FromSecret)}
    return tuple(sorted(used & {how.secret for how in connections.values() if how.changes}))


def _has_streams(spec: Spec) -> bool:
    """Whether the public holds connections to it that go on: answers without an end, or bytes on a port."""
    return any(map(streams, spec.provides)) or bool(opened(spec.service))


def _metrics(service: Service) -> Metrics | None:
    number = metrics_port(service)
    asked = service.spec.observability.metrics
    path = asked.path if isinstance(asked, MetricsText) else "/metrics"
    return Metrics(port=number, path=path) if number else None


def _autoscaler(service: Service) -> Autoscaler | None:
    """CPU is always watched; what else is, follows from the owner's metrics. Lag and request rates come from
    brokers and Prometheus, whose adapters are not part of the platform yet."""
    scaling = service.spec.pods
    if scaling.most == scaling.min_replicas or service.spec.schedule is not None:
        return None
    cpu = next((metric.average_utilization for metric in scaling.metrics if isinstance(metric, CpuMetric)), None)
    memory = next((metric.average_utilization for metric in scaling.metrics if isinstance(metric, MemoryMetric)), None)
    return Autoscaler(
        least=scaling.min_replicas,
        most=scaling.most,
        cpu_percent=cpu or sizes.CPU_TARGET_PERCENT,
        memory_percent=memory,
    )


def _container(
    service: Service, name: str, text: InitContainer, context: Context, connections: Mapping[str, Connection]
) -> Container:
    written = {**(telemetry(service, context) if name == "main" else {}), **text.variables}
    plain, made = resolve(written, service, context, connections)
    return Container(
        name=name,
        image=text.image,
        command=text.command,
        args=text.args,
        config=names.fit(f"{names.config(service.name)}-{name}") if plain else None,
        variables=plain,
        environment=made,
        amounts=sizes.container(text),
        files={path: filled(held, service, context) for path, held in sorted(text.files.items())},
        # A container's name has no dot, so no other container's variables are called so.
        files_config=names.fit(f"{names.config(service.name)}-{name}.files") if text.files else None,
        scratch={folder: mebibytes(size) for folder, size in sorted(text.scratch.items())},
        probes=_probes(service, name, text),
    )


def _probes(service: Service, name: str, text: InitContainer) -> Probes:
    """What the owner asks; `main` is asked for a connection where the owner says nothing and it listens.

    A liveness nobody wrote knows nothing of how long the container takes to listen, so it begins only after a
    startupProbe that is more patient than any delay its owner wrote.
    """
    if not isinstance(text, ContainerText):
        return Probes(liveness=None, readiness=None, startup=None)
    ports = list(service.spec.service.ports.values()) if service.spec.service and name == "main" else []
    connects = Probe(tcp_socket=TcpSocket(port=ports[0].target)) if ports else None
    delay = max((probe.initial_delay_seconds for probe in text.written_probes.values()), default=0)
    alive, starts = text.liveness_probe, text.startup_probe
    if alive is None and connects:
        starts = starts or _patient(connects, delay)
        alive = connects if isinstance(starts, Probe) else connects.model_copy(update={"initial_delay_seconds": delay})
    ready = text.readiness_probe or connects
    return Probes(
        liveness=_numbered(alive, service), readiness=_numbered(ready, service), startup=_numbered(starts, service)
    )


def _patient(probe: Probe, delay_seconds: int) -> Probe:
    """`probe` until a container has had time to start: `delay_seconds` more than others get."""
    patience = sizes.START_SECONDS + delay_seconds
    period = max(sizes.START_PERIOD_SECONDS, -(-patience // sizes.START_TRIES))
    return probe.model_copy(update={"period_seconds": period, "failure_threshold": -(-patience // period)})


def _numbered(probe: Asked, service: Service) -> Probe | None:
    """`probe` with its port by number, as a container without that port's name needs it; None: it is off."""
    if not isinstance(probe, Probe):
        return None
    return probe.on(service.spec.pod_port(probe.port)) if probe.port else probe


def _checksum(containers: Sequence[Container]) -> str:
    """Sixteen hex digits over every variable and file of `containers`: enough that two configurations never share
    them."""
    said = [
        [  # files only where there are some: pods without any keep the sum they have
            container.name,
            sorted(container.variables.items()),
            *([sorted(container.files.items())] if container.files else []),
        ]
        for container in containers
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
