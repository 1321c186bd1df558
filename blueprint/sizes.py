"""How much of everything: CPU, memory, disk, replicas and waits, each number with its source.

An owner's own numbers always win; these fill what was left open and what is not the owner's to say (the mesh's
proxy, temporary files). Sizes of stores come with the stores, those of an operator stand in its own module
(`blueprint.operators`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint.catalogue import Environment, Spec
from blueprint.catalogue.running import InitContainer
from blueprint.quantities import mebibytes, millicores


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """What a container, or a whole pod, reserves and may take: a service's, the mesh's proxy's, an operator's."""

    cpu_request_millicores: int
    cpu_limit_millicores: int
    """At most ten times the request: the ceiling our policies put on over-commitment."""
    memory_request_mib: int
    memory_limit_mib: int
    """At most twice the request, for the same reason."""
    storage_request_mib: int = 0
    """Disk for logs and temporary files. 0: nothing is said about it (the charts' containers)."""
    storage_limit_mib: int = 0

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(**{name: getattr(self, name) + getattr(other, name) for name in _FIELDS})

    def times(self, pods: int) -> "Amounts":
        """The amounts of `pods` such pods."""
        return Amounts(**{name: getattr(self, name) * pods for name in _FIELDS})

    def at_least(self, other: "Amounts") -> "Amounts":
        """The larger of the two, amount by amount."""
        return Amounts(**{name: max(getattr(self, name), getattr(other, name)) for name in _FIELDS})


_FIELDS: Final = tuple(Amounts.__dataclass_fields__)


@dataclass(frozen=True, kw_only=True)
class Quota:
    """The most a namespace may hold: every pod of the busiest moment, no more."""

    pods: int
    total: Amounts
    """Of all of them."""
    claims: int = 0
    """Disks."""
    disk_gib: int = 0
    """Of all of these."""

    def __add__(self, other: "Quota") -> "Quota":
        return Quota(
            pods=self.pods + other.pods,
            total=self.total + other.total,
            claims=self.claims + other.claims,
            disk_gib=self.disk_gib + other.disk_gib,
        )


CPU_LIMIT_FACTOR: Final = 4
"""CPU limit of a container that gives none, as a multiple of its request: room to start and to burst, while one busy
pod cannot starve a node. Below the ratio of 10 that Gatekeeper's containerresourceratios examples refuse."""

STORAGE_REQUEST_MIB: Final = 64
STORAGE_LIMIT_MIB: Final = 512
"""Disk of a container: logs (10 MiB × 5 files, the kubelet's containerLogMaxSize and -Files) and temporary files."""
TEMPORARY_MIB: Final = 128
"""Size of /tmp; it counts towards the container's disk."""


def _proxy(cpu_request_millicores: int, cpu_limit_millicores: int, memory_request_mib: int) -> Amounts:
    return Amounts(
        cpu_request_millicores=cpu_request_millicores,
        cpu_limit_millicores=cpu_limit_millicores,
        memory_request_mib=memory_request_mib,
        memory_limit_mib=2 * memory_request_mib,
        storage_request_mib=STORAGE_REQUEST_MIB,
        storage_limit_mib=STORAGE_LIMIT_MIB,
    )


PROXY: Final[Mapping[Environment, Amounts]] = {
    "dev": _proxy(10, 100, 96),
    "ephemeral": _proxy(10, 100, 96),
    "staging": _proxy(50, 500, 128),
    "prod": _proxy(100, 1000, 128),
}
"""The mesh's proxy. Istio's own default of 100m/128Mi to 2 CPU/1 GiB is for an unscoped mesh; with a `Sidecar` per
namespace a proxy knows a handful of services and needs some 60 MB and 0.2 CPU for 1,000 requests a second (istio.io,
performance and scalability). The limits are twice the memory and ten times the CPU asked for, the most our own
policies allow."""

CPU_TARGET_PERCENT: Final = 70
"""CPU at which an autoscaler adds a pod when the owner names none: 30 % is the room for the minute a pod needs."""

SURGE_PERCENT: Final = 25
"""Pods above the wanted number during a rolling update (Kubernetes' default)."""

UNASKED: Final = Amounts(
    cpu_request_millicores=50,
    cpu_limit_millicores=50,
    memory_request_mib=64,
    memory_limit_mib=64,
    storage_request_mib=64,
    storage_limit_mib=64,
)
"""A container nobody described (a debugging pod): enough for a shell."""

MIGRATION: Final = Amounts(
    cpu_request_millicores=100,
    cpu_limit_millicores=1000,
    memory_request_mib=512,
    memory_limit_mib=512,
    storage_request_mib=STORAGE_REQUEST_MIB,
    storage_limit_mib=STORAGE_LIMIT_MIB,
)
"""A tool that sends statements; the work is the store's. Enough for Flyway, a JVM whose heap is a quarter of the limit;
an unmeasured estimate. Memory is reserved whole: one that is killed half-way has to be done again."""
MIGRATION_RETRIES: Final = 3
"""Further pods after one that failed, 10, 20 and 40 seconds later: enough for a store that changes its first pod."""
MIGRATION_SECONDS: Final = 1800
"""How long a migration may take with its retries: what takes longer keeps every update waiting, and is better done
beside the running version in small steps. An estimate; PostgreSQL takes back what it had not ended."""

START_SECONDS: Final = 300
"""How long a container may take to listen before a liveness nobody wrote may restart it: the five minutes of
Kubernetes' own example of a startupProbe (kubernetes.io, "Protect slow starting containers": 30 tries of 10 s)."""
START_PERIOD_SECONDS: Final = 5
"""Between two tries of that probe. Readiness waits for it, so a pod that starts at once is ready this much later."""
START_TRIES: Final = 360
"""Tries at most, the ceiling of `failureThreshold` in the catalogue; for longer waits the period grows."""

STREAM_IDLE_SECONDS: Final = 3600
"""How long a public stream may be silent: an hour, Envoy's idle timeout of a connection (envoyproxy.io, "How do I
configure timeouts?"), so that the gateway lets go no sooner than the mesh. Kong's own default is 60 s."""

MIN_READY_SECONDS: Final = 10
"""How long a pod must stay ready before it counts: longer than a process that dies on its first request."""
DRAIN_SECONDS: Final = 5
"""Wait before a stopping container is told: until every proxy has forgotten the pod."""


def container(text: InitContainer) -> Amounts:
    """The amounts of one container."""
    asked, most = text.resources.requests, text.resources.limits
    request, written = millicores(asked.cpu), sum(map(mebibytes, text.scratch.values()))
    return Amounts(
        cpu_request_millicores=request,
        cpu_limit_millicores=millicores(most.cpu) if most.cpu else CPU_LIMIT_FACTOR * request,
        memory_request_mib=mebibytes(asked.memory),
        memory_limit_mib=mebibytes(most.memory),
        storage_request_mib=STORAGE_REQUEST_MIB + written,
        storage_limit_mib=STORAGE_LIMIT_MIB + written,
    )


def pod(spec: Spec, proxy: Amounts | None) -> Amounts:
    """The amounts of one pod as the scheduler and the quota count them, with the mesh's `proxy` if there is one.

    Init containers run one after another, so only the largest counts, and only where it exceeds the others' sum.
    The proxy is a native sidecar: it runs beside both.
    """
    running = [container(text) for text in spec.containers.values()]
    total = running[0]
    for other in running[1:]:
        total = total + other
    for text in spec.init_containers.values():
        total = total.at_least(container(text))
    return total + proxy if proxy else total


def surge(pods: int) -> int:
    """Pods above `pods` that a rolling update may start."""
    return -(-pods * SURGE_PERCENT // 100)
