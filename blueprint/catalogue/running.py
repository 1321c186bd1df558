"""What runs: containers, and how many.

Words are Score's. What they become is decided in `blueprint.workloads`; where it listens is said in `listening`, how a
container is asked whether it works in `probing`, how a new version replaces the old one in `delivering`.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from blueprint.catalogue.mounting import MOST_BYTES, FileText, MountPath
from blueprint.catalogue.probing import Asked, Probe
from blueprint.quantities import Cpu, Memory, mebibytes, millicores
from blueprint.text import Checked, Fault, Image, Slug, Text, refuse


class Requests(Text):
    """What a container needs to start; the scheduler reserves it."""

    cpu: Cpu
    """Cores or millicores. Changing it restarts the pods."""
    memory: Memory
    """Bytes, as Ki, Mi or Gi. Changing it restarts the pods."""


class Limits(Text):
    """What a container may take at most."""

    cpu: Cpu | None = None
    """Cores or millicores; beyond it the container is throttled. Unset: four times the request
    (`blueprint.sizes`). Changing it restarts the pods."""
    memory: Memory
    """Bytes, as Ki, Mi or Gi; beyond it the container is killed. Changing it restarts the pods."""


class Resources(Checked):
    """Kubernetes requests and limits of one container."""

    requests: Requests
    """Reserved. Raising it restarts the pods and raises the namespace's quota."""
    limits: Limits
    """The ceiling. Raising it restarts the pods and raises the namespace's quota."""

    def faults(self) -> Iterator[Fault]:
        asked, most = self.requests, self.limits
        if mebibytes(asked.memory) > mebibytes(most.memory):
            yield Fault(
                "requests.memory",
                f"requests {asked.memory} of memory but is limited to {most.memory}, so no pod would start",
                "Raise limits.memory or lower requests.memory",
            )
        if most.cpu is not None and millicores(asked.cpu) > millicores(most.cpu):
            yield Fault(
                "requests.cpu",
                f"requests {asked.cpu} of CPU but is limited to {most.cpu}, so no pod would start",
                "Raise limits.cpu or lower requests.cpu",
            )


class InitContainer(Checked):
    """A container that runs to its end before the others start, in the order written."""

    image: Image
    """Repository with a tag or a digest; `latest` is refused."""
    command: tuple[str, ...] | None = None
    """Replaces the image's entry point; an empty list is the image's own, as in Kubernetes."""
    args: tuple[str, ...] | None = None
    """Replaces the image's arguments."""
    variables: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str] = {}
    """Environment. `${...}` refers to resources, consumed services and the service itself. The address of a service
    that is not consumed is refused, because its connections are dropped; `${consumes.<service>.url}` follows its port.
    Changing it restarts the pods."""
    files: dict[MountPath, FileText] = {}
    """Files it reads, by path, with their text. `${consumes.<service>.url}` and its like are filled in; every other
    `${...}` stays, for nginx and shells have them. `{from: web/nginx.conf}` takes the text of a file below the
    catalogue's folder, in UTF-8; YAML goes into a folder of its own, for beside the services it would be read as one.
    Read-only, at most 1 MB together, and no place for a secret: whoever may read the namespace's ConfigMaps reads
    them. Changing one restarts the pods."""
    scratch: dict[MountPath, Memory] = {}
    """Folders it may write to, with their size; everything else but /tmp (128 MiB) is read-only. Empty at the start of
    each pod and lost at its end. The same path in two containers is one folder, of the larger size. Changing it
    restarts the pods and changes the namespace's quota."""
    resources: Resources
    """Requests and limits. Unset: what `_defaults.yaml` says for the system; one of the two must say it. Changing them
    restarts the pods."""

    def faults(self) -> Iterator[Fault]:
        size = sum(len(text.encode()) for text in self.files.values())
        if size > MOST_BYTES:
            cause = f"hold {size} bytes, more than the {MOST_BYTES} that one ConfigMap may"
            yield Fault("files", cause, "Put what is large into the image")
        for path in sorted(self.files.keys() & self.scratch.keys()):
            yield Fault(f"files.{path}", "is a folder in scratch as well", "Drop one of the two")


class Container(InitContainer):
    """A container that keeps running. `main` is the service itself; others are sidecars."""

    liveness_probe: Asked = None
    """When it fails the container is restarted. Default for `main`: connects to the first port. `none`: never asked.
    Changing it restarts the pods."""
    readiness_probe: Asked = None
    """When it fails the pod gets no requests. Default for `main`: connects to the first port. `none`: never asked,
    and requests come as soon as the container runs. Changing it restarts the pods."""
    startup_probe: Asked = None
    """Holds the others back until it succeeds once. Default where liveness is the default: connects to the first
    port, for five minutes and the longest initialDelaySeconds of the readinessProbe. `none`: not asked; liveness by
    default then begins after that delay. Changing it restarts the pods."""

    @property
    def written_probes(self) -> dict[str, Probe]:
        """The probes an owner wrote, by field."""
        every = {
            "livenessProbe": self.liveness_probe,
            "readinessProbe": self.readiness_probe,
            "startupProbe": self.startup_probe,
        }
        return {field: probe for field, probe in every.items() if isinstance(probe, Probe)}

    @property
    def leaves_a_probe_open(self) -> bool:
        """Whether nothing is said about liveness or readiness, so that `main` is asked for a connection."""
        return self.liveness_probe is None or self.readiness_probe is None


class CpuMetric(Text):
    """Scale on CPU, as a share of the request."""

    type: Literal["cpu"]
    """cpu"""
    average_utilization: Annotated[int, Field(ge=10, le=95)]
    """Per cent of the main container's request."""


class MemoryMetric(Text):
    """Scale on memory. The mean hides the pod that is about to be killed: prefer a larger limit."""

    type: Literal["memory"]
    """memory"""
    average_utilization: Annotated[int, Field(ge=10, le=95)]
    """Per cent of the main container's request."""


class RequestMetric(Text):
    """Scale on requests per second and pod."""

    type: Literal["rps"]
    """rps"""
    threshold: Annotated[int, Field(ge=1)]
    """Requests per second of one pod."""


class LagMetric(Text):
    """Scale on messages waiting for a consumer group."""

    type: Literal["queueLag"]
    """queueLag"""
    channel: str
    """A channel this service subscribes to."""
    group: str
    """The group of that subscription."""
    threshold: Annotated[int, Field(ge=1)]
    """Messages waiting per pod."""


Metric = Annotated[CpuMetric | MemoryMetric | RequestMetric | LagMetric, Field(discriminator="type")]


class Scaling(Checked):
    """How many pods run. With maxReplicas above minReplicas an autoscaler decides between them."""

    min_replicas: Annotated[int, Field(ge=1, le=500)] = 3
    """Pods that always run; 3 is one per zone, and the least production takes (av-replicas, EKS best practices)."""
    max_replicas: Annotated[int, Field(ge=1, le=500)] | None = None
    """Pods at most; unset: minReplicas. Raising it raises the namespace's quota."""
    metrics: tuple[Metric, ...] = ()
    """What is measured. Unset: CPU at 70 % of the request."""

    @property
    def most(self) -> int:
        """Pods at most."""
        return self.max_replicas or self.min_replicas

    def faults(self) -> Iterator[Fault]:
        if self.most < self.min_replicas:
            yield Fault(
                "maxReplicas",
                f"is {self.max_replicas}, below minReplicas {self.min_replicas}",
                "Raise maxReplicas or lower minReplicas",
            )


def _reason(value: Any) -> Any:
    if isinstance(value, bool):
        refuse(Fault("", f"is {str(value).lower()}, but it is a reason", "Say why two pods must never run at once"))
    return value


Singleton = Annotated[str, Field(min_length=10, max_length=300), BeforeValidator(_reason)]
"""Why there is one pod."""

Containers = dict[Slug, Container]
InitContainers = dict[Slug, InitContainer]
