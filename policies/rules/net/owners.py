"""A store is reached by its owner's pods alone: by NetworkPolicies, by the mesh and by security groups."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from blueprint import names, store_names
from policies.cloud.security_groups import DEFAULT, GROUP, INGRESS_RULE, RULE, ingresses
from policies.cloud.wants import is_given
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, Violation, sorts
from policies.core.world import World
from policies.network.addresses import block, space
from policies.network.reach import NAME
from policies.objects import Object
from policies.objects.selectors import texts
from policies.objects.values import View
from policies.rules.net.group import NET, POLICY_SORTS, peers, rules
from policies.rules.net.platform import OPERATORS, PROMETHEUS, Pods, nodes

VISITORS: Final[tuple[Pods, ...]] = (PROMETHEUS, *OPERATORS)
"""Who may come to stores besides their owner, by name: metrics and operators. Which of them to which store and port is
`net-reachability`'s."""

_AUTHORISATION: Final = "AuthorizationPolicy.security.istio.io"
_STORES: Final = (
    "Cluster.postgresql.cnpg.io",
    "Pooler.postgresql.cnpg.io",
    "PerconaServerMongoDB.psmdb.percona.com",
    "Redis.redis.redis.opstreelabs.in",
    "RedisCluster.redis.redis.opstreelabs.in",
    "RedisReplication.redis.redis.opstreelabs.in",
    "RedisSentinel.redis.redis.opstreelabs.in",
    "ClickHouseInstallation.clickhouse.altinity.com",
    "ClickHouseKeeperInstallation.clickhouse-keeper.altinity.com",
    "Elasticsearch.elasticsearch.k8s.elastic.co",
    "OpenSearchCluster.opensearch.org",
)
"""What the operators make stores from."""
_GROUPS: Final = (GROUP, DEFAULT, RULE, INGRESS_RULE)
_ADDRESSES: Final = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "cidrIpv4", "cidrIpv6", "prefixListId")
"""Where a security group's rule lets in by address; a prefix list is addresses under a name."""

PORTS: Final = frozenset({3306, 5432, 6379, 9200, 27017})
"""TCP ports of the stores a cloud manages: MySQL, PostgreSQL, Redis, OpenSearch, MongoDB."""
_LISTENING: Final = (
    "aws:docdb/cluster:Cluster",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:rds/cluster:Cluster",
    "aws:rds/instance:Instance",
)
"""Stores that may say another `port`."""


@NET.stack(
    "net-db-owner-only",
    "M/M/M",
    CRITICAL,
    sorts(*POLICY_SORTS, _AUTHORISATION, *_STORES, *_GROUPS),
    why="A second service in a database reads data past the owner's API, and ties the owner to its tables.",
    cure="Take the peer away; let the other service ask the owner's API (spec.consumes)",
    where="services/{service}.yaml: spec.resources",
    sources=("project promise",),
)
def db_owner_only(thing: Object, world: World) -> Iterator[Violation]:
    yield from _READERS[thing.sort](thing, world)


def owner(namespace: str, world: World) -> str | None:
    """The service whose stores are in `namespace`; None where it holds none."""
    service = store_names.stores_of(namespace)
    known = world.facts.service
    if (
        service == namespace
        or namespace in known
        or (known and service not in known and service not in world.namespaces)
    ):
        return None
    return service


def _policies(policy: Object, world: World) -> Iterator[Violation]:
    service = owner(policy.namespace, world)
    if service:
        for direction, rule in rules(policy):
            if direction == "Ingress" and rule["from"].is_empty:
                yield Violation(rule["from"], f"admits all peers to a store of {service}")
    for direction, peer in peers(policy):
        if service and direction == "Ingress" and not _is_welcome(peer, policy.namespace, service, world.facts):
            yield Violation(peer, f"admits others than {service} to its store")
        if direction == "Egress":
            yield from _to_foreign(peer, service or policy.namespace, world)


def _is_welcome(peer: View, own: str, service: str, facts: Facts) -> bool:
    if peer["ipBlock"].is_set:  # the kubelet, which probes from the nodes' addresses; whoever else is there is no pod
        return nodes(facts).holds(space([block(peer["ipBlock"])])) if nodes(facts) else False
    if not peer["namespaceSelector"].is_set:
        return peer["podSelector"].is_set  # the store's own replicas; an address is no service
    from_ = _named(peer["namespaceSelector"])
    labels = texts(peer.at("podSelector", "matchLabels")).items()
    visitors = {pods.namespace for pods in VISITORS if pods.labels.items() <= labels}
    return bool(from_) and from_ <= {own, service, *visitors}


def _to_foreign(peer: View, own: str, world: World) -> Iterator[Violation]:
    for namespace in sorted(_named(peer["namespaceSelector"])):
        service = owner(namespace, world)
        if service and service != own and own not in {pods.namespace for pods in VISITORS}:
            yield Violation(peer, f"opens the way to a store of {service}")


def _named(selector: View) -> set[str]:
    """The namespaces a selector names; empty where it goes by something else."""
    name = selector.at("matchLabels", NAME).text
    if name is not None:
        return {name}
    several = [
        set(term["values"].words)
        for term in selector["matchExpressions"]
        if term["key"].word == NAME and term["operator"].word == "In"
    ]
    return set.intersection(*several) if several else set()


def _admissions(policy: Object, world: World) -> Iterator[Violation]:
    """What the mesh admits to a store, should it be in the mesh."""
    service = owner(policy.namespace, world)
    if not service or policy.spec["action"].word not in ("", "ALLOW"):
        return
    welcome = {service, policy.namespace, *(pods.namespace for pods in VISITORS)}
    for rule in policy.spec["rules"]:
        if rule["from"].is_empty:
            yield Violation(rule, f"admits all peers to a store of {service}")
        for source in (each["source"] for each in rule["from"]):
            named = [each for field in ("principals", "namespaces", "serviceAccounts") for each in source[field]]
            if not named:
                yield Violation(source, f"admits all peers to a store of {service}")
            for each in named:
                if _namespace_of(each.word) not in welcome:
                    yield Violation(each, f"admits others than {service} to its store")


def _namespace_of(identity: str) -> str:
    """The namespace in `trust/ns/<namespace>/sa/<account>`, `<namespace>/<account>` or `<namespace>`."""
    parts = identity.split("/")
    return parts[2] if len(parts) == 5 and parts[1] == "ns" else parts[0]


def _placed(store: Object, world: World) -> Iterator[Violation]:
    """A store in a service's namespace is under that namespace's NetworkPolicies, not its own."""
    if store.namespace in world.facts.service:
        yield Violation(
            "metadata.namespace", f"is a service's; its stores live in {names.data_namespace(store.namespace)}"
        )


def _group(thing: Object, world: World) -> Iterator[Violation]:
    """Addresses say nothing of who is at them: in a cluster the next pod gets the same one."""
    for rule in ingresses(thing):
        opened = [rule.view[field] for field in _ADDRESSES if is_given(rule.view[field])]
        found = sorted(port for port in world.once(_ports) if opened and rule.opens(port))
        few = ", ".join(map(str, found[:3])) + (" and others" if len(found) > 3 else "")
        for place in opened if found else ():
            yield Violation(place, f"opens a store's port ({few}) to addresses instead of its owner's security group")


def _ports(world: World) -> frozenset[int]:
    """The ports of stores, those they say themselves among them."""
    written = (thing.root["port"] for thing in world.of(*_LISTENING))
    return PORTS | {int(port.number) for port in written if port.is_known and port.number}


_READERS: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    **dict.fromkeys(POLICY_SORTS, _policies),
    _AUTHORISATION: _admissions,
    **dict.fromkeys(_STORES, _placed),
    **dict.fromkeys(_GROUPS, _group),
}
