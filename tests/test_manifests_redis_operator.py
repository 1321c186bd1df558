"""What redis-operator is given: the words it has, and what it makes of them (v0.26.0)."""

from dataclasses import replace
from typing import Any, Final

import pytest

from blueprint import names, store_names
from blueprint.stores.edges import labels
from blueprint.stores.redis_operator import OperatedRedis
from manifests import Manifest
from manifests.operators import values
from manifests.redis_operator import SENTINEL_FILE, SERVER_FILE, objects
from tests.support.stacks import STACKS, blueprint_of

PODS: Final = ("RedisReplication", "RedisSentinel")


def stores(stack: str) -> list[OperatedRedis]:
    """Every Redis of the shop."""
    plans = blueprint_of(stack).services.values()
    return [store for plan in plans for store in plan.stores if isinstance(store, OperatedRedis)]


def made(store: OperatedRedis, kind: str) -> Manifest:
    (found,) = [each for each in objects(store) if each["kind"] == kind]
    return found


def of_pods(stack: str) -> list[Manifest]:
    return [each for store in stores(stack) for each in objects(store) if each["kind"] in PODS]


@pytest.mark.parametrize("stack", STACKS)
def test_nobody_comes_in_without_tls_or_without_the_password(stack: str) -> None:
    for each in of_pods(stack):
        spec, resource = each["spec"], each["metadata"]["name"]
        assert spec["TLS"]["secret"]["secretName"] == store_names.server(resource)
        assert (spec["TLS"]["ca"], spec["TLS"]["cert"], spec["TLS"]["key"]) == ("ca.crt", "tls.crt", "tls.key")
        assert spec["kubernetesConfig"]["redisSecret"] == {"name": store_names.owner(resource), "key": "password"}


def test_the_sentinels_of_a_replication_are_not_used_they_speak_no_tls() -> None:
    assert [each["kind"] for each in of_pods("prod")].count("RedisSentinel") == len(stores("prod"))
    assert not [each for each in of_pods("prod") if "sentinel" in each["spec"]]


def test_without_the_gate_the_images_entrypoint_would_write_settings_without_an_authority() -> None:
    charts = blueprint_of("prod").platform.operators.charts
    (said,) = [values(operator) for operator in charts if operator.name == "redis-operator"]
    assert said["featureGates"] == {"GenerateConfigInInitContainer": True}
    assert said["redisOperator"]["initContainerImageTag"] == "v0.26.0", "the chart's own follows no other value"


@pytest.mark.parametrize("stack", STACKS)
def test_the_pods_carry_what_network_rules_select_and_nothing_that_may_change(stack: str) -> None:
    """The operator copies the object's labels to the pods, and selects by all of them in its Services."""
    for each in of_pods(stack):
        carried = each["metadata"]["labels"]
        assert labels(each["metadata"]["name"]).items() <= carried.items()
        assert carried["sidecar.istio.io/inject"] == "false", "its namespace says it too"
        assert f"{names.PREFIX}/owner" not in carried, "a new owner would leave the Services without pods"


def test_other_settings_start_the_pods_anew_and_the_same_do_not() -> None:
    store = stores("prod")[0]

    def noted(of: OperatedRedis) -> Any:
        return [made(of, kind)["metadata"]["annotations"] for kind in PODS]

    assert noted(store) == noted(replace(store))
    assert noted(store) != noted(replace(store, policy="allkeys-lfu"))


@pytest.mark.parametrize("stack", STACKS)
def test_the_operator_finds_the_settings_under_the_names_it_looks_for(stack: str) -> None:
    for store in stores(stack):
        config = made(store, "ConfigMap")
        named = made(store, "RedisReplication")["spec"]["redisConfig"]["additionalRedisConfig"]
        assert named == config["metadata"]["name"]
        assert config["data"][SERVER_FILE].endswith("\n")
        assert (SENTINEL_FILE in config["data"]) == (store.sentinels is not None)
        if store.sentinels:
            sentinel = made(store, "RedisSentinel")["spec"]["redisSentinelConfig"]
            assert sentinel["additionalSentinelConfig"] == named
            assert sentinel["redisReplicationName"] == store.resource
            assert sentinel["redisReplicationPassword"]["secretKeyRef"]["name"] == store_names.owner(store.resource)


@pytest.mark.parametrize("stack", STACKS)
def test_the_pods_are_restricted_whoever_the_image_says_they_are(stack: str) -> None:
    for each in of_pods(stack):
        spec = each["spec"]
        assert spec["podSecurityContext"]["runAsNonRoot"] is True
        for context in (spec["securityContext"], spec["initContainer"]["securityContext"]):
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["allowPrivilegeEscalation"] is False
        assert spec["initContainer"]["enabled"] is False
        assert spec["serviceAccountName"] == each["metadata"]["name"]


def test_disks_are_kept_and_a_cache_without_one_writes_no_snapshot() -> None:
    store = stores("prod")[0]
    storage = made(replace(store, keeps=True), "RedisReplication")["spec"]["storage"]
    assert storage["keepAfterDelete"] is True
    assert storage["volumeClaimTemplate"]["spec"]["resources"] == {"requests": {"storage": f"{store.size.disk_gib}Gi"}}
    cache = replace(store, keeps=False, instances=1, sentinels=None)
    assert "storage" not in made(cache, "RedisReplication")["spec"]
    assert 'save ""\n' in made(cache, "ConfigMap")["data"][SERVER_FILE]


def test_the_data_fits_into_the_memory_it_is_given() -> None:
    for store in stores("prod"):
        spec = made(store, "RedisReplication")["spec"]
        assert spec["kubernetesConfig"]["resources"]["limits"]["memory"] == f"{store.size.amounts.memory_limit_mib}Mi"
        assert spec["redisConfig"]["maxMemoryPercentOfLimit"] == 75
        assert f"maxmemory-policy {store.policy}\n" in made(store, "ConfigMap")["data"][SERVER_FILE]


def test_several_pods_are_apart_and_one_at_a_time_is_taken_away() -> None:
    for each in of_pods("prod"):
        app = each["metadata"]["name"] + ("-sentinel" if each["kind"] == "RedisSentinel" else "")
        (term,) = each["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert term["labelSelector"] == {"matchLabels": {"app": app}}, "what the operator labels them with"
        assert each["spec"]["pdb"] == {"enabled": True, "maxUnavailable": 1}
        (spread,) = each["spec"]["topologySpreadConstraints"]
        assert spread["whenUnsatisfiable"] == "DoNotSchedule"
    for each in of_pods("dev"):
        assert not {"affinity", "pdb", "topologySpreadConstraints"} & each["spec"].keys()


def test_the_certificate_is_for_whoever_calls_as_well() -> None:
    for store in stores("prod"):
        assert set(made(store, "Certificate")["spec"]["usages"]) == {"digital signature", "client auth", "server auth"}


def test_a_liveness_that_fails_while_data_is_loaded_waits_five_minutes() -> None:
    probe = made(stores("prod")[0], "RedisReplication")["spec"]["livenessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 300
