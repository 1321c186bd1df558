"""A Redis or a Valkey of the service's own, run by OT-CONTAINER-KIT's redis-operator beside its namespace.

The server is Valkey, which keeps Redis' protocol and its BSD licence. What it becomes is spelled in
`manifests.redis_operator`; why so, in docs/decisions/0039-redis-is-valkey-run-by-redis-operator.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import deletion, names, store_names
from blueprint.authority import LEAF_HOURS
from blueprint.catalogue import Environment, Service
from blueprint.catalogue.off import OFF
from blueprint.catalogue.storing import KeyValue, Redis, Valkey
from blueprint.connection import Composed, Connection, Drawn, Known, Source
from blueprint.context import Context
from blueprint.deletion import Deletion
from blueprint.network_rules import NetworkRule, Peer, both_ends
from blueprint.pins import Image
from blueprint.sizes import STORAGE_LIMIT_MIB, STORAGE_REQUEST_MIB, Amounts, Quota
from blueprint.stores import copies, copy_jobs, edges, replicas
from blueprint.stores.copy_jobs import Asked, CopyJob
from blueprint.stores.sizes import REDIS, StoreSize
from blueprint.stores.trusting import of_store
from blueprint.vendors import STORE_PORTS

# Lines from 9.1 on: they read a renewed certificate by themselves (valkey-io/valkey#3020, `tls-auto-reload-interval`);
# a server of an older line would go on with one that ends after ninety days. The digest is that of the multi-platform
# index, as it stands in public repositories that pin it.
IMAGES: Final[Mapping[str, Image]] = {
    "9": Image(
        repository="docker.io/valkey/valkey",
        # renovate: datasource=docker depName=valkey/valkey
        tag="9.1.2-alpine@sha256:48332870af354a799964c0012ae1194a0bf2bf894eb508f945810596dc2d8d11",
    ),
}
"""Major version → image."""

NEWEST: Final = "9"
"""What a store gets that names no version."""

SENTINELS: Final = 3
"""Who decide on a failover: the least of which a majority is left when one is away (valkey.io, "Sentinel")."""

QUORUM: Final = 2
"""Sentinels that must agree that the first is away: a majority."""

SILENCE_MILLISECONDS: Final = 5000
"""How long the first may be silent until a Sentinel takes it for away (the operator's default)."""

FAILOVER_MILLISECONDS: Final = 10_000
"""How long one attempt at a failover may take (the operator's default)."""

MEMORY_PERCENT: Final = 75
"""Of a pod's memory, for data and everything else the server counts; the rest is for TLS, fragmentation and what a
snapshot copies while it is written."""

CONNECTION_KIB: Final = 30
"""Memory of one connection with TLS. Measured: 29 KiB resident for each of 500 and of 1,000 (Redis 7.0.15, OpenSSL 3.0,
TLS 1.3), of which the server counts some 10 as its own."""

SENTINEL: Final = Amounts(
    cpu_request_millicores=25,
    cpu_limit_millicores=250,
    memory_request_mib=64,
    memory_limit_mib=64,
    storage_request_mib=STORAGE_REQUEST_MIB,
    storage_limit_mib=STORAGE_LIMIT_MIB,
)
"""A Sentinel holds no data, and the container that writes its settings has the same amounts; unmeasured estimates."""


@dataclass(frozen=True, kw_only=True)
class Sentinels:
    """Who watch the pods, and make a follower the first where that one is away."""

    pods: int
    quorum: int
    silence_milliseconds: int
    failover_milliseconds: int
    amounts: Amounts


@dataclass(frozen=True, kw_only=True)
class OperatedRedis:
    """One Redis, and what its owner gets of it."""

    engine: str
    resource: str
    """Also the name of the RedisReplication and the RedisSentinel."""
    egress: str
    why: str
    ports: tuple[int, ...]
    reached_at: tuple[Peer, ...]
    namespace: str
    connections: Mapping[str, Connection]
    rules: tuple[NetworkRule, ...]
    """At the store itself."""
    service: str
    service_namespace: str
    owner: str
    tier: str
    image: Image
    instances: int
    """The first writes; the others follow it."""
    sentinels: Sentinels | None
    """None: one pod alone, or followers that only answer reads. Nobody takes over."""
    spread_strictly: bool
    """Whether two pods may never share a node."""
    size: StoreSize
    memory_percent: int
    """Of a pod's memory, for data."""
    keeps: bool
    """Whether the data outlives the pod: on a disk of each, as a log of every write and a snapshot."""
    deletion: Deletion | None
    """What is left of it when the resource leaves the catalogue."""
    copying: CopyJob | None
    """Who copies it; None: nobody does."""
    migration: None = None
    """Its data has no shape that a version of its service would change beforehand."""
    storage_class: str | None
    policy: str
    """What goes when memory is full."""
    dns_names: tuple[str, ...]
    """What its certificate is for."""
    certificate_hours: int
    """How long that lives."""

    @property
    def quota(self) -> Quota:
        """Its pods and the Sentinels, each replaced after the one before it has ended, and a run that copies."""
        needed = Quota(
            pods=self.instances,
            total=self.size.amounts.times(self.instances),
            claims=self.instances if self.keeps else 0,
            disk_gib=self.size.disk_gib * self.instances if self.keeps else 0,
        )
        if self.sentinels:
            needed += Quota(pods=self.sentinels.pods, total=self.sentinels.amounts.times(self.sentinels.pods))
        return needed + self.copying.quota if self.copying else needed

    @property
    def largest(self) -> Amounts:
        """The most one of its containers asks for."""
        found = self.size.amounts.at_least(self.sentinels.amounts) if self.sentinels else self.size.amounts
        return found.at_least(self.copying.largest) if self.copying else found


def keeps(text: KeyValue, environment: Environment) -> bool:
    """Whether the data outlives its pod.

    A store that drops nothing (`noeviction`), and data of which copies are wanted, must. So must what several pods
    hold: a first that starts empty before anybody has noticed would empty its followers (valkey.io, "Replication"). The
    rest is a cache, which a disk would only slow down and keep from being moved.
    """
    return (
        text.params.maxmemory_policy == "noeviction" or text.backup != OFF or replicas.instances(text, environment) > 1
    )


def decide(service: Service, resource: str, text: Redis | Valkey, context: Context) -> OperatedRedis:
    """The Redis `resource` of `service`, described by `text`."""
    namespace, ports = context.data_namespace(service.name), STORE_PORTS[text.type]
    edge = edges.owned(service.name, resource, text.type, ports, context)
    pods, several = replicas.instances(text, context.environment), replicas.available(text, context.environment)
    writes = names.address(f"{resource}-master" if pods > 1 else resource, namespace)
    reads = names.address(f"{resource}-replica" if pods > 1 else resource, namespace)
    size, away = REDIS[context.environment][text.class_], copies.decide(service, resource, text, context)
    return OperatedRedis(
        engine=text.type,
        resource=resource,
        egress=names.store(resource),
        why=edge.why,
        ports=ports,
        reached_at=edge.target,
        namespace=namespace,
        connections={resource: _connection(service.name, resource, text, writes, reads)},
        rules=(*both_ends(edge), *edges.operated(service.name, resource, text.type, context, copied=False)),
        service=service.name,
        service_namespace=context.namespace(service.name),
        owner=service.spec.owner,
        tier=service.spec.tier,
        image=IMAGES[text.params.version or NEWEST],
        instances=pods,
        sentinels=_SENTINELS if several else None,
        spread_strictly=context.environment == "prod",
        size=size,
        memory_percent=MEMORY_PERCENT,
        keeps=keeps(text, context.environment),
        deletion=deletion.decide(text, context),
        copying=copy_jobs.decide(service, resource, away, _asked(resource, text, reads, size), context, size.disk_gib),
        storage_class=context.settings.disks.storage_class,
        policy=text.params.maxmemory_policy,
        dns_names=_dns_names(resource, namespace, sentinels=several),
        certificate_hours=LEAF_HOURS,
    )


_SENTINELS: Final = Sentinels(
    pods=SENTINELS,
    quorum=QUORUM,
    silence_milliseconds=SILENCE_MILLISECONDS,
    failover_milliseconds=FAILOVER_MILLISECONDS,
    amounts=SENTINEL,
)


def _asked(resource: str, text: Redis | Valkey, host: str, size: StoreSize) -> Asked:
    """A follower, where there are any: whoever is asked copies itself in memory while it writes."""
    engine, version = text.type, text.params.version or NEWEST
    (port,) = STORE_PORTS[engine]
    return Asked(
        engine=engine,
        image=IMAGES[version],
        host=host,
        port=port,
        user="default",
        secret=store_names.owner(resource),
        database=None,
        by_itself=False,
        staging_mib=size.amounts.memory_limit_mib * MEMORY_PERCENT // 100,
    )


def _dns_names(resource: str, namespace: str, *, sentinels: bool) -> tuple[str, ...]:
    """Its Services and, behind the headless ones, every pod (redis-operator v0.26.0, internal/k8sutils:
    redis-replication.go, redis-sentinel.go)."""
    pods = (resource, f"{resource}-master", f"{resource}-replica", f"*.{resource}-headless")
    watchers = (f"{resource}-sentinel", f"*.{resource}-sentinel-headless") if sentinels else ()
    return tuple(name for service in (*pods, *watchers) for name in edges.dns_names(service, namespace))


def _connection(service: str, resource: str, text: Redis | Valkey, writes: str, reads: str) -> Connection:
    trust, (port,) = of_store(resource), STORE_PORTS[text.type]

    def url(host: str) -> Source:
        return Composed(text=f"{text.scheme}://default:{{password}}@{host}:{port}/0")

    return Connection(
        secret=names.connection(service, resource),
        keys={
            "ca": Known(text=trust.path),
            "host": Known(text=writes),
            "password": Drawn(secret=store_names.owner(resource), key="password"),
            "port": Known(text=str(port)),
            "read_host": Known(text=reads),
            "read_url": url(reads),
            "url": url(writes),
        },
        trust=trust,
    )
