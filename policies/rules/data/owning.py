"""A store is one service's: its data, its password, and who may reach its port."""

from collections.abc import Iterator, Mapping
from typing import Final

from blueprint import names
from policies.cloud.security_groups import INGRESS, Ingress, ingresses
from policies.cloud.stores import STORES
from policies.cloud.stores.store import EVERYBODYS, PASSWORD
from policies.cloud.tags import place, service_of
from policies.cloud.wants import Asked, Want, either, not_short, off, unlike, wanted
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, Violation, sorts
from policies.core.world import World
from policies.objects import Object
from policies.objects.values import View
from policies.rules.data.group import DATA, STORE, of_stores

OPERATED: Final = (
    "Cluster.postgresql.cnpg.io",
    "MariaDB.k8s.mariadb.com",
    "PerconaServerMongoDB.psmdb.percona.com",
    "Redis.redis.redis.opstreelabs.in",
    "RedisCluster.redis.redis.opstreelabs.in",
    "RedisReplication.redis.redis.opstreelabs.in",
    "ClickHouseInstallation.clickhouse.altinity.com",
    "ClickHouseKeeperInstallation.clickhouse-keeper.altinity.com",
    "Elasticsearch.elasticsearch.k8s.elastic.co",
    "OpenSearchCluster.opensearch.org",
)
"""Operators' stores. Kafka, NATS and RabbitMQ are everybody's."""
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "gcp:sql/database:Database": ("instance", "name"),
    "gcp:sql/user:User": ("instance", "name"),
    "Database.postgresql.cnpg.io": ("spec.cluster.name", "spec.name"),
    "DatabaseRole.postgresql.cnpg.io": ("spec.cluster.name", "spec.name"),
    "Database.k8s.mariadb.com": ("spec.mariaDbRef.name", "spec.name"),
    "aws:rds/instance:Instance": ("identifier",),
    "aws:rds/cluster:Cluster": ("clusterIdentifier",),
}
"""What makes two of them one: the same database, or the same user, of the same instance."""
BOUGHT: Final = tuple(token for token, store in STORES.items() if store.of_one and store.protected)


@DATA.stack(
    "data-owned-once",
    "M/M/M",
    HIGH,
    sorts(*sorted({*OPERATED, *PARTS, *BOUGHT})),
    why="A store of two services is changed by one and broken for the other.",
    cure="Give each service a store of its own, and name it in the tag or by the namespace",
    where=STORE,
    sources=("a database per service",),
)
def owned_once(thing: Object, world: World) -> Iterator[Violation]:
    if thing.sort in OPERATED:
        yield from _of_a_namespace(thing, world)
    elif thing.sort in BOUGHT and world.facts.services is not None:
        service = service_of(thing)
        if service not in world.facts.service:
            yield Violation(place(thing), f"name {service or 'nobody'} as its service, which is not in the catalogue")
    if thing.sort in PARTS:
        yield from _twice(thing, world)


def _of_a_namespace(thing: Object, world: World) -> Iterator[Violation]:
    platforms = thing.namespace in (*names.PLATFORM_NAMESPACES, *names.CLUSTER_NAMESPACES)
    if world.facts.services is not None and not platforms and thing.namespace not in world.facts.of_stores:
        yield Violation(
            "metadata.namespace", f"is {thing.namespace or 'not set'}, which holds the stores of no service"
        )


def _twice(thing: Object, world: World) -> Iterator[Violation]:
    key = _key(thing)
    others = world.once(_parts).get(key, ()) if key else ()
    if len(others) > 1 and others[0] is not thing:
        yield Violation(PARTS[thing.sort][-1], f"is the one {others[0].title} has too")


def _parts(world: World) -> Mapping[tuple[str, ...], tuple[Object, ...]]:
    found: dict[tuple[str, ...], tuple[Object, ...]] = {}
    for thing in world.of(*PARTS):
        if key := _key(thing):
            found[key] = (*found.get(key, ()), thing)
    return found


def _key(thing: Object) -> tuple[str, ...]:
    """What `thing` is a part of and called; () where that is not known, or left to the cloud."""
    values = [_raw(thing, path) for path in PARTS[thing.sort]]
    if not all(isinstance(value, str) and value for value in values):
        return ()
    return (thing.sort, thing.namespace, *map(str, values))


def _raw(thing: Object, path: str) -> object:
    value: object = thing.props
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _of_a_person(root: View) -> bool:
    """Cloud SQL's users that have a password; the others are IAM's."""
    return root["type"].text in (None, "", "BUILT_IN")


PASSWORDS: Final[Mapping[str, tuple[Want, ...]]] = {
    **of_stores(lambda store: store.password),
    "gcp:sql/user:User": (
        either(
            not_short("passwordWo", PASSWORD),
            not_short("password", PASSWORD),
            Want(path=(), accepts=lambda root, _, __: not _of_a_person(root), wanted="IAM's"),
        ),
        unlike("name", *EVERYBODYS),
    ),
    "aws:elasticache/user:User": (
        off("noPasswordRequired"),
        Want(
            path="authenticationMode.type",
            accepts=lambda at, _, __: at.word != "no-password-required",
            wanted="password or iam",
        ),
    ),
}


@DATA.resource(
    "data-managed-password",
    "A/M/M",
    HIGH,
    wanted(PASSWORDS),
    why="A password somebody chose is in a file, and `postgres` is the first name anybody tries.",
    cure="Let the cloud make the password, or give a random one; use a name of its own",
    where="components/",
    sources=("CIS AWS RDS", "CKV_AWS_161"),
)
def managed_password(asked: Asked, facts: Facts) -> Iterator[Violation]:
    yield from asked.unmet(facts)


HTTPS: Final = 443
"""OpenSearch's port, which is everybody's."""
ENGINE_PORTS: Final = frozenset(port for store in STORES.values() for port in store.ports) - {HTTPS}
"""Ports that belong to stores and brokers."""


@DATA.stack(
    "data-sg-owner-only",
    "M/M/M",
    CRITICAL,
    INGRESS,
    why="Whoever reaches a store's port needs one stolen password to be in.",
    cure="Open the engine's port, and no other, to the security group of the owner's pods",
    where="components/",
    sources=("EKS best practices: security groups per pod",),
)
def sg_owner_only(ingress: Ingress, world: World) -> Iterator[Violation]:
    known = world.once(_ports)
    ports = sorted(port for port in known if ingress.opens(port))
    if not ports:
        return
    for source in ingress.ranges:
        yield Violation(source, f"reaches port {ports[0]} of a store by address, not by security group")
    if not ingress.is_one_port and any(_is_a_stores(each, known) for each in ingresses(ingress.object)):
        yield Violation(ingress.ports, "opens more than the engine's port of a store")


def _is_a_stores(ingress: Ingress, known: frozenset[int]) -> bool:
    """Whether it opens a store's port and no other, which only a store's group does."""
    return ingress.is_one_port and any(ingress.opens(port) for port in known)


def _ports(world: World) -> frozenset[int]:
    """Ports of stores: their engines' own, and those one of this stack is moved to."""
    moved = (each.props.get("port") for each in world.of(*STORES))
    return ENGINE_PORTS | {port for port in moved if type(port) is int and port != HTTPS}
