"""A MySQL of a service's own: what is asked of mariadb-operator, and what the service gets of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from blueprint import design, names
from blueprint.operators.mariadb_operator import CHART, CRDS
from blueprint.reading import TextError
from blueprint.stores import mariadb_operator
from blueprint.stores.mariadb_operator import BUFFERS_PERCENT, IMAGES, KEPT, RESERVED, OperatedMariadb
from blueprint.stores.sizes import MYSQL, MYSQL_BASE_MIB, MYSQL_CONNECTION_MIB
from manifests import Manifest, everything
from manifests.holdings import holding
from manifests.losses import impossible
from manifests.mariadb_operator import granted
from tests.support.stacks import catalogue, settings

VARIABLES: Final = """\
      variables: {URL: "${resources.db.url}"}
"""
"""Of the container the minimal text ends in."""
LOGGED: Final = "highAvailability: true, backup: {pitr: true, rpo: 1d}"

Made = Mapping[tuple[str, str], Manifest]


def _designed(folder: Path, db: str = "", stack: str = "prod") -> Any:
    text = f"{VARIABLES}  resources: {{db: {{type: mysql, {db}}}}}\n"
    return design(settings(stack), catalogue(folder, shop=text), stack)


def _store(folder: Path, db: str = "", stack: str = "prod") -> OperatedMariadb:
    (plan,) = _designed(folder, db, stack).services.values()
    (store,) = plan.stores
    assert isinstance(store, OperatedMariadb)
    return store


def _made(folder: Path, db: str = "", stack: str = "prod", namespace: str = "shop-data") -> Made:
    """What is made beside the service, by kind and name."""
    return {
        (made["kind"], made["metadata"]["name"]): made
        for made in everything(_designed(folder, db, stack))
        if made["metadata"].get("namespace") == namespace
    }


def _spec(made: Made, kind: str = "MariaDB") -> Manifest:
    spec: Manifest = made[kind, "db"]["spec"]
    return spec


PODS: Final = {
    # stack, what is asked for: pods
    ("dev", "highAvailability: true, readReplicas: 2"): 1,
    ("staging", ""): 1,
    ("staging", "highAvailability: true"): 2,
    ("prod", ""): 1,
    ("prod", "readReplicas: 1"): 2,
    ("prod", LOGGED): 3,
}


@pytest.mark.parametrize(("stack", "db"), PODS)
def test_as_many_pods_as_are_asked_for_have_room_and_the_job_that_copies_too(
    stack: str, db: str, tmp_path: Path
) -> None:
    made = _made(tmp_path, db, stack)
    spec, pods = _spec(made), PODS[stack, db]
    assert spec["replicas"] == pods
    assert ("replication" in spec) is (pods > 1), "its webhook refuses several without, and one with"
    hard = made["ResourceQuota", "shop"]["spec"]["hard"]
    # Twice, where a store that left may still be there.
    room = (1 if stack == "dev" else 2) * (pods + (stack != "dev"))
    assert (int(hard["pods"]), int(hard["persistentvolumeclaims"])) == (room, room)


def test_nobody_comes_in_without_tls_of_the_stacks_authority(tmp_path: Path) -> None:
    made = _made(tmp_path)
    tls, certificate = _spec(made)["tls"], made["Certificate", "db.tls"]["spec"]
    assert tls["enabled"] is tls["required"] is True
    refs = {word for word in tls if word.endswith("SecretRef")}
    assert refs == {f"{end}{of}SecretRef" for end in ("server", "client") for of in ("CA", "Cert")}
    assert {tls[word]["name"] for word in refs} == {certificate["secretName"]}
    assert certificate["issuerRef"]["name"] == names.STORE_AUTHORITY
    assert {"client auth", "server auth"} <= set(certificate["usages"])
    # Whom the operator and a copy ask (v26.6.0, pkg/statefulset: PodFQDNWithService), and whom the agent asks.
    assert {"*.db-internal.shop-data.svc.cluster.local", "localhost"} <= set(certificate["dnsNames"])
    assert certificate["secretTemplate"]["labels"]["k8s.mariadb.com/watch"] == "", "a renewal would not be seen"


@pytest.mark.parametrize(
    ("db", "writes", "reads"), [("", "db", "db"), ("highAvailability: true", "db-primary", "db-secondary")]
)
def test_the_addresses_are_ones_the_certificate_is_for(db: str, writes: str, reads: str, tmp_path: Path) -> None:
    connection, made = _store(tmp_path / "a", db).connections["db"], _made(tmp_path / "b", db)
    keys: Any = connection.keys
    for key, host in (("url", writes), ("read_url", reads)):
        address = urlsplit(keys[key].text.format(password="drawn"))  # noqa: S106
        assert (address.scheme, address.username, address.password, address.port) == ("mysql", "shop", "drawn", 3306)
        assert (address.hostname, address.path) == (f"{host}.shop-data.svc.cluster.local", "/db")
        assert address.hostname in made["Certificate", "db.tls"]["spec"]["dnsNames"]
        assert parse_qs(address.query) == {"ssl-mode": ["VERIFY_IDENTITY"], "ssl-ca": [keys["ca"].text]}
    assert keys["host"].text == f"{writes}.shop-data.svc.cluster.local"


def test_the_only_database_user_and_grant_are_the_services(tmp_path: Path) -> None:
    made = _made(tmp_path, "params: {database: a_b}")
    assert not {"database", "username", "passwordSecretKeyRef", "rootEmptyPassword"} & _spec(made).keys()
    database, user, grant = (_spec(made, kind) for kind in ("Database", "User", "Grant"))
    assert {each["mariaDbRef"]["name"] for each in (database, user, grant)} == {"db"}
    assert (database["name"], database["cleanupPolicy"]) == ("a_b", "Skip")
    assert (user["name"], user["require"], user["passwordSecretKeyRef"]) == (
        "shop",
        {"ssl": True},
        {"name": "db.owner", "key": "password"},
    )
    assert (grant["username"], grant["database"], grant["grantOption"]) == ("shop", r"a\_b", False)
    assert granted("plain") == "plain"
    assert "rootPasswordSecretKeyRef" in _spec(made), "the operator would draw one by itself"


def test_no_right_over_the_whole_cluster_is_asked_for_an_agent(tmp_path: Path) -> None:
    made = _made(tmp_path, "highAvailability: true")
    agent = _spec(made)["replication"]["agent"]
    assert "kubernetesAuth" not in agent
    assert agent["basicAuth"] == {"enabled": True, "passwordSecretKeyRef": {"name": "db.system", "key": "agent"}}
    drawn = made["ExternalSecret", "db.system"]["spec"]["target"]["template"]["data"]
    assert drawn == {key: f"{{{{ .{key} }}}}" for key in ("agent", "replication", "root")}
    assert set(made["Password", "db.system"]["spec"]["secretKeys"]) == drawn.keys()
    assert made["ServiceAccount", "db.store"]["automountServiceAccountToken"] is False


def test_a_store_asks_for_its_operator_with_its_namespace_and_definitions(tmp_path: Path) -> None:
    platform = _designed(tmp_path).platform
    assert "mariadb-operator" in {operator.name for operator in platform.operators.charts}
    assert "mariadb" in {bundle.name for bundle in platform.operators.crds}
    assert names.MARIADB_OPERATOR in {namespace.name for namespace in platform.foundation.namespaces}


def test_what_runs_beside_a_server_is_of_the_operators_version() -> None:
    assert mariadb_operator.AGENT_IMAGE.tag == CHART.app_version == CRDS.version.removeprefix("v")


def test_pods_and_jobs_are_known_as_the_stores_are_restricted_and_stay_out_of_the_mesh(tmp_path: Path) -> None:
    made = _made(tmp_path, LOGGED)
    server, copy = _spec(made), _spec(made, "PhysicalBackup")
    replication = server["replication"]
    restoring = replication["replica"]["bootstrapFrom"]["restoreJob"]
    for labelled in (server["inheritMetadata"], copy["inheritMetadata"], restoring["metadata"]):
        assert labelled["labels"]["catalog.platform/resource"] == "db"
        assert labelled["labels"]["sidecar.istio.io/inject"] == "false"
    for pod in (server, copy):
        assert pod["serviceAccountName"] == "db.store"
        assert pod["podSecurityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["podSecurityContext"]["runAsUser"] >= 10_000
    for container in (server, copy, replication["agent"], replication["initContainer"]):
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["resources"].keys() == {"requests", "limits"}
    assert restoring["resources"].keys() == {"requests", "limits"}


def test_pods_are_apart_where_production_has_several(tmp_path: Path) -> None:
    assert "topologySpreadConstraints" not in _spec(_made(tmp_path / "a"))
    for stack, expected in (("prod", "DoNotSchedule"), ("staging", "ScheduleAnyway")):
        spread = _spec(_made(tmp_path / stack, "highAvailability: true", stack))["topologySpreadConstraints"]
        assert {each["topologyKey"] for each in spread} == {
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        }
        assert {each["whenUnsatisfiable"] for each in spread} == {expected}


def test_copies_go_below_the_services_path_by_the_accounts_role_and_without_keys(tmp_path: Path) -> None:
    made = _made(tmp_path, "backup: {retention: 14d, pitr: false, rpo: 1d}")
    copy = _spec(made, "PhysicalBackup")
    assert (copy["schedule"]["cron"], copy["maxRetention"]) == ("0 2 * * *", "336h")
    bucket = copy["storage"]["s3"]
    assert (bucket["prefix"], bucket["tls"]) == ("shop/db/copies", {"enabled": True})
    assert bucket["endpoint"] == f"s3.{bucket['region']}.amazonaws.com"
    assert not {word for word in bucket if word.endswith("SecretKeyRef")}
    assert "eks.amazonaws.com/role-arn" in made["ServiceAccount", "db.store"]["metadata"]["annotations"]
    assert ("PointInTimeRecovery", "db") not in made
    assert "pointInTimeRecoveryRef" not in _spec(made)


def test_the_log_goes_beside_the_copies_where_it_is_asked_for(tmp_path: Path) -> None:
    made = _made(tmp_path, LOGGED)
    log = _spec(made, "PointInTimeRecovery")
    assert _spec(made)["pointInTimeRecoveryRef"] == {"name": "db"}
    assert (log["physicalBackupRef"], log["storage"]["s3"]["prefix"]) == ({"name": "db"}, "shop/db/log")


def test_a_stack_that_makes_no_copies_has_none_of_their_objects(tmp_path: Path) -> None:
    made = _made(tmp_path, LOGGED, "dev")
    assert not {kind for kind, _ in made} & {"PhysicalBackup", "PointInTimeRecovery"}
    assert "pointInTimeRecoveryRef" not in _spec(made)


@pytest.mark.parametrize(("stack", "expected"), [("prod", "Retain"), ("dev", "Delete")])
def test_disks_stay_where_the_store_is_to_stay(stack: str, expected: str, tmp_path: Path) -> None:
    storage = _spec(_made(tmp_path, "deletion: retain", stack))["storage"]
    assert storage["pvcRetentionPolicy"] == {"whenDeleted": expected, "whenScaled": "Retain"}


def test_every_size_has_memory_for_all_its_connections() -> None:
    for environment, scale in MYSQL.items():
        for name, size in scale.items():
            memory = size.amounts.memory_limit_mib
            needed = memory * BUFFERS_PERCENT // 100 + MYSQL_BASE_MIB + size.connections * MYSQL_CONNECTION_MIB
            assert needed <= memory, f"{environment} {name}: {needed} MiB of {memory}"
            assert size.connections > RESERVED


def test_what_the_server_takes_is_what_pods_may_open(tmp_path: Path) -> None:
    """The edge of the arithmetic: as much as fits is taken, one more is not."""
    _designed(tmp_path / "fits", "pool: {maxPerReplica: 37}")
    with pytest.raises(TextError, match=r"pool\.maxPerReplica"):
        _designed(tmp_path / "over", "pool: {maxPerReplica: 38}")
    made = _made(tmp_path / "user")
    assert _spec(made, "User")["maxUserConnections"] == MYSQL["prod"]["small"].connections - KEPT


def test_the_line_is_that_of_the_image_and_no_older_one_comes_after_it(tmp_path: Path) -> None:
    made = {line: _made(tmp_path / line, f'params: {{version: "{line}"}}') for line in IMAGES}
    for line, each in made.items():
        assert f":{line}." in _spec(each)["image"]
        assert "@sha256:" in _spec(each)["image"]
    older, newer = (tuple(made[line].values()) for line in ("11.4", "11.8"))
    assert not list(impossible(older, newer))
    (refused,) = impossible(newer, older)
    assert refused.cause.startswith("goes from version 11.8 back to 11.4")


def test_there_is_no_way_from_one_server_to_several_or_back(tmp_path: Path) -> None:
    one, several = (
        tuple(_made(tmp_path / name, db).values()) for name, db in (("a", ""), ("b", "highAvailability: true"))
    )
    assert [each.field for each in impossible(one, several)] == ["spec.replication"]
    assert [each.field for each in impossible(several, one)] == ["spec.replication"]


def test_a_mysql_is_described_with_the_place_of_its_copies(tmp_path: Path) -> None:
    made = tuple(_made(tmp_path, "params: {database: orders}").values())
    (server,) = (each for each in made if each["kind"] == "MariaDB")
    found = holding(server, made)
    assert (found.engine, found.what, found.disks) == ("MariaDB 11.8", "database orders", "1 × 20Gi")
    assert (found.copies or "").endswith("/shop/db/copies, made at '0 2 * * *' (UTC), kept 720h")


def test_a_service_gets_its_secret_and_no_other_of_the_stores(tmp_path: Path) -> None:
    inside, outside = _made(tmp_path / "a"), _made(tmp_path / "b", namespace="shop")
    handed = outside["ExternalSecret", "shop-db"]["spec"]
    assert {each["remoteRef"]["key"] for each in handed["data"]} == {"db.owner"}
    (rule,) = inside["Role", "db.owner.read"]["rules"]
    assert (rule["resourceNames"], rule["verbs"]) == (["db.owner"], ["get"])
