"""Copies that a CronJob asks for: when, as whom, where to, and how long they are kept."""

import json
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from blueprint.quantities import mebibytes
from blueprint.stores.redis_operator import MEMORY_PERCENT
from blueprint.stores.sizes import CLICKHOUSE, REDIS
from blueprint.unmade.table import NOT_MADE
from manifests.copy_jobs import ENGINES
from manifests.holdings import holding
from tests.support.copy_runs import BUCKET, job, made, pod, steps, variables

COPIED: Final = {
    # engine: the container that makes the copy
    "clickhouse": "copy",
    "elasticsearch": "copy",
    "redis": "copy",
    "valkey": "copy",
}
ROLE: Final = "arn:aws:iam::111122223333:role/copies-shop"


@pytest.mark.parametrize("engine", COPIED)
@pytest.mark.parametrize(
    ("stack", "db", "copied"),
    [("dev", "", False), ("staging", "", True), ("prod", "", True), ("prod", "backup: none", False)],
)
def test_a_store_is_copied_where_copies_are_made_and_its_owner_wants_them(
    engine: str, stack: str, db: str, copied: bool, tmp_path: Path
) -> None:
    found = made(tmp_path, engine, db, stack)
    assert (("CronJob", "db-copy") in found) is copied
    assert any(name.endswith((".from-copier", ".copier.store")) for _, name in found) is copied


def test_every_engine_with_a_row_is_tested_here_and_none_is_said_to_be_not_made() -> None:
    assert ENGINES.keys() == COPIED.keys()
    unmade = {model.__name__.lower() for model, field in NOT_MADE if field == "backup"}
    assert not unmade & ENGINES.keys()


@pytest.mark.parametrize("engine", COPIED)
def test_a_run_is_the_stores_and_its_pods_are_none_of_the_stores(engine: str, tmp_path: Path) -> None:
    found = made(tmp_path, engine)
    assert found["CronJob", "db-copy"]["metadata"]["labels"]["catalog.platform/resource"] == "db"
    labels = pod(found)["metadata"]["labels"]
    assert labels["catalog.platform/copier"] == "db"
    assert "catalog.platform/resource" not in labels, "network rules and Services would take it for one of the store's"
    assert (labels["sidecar.istio.io/inject"], labels["istio.io/dataplane-mode"]) == ("false", "none")


@pytest.mark.parametrize("engine", COPIED)
def test_its_pods_meet_restricted_and_see_one_password_one_authority_and_no_token(engine: str, tmp_path: Path) -> None:
    spec = pod(made(tmp_path, engine))["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsUser"] >= 10_000
    keys = sorted(item["key"] for each in spec["volumes"] if "secret" in each for item in each["secret"]["items"])
    assert keys == ["ca.crt", "password"], "and no private key"
    assert not [each for each in spec["volumes"] if "projected" in each]
    for container in (*spec.get("initContainers", []), *spec["containers"]):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"].keys() == {"requests", "limits"}
        assert "@sha256:" in container["image"]


@pytest.mark.parametrize("engine", COPIED)
def test_it_runs_by_its_owners_schedule_one_at_a_time_and_ends(engine: str, tmp_path: Path) -> None:
    spec = job(made(tmp_path, engine, 'backup: {schedule: "30 */6 * * *"}'))
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("30 */6 * * *", "Etc/UTC", "Forbid")
    run = spec["jobTemplate"]["spec"]
    assert (run["template"]["spec"]["restartPolicy"], run["backoffLimit"]) == ("Never", 2)
    assert 1800 < run["activeDeadlineSeconds"] < 6 * 3600, "or it would still hold up the next"


@pytest.mark.parametrize("engine", COPIED)
def test_there_is_room_for_a_run_beside_the_store(engine: str, tmp_path: Path) -> None:
    """Twice, where a store that left may still be there."""
    with_copies, without = made(tmp_path / "a", engine), made(tmp_path / "b", engine, "backup: none")
    one, other = (each["ResourceQuota", "shop"]["spec"]["hard"] for each in (with_copies, without))
    assert int(one["pods"]) - int(other["pods"]) == 2
    largest = max(mebibytes(each["resources"]["limits"]["memory"]) for each in steps(with_copies))
    assert mebibytes(one["limits.memory"]) - mebibytes(other["limits.memory"]) == 2 * largest


@pytest.mark.parametrize("engine", COPIED)
def test_copies_go_below_the_services_own_path_and_old_ones_are_removed_last(engine: str, tmp_path: Path) -> None:
    found = made(tmp_path, engine, "backup: {retention: 14d}")
    assert steps(found)[0]["name"] == COPIED[engine]
    last = variables(steps(found)[-1])
    assert (last["COPIES_PLACE"], last["KEPT_DAYS"]) == (BUCKET, "14")


@pytest.mark.parametrize("engine", COPIED)
def test_no_key_is_anywhere_and_the_role_is_the_services(engine: str, tmp_path: Path) -> None:
    found = made(tmp_path, engine)
    everywhere = json.dumps(list(found.values()))
    assert set(re.findall(r"arn:aws:iam::[0-9]+:role/[\w-]+", everywhere)) == {ROLE}
    assert not re.search("access.?key", everywhere, re.IGNORECASE)
    assert pod(found)["spec"]["serviceAccountName"] == "db.copier"
    itself = found["ServiceAccount", "db.copier"]["metadata"].get("annotations", {})
    rules = {name for kind, name in found if kind == "NetworkPolicy"}
    assert ("db.copier.copies" in rules) is bool(itself), "who has no role has no way to the bucket either"


@pytest.mark.parametrize("engine", COPIED)
def test_nothing_in_a_script_is_a_variable_to_kubernetes(engine: str, tmp_path: Path) -> None:
    """It replaces $(NAME) in a command where the container has a variable of that name, and $$ by $."""
    for each in steps(made(tmp_path, engine)):
        script = each["command"][-1]
        assert "$$" not in script
        assert not [name for name in variables(each) if f"$({name})" in script]
        subprocess.run(["sh", "-n"], input=script, text=True, check=True)


def test_a_run_has_twice_the_time_a_full_disk_takes(tmp_path: Path) -> None:
    """At 40 MiB/s, and half an hour besides."""
    for size in ("small", "medium"):
        disk = CLICKHOUSE["prod"][size].disk_gib
        found = made(tmp_path / size, "clickhouse", f"class: {size}, backup: {{rto: 2h}}")
        assert job(found)["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 2 * (disk * 1024 // 40) + 1800


def test_the_nodes_of_an_elasticsearch_read_their_token_where_alone_the_server_may(tmp_path: Path) -> None:
    found = made(tmp_path, "elasticsearch", "readReplicas: 1")
    for nodes in found["Elasticsearch", "db"]["spec"]["nodeSets"]:
        spec = nodes["podTemplate"]["spec"]
        (container,), (volume,) = spec["containers"], spec["volumes"]
        (mount,), (source,) = container["volumeMounts"], volume["projected"]["sources"]
        given, token = variables(container), source["serviceAccountToken"]
        assert mount == {
            "name": volume["name"],
            "mountPath": "/usr/share/elasticsearch/config/repository-s3",
            "readOnly": True,
        }
        assert (token["path"], token["audience"]) == ("aws-web-identity-token-file", "sts.amazonaws.com")
        assert given["AWS_WEB_IDENTITY_TOKEN_FILE"] == f"{mount['mountPath']}/{token['path']}"
        assert (given["AWS_ROLE_ARN"], given["AWS_REGION"]) == (ROLE, "eu-west-1")
        assert nodes["config"]["s3.client.default.region"] == "eu-west-1"
    (alone,) = made(tmp_path / "none", "elasticsearch", "backup: none")["Elasticsearch", "db"]["spec"]["nodeSets"]
    assert "env" not in alone["podTemplate"]["spec"]["containers"][0]
    assert "volumes" not in alone["podTemplate"]["spec"]


def test_who_asks_an_elasticsearch_for_snapshots_reads_nothing_and_restores_nothing(tmp_path: Path) -> None:
    found = made(tmp_path, "elasticsearch")
    auth = found["Elasticsearch", "db"]["spec"]["auth"]
    assert auth["fileRealm"] == auth["roles"] == [{"secretName": "db.owner"}, {"secretName": "db.copier"}]
    drawn = found["ExternalSecret", "db.copier"]["spec"]["target"]["template"]["data"]
    assert drawn["username"] == variables(steps(found)[0])["STORE_USER"] == "platform_copier"
    rights = yaml.safe_load(drawn["roles.yml"])[drawn["roles"]]
    assert rights == {
        "cluster": ["create_snapshot", "cluster:admin/repository/put", "cluster:admin/snapshot/delete"],
    }


def test_what_a_copied_elasticsearch_holds_is_said_with_the_place_of_its_copies(tmp_path: Path) -> None:
    found = made(tmp_path, "elasticsearch")
    held = holding(found["Elasticsearch", "db"], found.values())
    assert held.copies == "s3://shop-prod-copies/shop/db, made at '0 2 * * *' (UTC), kept 30d"
    alone = made(tmp_path / "none", "elasticsearch", "backup: none")
    assert holding(alone["Elasticsearch", "db"], alone.values()).copies is None


def test_a_copy_of_a_redis_has_a_disk_of_its_own_until_it_is_in_the_bucket(tmp_path: Path) -> None:
    """As large as the data may be, and counted for every container that may fill it."""
    found = made(tmp_path, "redis", "class: large")
    (disk,) = [each for each in pod(found)["spec"]["volumes"] if each["name"] == "copy"]
    size = mebibytes(disk["emptyDir"]["sizeLimit"])
    assert size == REDIS["prod"]["large"].amounts.memory_limit_mib * MEMORY_PERCENT // 100
    assert [each["name"] for each in steps(found)] == ["copy", "write", "remove"]
    for each in steps(found):
        limit = mebibytes(each["resources"]["limits"]["ephemeral-storage"])
        assert size < limit <= 4096, "what a container may have in production (policies/config)"


@pytest.mark.parametrize(("db", "host"), [("", "db"), ("highAvailability: true", "db-replica")])
def test_a_redis_is_read_from_a_follower_where_there_are_any(db: str, host: str, tmp_path: Path) -> None:
    found = made(tmp_path, "redis", db)
    given = variables(steps(found)[0])
    assert given["STORE_HOST"] == f"{host}.shop-data.svc.cluster.local"
    assert given["STORE_HOST"] in found["Certificate", "db.tls"]["spec"]["dnsNames"]


def test_what_a_copied_redis_holds_is_said_with_the_place_of_its_copies(tmp_path: Path) -> None:
    found = made(tmp_path, "valkey")
    held = holding(found["RedisReplication", "db"], found.values())
    assert held.copies == "s3://shop-prod-copies/shop/db, made at '0 2 * * *' (UTC), kept 30d"
