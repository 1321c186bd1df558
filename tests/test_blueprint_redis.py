"""A Redis of a service's own: how many pods, which address, which disk, in which environment."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from blueprint import design
from blueprint.connection import Composed, Drawn, Known
from blueprint.stores import redis_checks
from blueprint.stores.redis_operator import CONNECTION_KIB, IMAGES, MEMORY_PERCENT, NEWEST, OperatedRedis
from blueprint.stores.sizes import REDIS
from blueprint.vendors import STORE_PORTS
from tests.support.stacks import catalogue, objects, settings

CACHE: Final = "backup: none, params: {maxmemoryPolicy: allkeys-lru}"


def redis(folder: Path, stack: str, text: str = "{type: redis}") -> OperatedRedis:
    """The Redis of the service `one` in `stack`."""
    plans = design(settings(stack), catalogue(folder, one=f"  resources: {{cache: {text}}}\n")).services
    (store,) = plans["one"].stores
    assert isinstance(store, OperatedRedis)
    return store


def test_three_words_are_a_redis_with_everything_around_it(tmp_path: Path) -> None:
    bare = objects(design(settings("prod"), catalogue(tmp_path / "bare", one="")))
    with_one = objects(
        design(settings("prod"), catalogue(tmp_path / "one", one="  resources: {cache: {type: redis}}\n"))
    )
    kinds = sorted(kind for _, kind, _, _ in set(with_one) - set(bare))
    assert kinds == sorted(
        [
            *("ConfigMap", "RedisReplication"),
            *("Certificate",) * 3,  # of the stack's authority, the store and the service
            *("ClusterIssuer", "Issuer"),
            *("ExternalSecret", "ExternalSecret", "Password", "SecretStore"),
            *("ServiceAccount",) * 3,  # of the pods, of who reads the password, and of who copies
            "CronJob",
            *("Role", "Role", "RoleBinding", "RoleBinding"),
            *("LimitRange", "Namespace", "ResourceQuota"),
            "Namespace",  # of the operator
            *("NetworkPolicy",)
            # default deny; at the service; at the store: owner, operator, peers, DNS; at the run: DNS, store, bucket
            * (1 + 1 + 6 + 3),
        ]
    )


def test_a_valkey_is_the_same_in_every_way_but_how_its_address_begins(tmp_path: Path) -> None:
    said = "highAvailability: true, readReplicas: 1"
    one = redis(tmp_path / "a", "prod", f"{{type: redis, {said}}}")
    other = redis(tmp_path / "b", "prod", f"{{type: valkey, {said}}}")
    alike = {name for name in vars(one) if getattr(one, name) == getattr(other, name)}
    assert set(vars(one)) - alike == {"connections", "copying", "engine", "rules", "why"}, "rules differ in their why"
    assert one.copying
    assert replace(one.copying, engine="valkey") == other.copying
    mine, theirs = ({name: repr(key) for name, key in of.connections["cache"].keys.items()} for of in (one, other))
    different = {name: text for name, text in theirs.items() if text != mine[name]}
    assert different == {name: mine[name].replace("rediss://", "valkeys://", 1) for name in ("read_url", "url")}
    assert [(rule.name, rule.namespace) for rule in one.rules] == [(rule.name, rule.namespace) for rule in other.rules]


@pytest.mark.parametrize(
    ("stack", "text", "pods", "sentinels"),
    [
        ("dev", "{type: redis, highAvailability: true, readReplicas: 2}", 1, 0),
        ("staging", "{type: redis}", 1, 0),
        ("staging", "{type: redis, highAvailability: true}", 2, 3),
        ("prod", "{type: redis, readReplicas: 2}", 3, 0),
        ("prod", "{type: redis, highAvailability: true, readReplicas: 1}", 4, 3),
    ],
)
def test_how_many_pods_follows_from_what_is_asked_and_where(
    stack: str, text: str, pods: int, sentinels: int, tmp_path: Path
) -> None:
    store = redis(tmp_path, stack, text)
    assert (store.instances, store.sentinels.pods if store.sentinels else 0) == (pods, sentinels)
    runs = stack != "dev"
    assert (store.quota.pods, store.quota.claims) == (pods + sentinels + runs, pods)
    if store.sentinels:
        assert store.sentinels.pods // 2 < store.sentinels.quorum <= store.sentinels.pods, "two could name two firsts"


@pytest.mark.parametrize(
    ("text", "host", "read_host"),
    [("{type: redis}", "cache", "cache"), ("{type: redis, highAvailability: true}", "cache-master", "cache-replica")],
)
def test_the_address_follows_the_first_of_several_and_needs_no_label_of_one(
    text: str, host: str, read_host: str, tmp_path: Path
) -> None:
    store = redis(tmp_path, "prod", text)
    keys, domain = store.connections["cache"].keys, "one-data.svc.cluster.local"
    assert (keys["host"], keys["read_host"]) == (Known(text=f"{host}.{domain}"), Known(text=f"{read_host}.{domain}"))
    assert {f"{host}.{domain}", f"{read_host}.{domain}"} <= set(store.dns_names), "or nobody could verify who answers"
    assert keys["url"] == Composed(text=f"rediss://default:{{password}}@{host}.{domain}:6379/0")
    assert keys["password"] == Drawn(secret="cache.owner", key="password")  # noqa: S106  (a name)
    assert keys["port"] == Known(text=str(*STORE_PORTS["redis"]))


@pytest.mark.parametrize(
    ("text", "keeps"),
    [
        ("{type: redis}", True),
        ("{type: redis, backup: none}", True),  # noeviction is the default: a store that drops nothing
        ("{type: redis, params: {maxmemoryPolicy: allkeys-lru}}", True),  # copies are the default
        (f"{{type: redis, {CACHE}}}", False),
        (f"{{type: redis, {CACHE}, highAvailability: true}}", True),
        (f"{{type: redis, {CACHE}, readReplicas: 1}}", True),
    ],
)
def test_data_is_on_a_disk_unless_it_is_a_cache_of_one_pod(text: str, keeps: bool, tmp_path: Path) -> None:
    store = redis(tmp_path, "prod", text)
    assert store.keeps == keeps
    assert (store.quota.claims, store.quota.disk_gib) == (
        (store.instances, store.instances * store.size.disk_gib) if keeps else (0, 0)
    )


def test_the_store_stays_unless_the_owner_lets_it_go(tmp_path: Path) -> None:
    assert redis(tmp_path / "kept", "prod").deletion == "retain"
    let_go = "{type: redis}}\n  environments: {staging: {resources: {cache: {deletion: delete}}}"
    assert redis(tmp_path / "gone", "staging", let_go).deletion == "delete"
    assert redis(tmp_path / "there", "prod", let_go).deletion == "retain"


def test_a_service_reaches_the_server_and_not_the_sentinels(tmp_path: Path) -> None:
    store = redis(tmp_path, "prod", "{type: redis, highAvailability: true}")
    assert store.ports == (6379,)
    (owners,) = [rule for rule in store.rules if rule.name.startswith("from.one.")]
    assert [port.number for port in owners.ports] == [6379]


def test_data_and_connections_fit_into_the_memory_of_every_class() -> None:
    """maxmemory + connections ≤ limit, in every environment; and nine tenths of it leave room for a fork."""
    for environment, classes in REDIS.items():
        for name, size in classes.items():
            limit = size.amounts.memory_limit_mib
            data, connections = limit * MEMORY_PERCENT // 100, -(-size.connections * CONNECTION_KIB // 1024)
            assert data + connections <= 0.9 * limit, (environment, name, f"{data} + {connections} of {limit} MiB")
            assert size.amounts.memory_request_mib == limit, "what it may fill it will"
            assert size.disk_gib * 1024 >= 4 * limit, (environment, name, "log, its successor, two snapshots")
            assert size.connections > redis_checks.RESERVED


def test_a_store_larger_than_another_is_larger_in_everything() -> None:
    for environment, classes in REDIS.items():
        small, medium, large = (classes[name] for name in ("small", "medium", "large"))
        for less, more in ((small, medium), (medium, large)):
            assert less.connections < more.connections, environment
            assert less.disk_gib <= more.disk_gib, environment
            assert less.amounts.memory_limit_mib < more.amounts.memory_limit_mib, environment
            assert less.amounts.cpu_request_millicores < more.amounts.cpu_request_millicores, environment


def test_every_image_is_pinned_and_of_the_version_it_is_listed_under() -> None:
    assert NEWEST in IMAGES
    for major, image in IMAGES.items():
        assert image.tag.startswith(f"{major}.")
        assert "@sha256:" in image.tag


def test_no_service_of_one_redis_is_called_like_one_of_another(tmp_path: Path) -> None:
    """What `redis_checks.MADE` refuses is every name beside the store's own in its certificate."""
    store = redis(tmp_path, "prod", "{type: redis, highAvailability: true}")
    named = {name.removeprefix("*.").partition(".")[0] for name in store.dns_names}
    assert named - {"cache"} <= {f"cache-{each}" for each in redis_checks.MADE}
