"""A MongoDB of a service's own: what is asked of Percona's operator, and what the service gets of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from blueprint import design, names, store_names
from blueprint.cron import longest_gap_seconds, shortest_gap_seconds
from blueprint.reading import TextError
from blueprint.settings import S3, Backups
from blueprint.stores.percona_mongodb import PerconaMongodb
from manifests import Manifest, everything
from tests.support.stacks import catalogue, settings

BUCKET: Final = S3(
    kind="s3",
    bucket="copies",
    region="eu-west-1",
    role="arn:aws:iam::111122223333:role/copies-{service}",
    drill_role="arn:aws:iam::111122223333:role/drills-{service}",
)
VARIABLES: Final = """\
      variables: {URL: "${resources.db.url}"}
"""
"""Of the container the minimal text ends in."""


def _shop(folder: Path, db: str, name: str = "shop", more: str = "") -> Any:
    return catalogue(folder, **{name: f"{VARIABLES}{more}  resources: {{db: {{type: mongodb, {db}}}}}\n"})


def _designed(folder: Path, db: str = "", stack: str = "prod", name: str = "shop", more: str = "") -> Any:
    return design(settings(stack, backups=Backups(copies=BUCKET, enabled=False)), _shop(folder, db, name, more), stack)


def _store(folder: Path, db: str = "", stack: str = "prod", name: str = "shop") -> PerconaMongodb:
    (plan,) = _designed(folder, db, stack, name).services.values()
    (store,) = plan.stores
    assert isinstance(store, PerconaMongodb)
    return store


def _made(folder: Path, db: str = "", stack: str = "prod") -> Mapping[tuple[str, str], Manifest]:
    """What is made beside the service, by kind and name."""
    return {
        (made["kind"], made["metadata"]["name"]): made
        for made in everything(_designed(folder, db, stack))
        if made["metadata"].get("namespace") == "shop-data"
    }


def _spec(made: Mapping[tuple[str, str], Manifest]) -> Manifest:
    spec: Manifest = made["PerconaServerMongoDB", "db"]["spec"]
    return spec


MEMBERS: Final = {
    # stack, what is asked for: members that vote, that only read, whether the operator is told that one is meant
    ("dev", "highAvailability: true, readReplicas: 2"): (1, 0, True),
    ("staging", ""): (1, 0, True),
    ("staging", "highAvailability: true"): (3, 0, False),
    ("prod", ""): (1, 0, True),
    ("prod", "readReplicas: 2"): (1, 2, True),
    ("prod", "highAvailability: true, readReplicas: 1"): (3, 1, False),
}


@pytest.mark.parametrize(("stack", "db"), MEMBERS)
def test_as_many_members_as_are_asked_for_have_room(stack: str, db: str, tmp_path: Path) -> None:
    made = _made(tmp_path, db, stack)
    spec, (replica_set,) = _spec(made), _spec(made)["replsets"]
    readers = replica_set.get("nonvoting", {"size": 0})["size"]
    assert (replica_set["size"], readers, spec["unsafeFlags"]["replsetSize"]) == MEMBERS[stack, db]
    hard = made["ResourceQuota", "shop"]["spec"]["hard"]
    # Twice, where a store that left may still be there.
    room = (1 if stack == "dev" else 2) * (replica_set["size"] + readers)
    assert (int(hard["pods"]), int(hard["persistentvolumeclaims"])) == (room, room)


def test_members_are_apart_where_production_has_several(tmp_path: Path) -> None:
    (alone,) = _spec(_made(tmp_path / "a"))["replsets"]
    assert alone["affinity"] == {"antiAffinityTopologyKey": "none"}
    assert "topologySpreadConstraints" not in alone
    (several,) = _spec(_made(tmp_path / "b", "highAvailability: true, readReplicas: 2"))["replsets"]
    for component, of in (("mongod", several), ("nonVoting", several["nonvoting"])):
        assert of["affinity"] == {"antiAffinityTopologyKey": "kubernetes.io/hostname"}
        (zones,) = of["topologySpreadConstraints"]
        assert (zones["topologyKey"], zones["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "DoNotSchedule")
        assert zones["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == component
    (loose,) = _spec(_made(tmp_path / "c", "highAvailability: true", "staging"))["replsets"]
    assert loose["affinity"] == {"antiAffinityTopologyKey": "none"}
    assert {each["whenUnsatisfiable"] for each in loose["topologySpreadConstraints"]} == {"ScheduleAnyway"}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_nobody_comes_in_without_tls_nor_with_a_strangers_certificate(stack: str, tmp_path: Path) -> None:
    made = _made(tmp_path, stack=stack)
    spec, certificate = _spec(made), made["Certificate", "db.tls"]["spec"]
    assert spec["tls"] == {"mode": "requireTLS", "allowInvalidCertificates": False}
    assert spec["unsafeFlags"].keys() == {"replsetSize"}
    assert spec["secrets"]["ssl"] == spec["secrets"]["sslInternal"] == certificate["secretName"]
    assert certificate["issuerRef"] == {
        "group": "cert-manager.io",
        "kind": "ClusterIssuer",
        "name": names.STORE_AUTHORITY,
    }
    assert {"server auth", "client auth"} <= set(certificate["usages"]), "the members show it to each other"


def test_a_certificate_of_the_authority_makes_nobody_a_member(tmp_path: Path) -> None:
    """The operator goes by certificates unless it is given a key (v1.22.0, container.go: clusterAuthMode)."""
    key = _spec(_made(tmp_path))["secrets"]["keyFile"]
    assert key, "every service of the stack has a certificate of the same authority"
    assert "." not in key, "the operator calls a volume so"


def test_the_address_is_one_the_certificate_is_for(tmp_path: Path) -> None:
    store, made = _store(tmp_path, "params: {database: goods}, pool: {maxPerReplica: 7}"), _made(tmp_path)
    connection = store.connections["db"]
    address = urlsplit(connection.keys["url"].text.format(password="drawn"))  # type: ignore[union-attr]  # noqa: S106
    assert (address.scheme, address.username, address.password, address.port) == ("mongodb", "shop", "drawn", 27017)
    assert address.hostname == "db-rs0.shop-data.svc.cluster.local" == connection.keys["host"].text  # type: ignore[union-attr]
    assert address.path == "/goods"
    assert {key: value for key, (value,) in parse_qs(address.query).items()} == {
        "authSource": "goods",
        "maxPoolSize": "7",
        "replicaSet": "rs0",
        "tls": "true",
        "tlsCAFile": f"{store_names.authority_folder('db')}/ca.crt",
    }
    assert connection.keys["read_url"].text.endswith("&readPreference=secondaryPreferred")  # type: ignore[union-attr]
    assert {address.hostname, f"*.{address.hostname}"} <= set(made["Certificate", "db.tls"]["spec"]["dnsNames"])


def test_the_user_reads_and_writes_its_database_and_nothing_else(tmp_path: Path) -> None:
    made = _made(tmp_path, "params: {database: goods}")
    (user,) = _spec(made)["users"]
    assert (user["name"], user["db"], user["roles"]) == ("shop", "goods", [{"name": "readWrite", "db": "goods"}])
    drawn = made["ExternalSecret", user["passwordSecretRef"]["name"]]["spec"]["target"]
    assert drawn["template"]["data"].keys() == {user["passwordSecretRef"]["key"]}
    assert _spec(made)["secrets"]["users"] == "db.system", "by itself every store of a namespace has one and the same"


def test_the_operators_mark_for_a_long_name_is_no_longer_than_an_annotation_may_be(tmp_path: Path) -> None:
    name = "a" * 40
    user = _store(tmp_path, name=name).user
    assert user == name, "there is room for it beside a short resource"
    resource = "r" * 30
    text = f"{VARIABLES.replace('.db.', f'.{resource}.')}  resources: {{{resource}: {{type: mongodb}}}}\n"
    shop = catalogue(tmp_path / "long", **{name: text})
    (plan,) = design(settings("dev"), shop, "dev").services.values()
    (store,) = plan.stores
    assert isinstance(store, PerconaMongodb)
    assert len(f"{resource}-{store.user}-hash") == names.LABEL_LENGTH


def test_pods_are_known_as_the_stores_and_stay_out_of_the_mesh(tmp_path: Path) -> None:
    made = _made(tmp_path, "readReplicas: 1")
    (voting,) = _spec(made)["replsets"]
    for of in (voting, voting["nonvoting"]):
        assert of["labels"]["catalog.platform/resource"] == "db"
        assert of["labels"]["sidecar.istio.io/inject"] == "false"
        assert of["serviceAccountName"] in {name for kind, name in made if kind == "ServiceAccount"}
        for context in (of["podSecurityContext"], of["containerSecurityContext"]):
            assert context["runAsNonRoot"] is True
            assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert of["containerSecurityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert f"maxIncomingConnections: {_store(tmp_path).size.connections}\n" in of["configuration"]


def test_no_disk_goes_with_the_object_and_each_may_grow(tmp_path: Path) -> None:
    made = _made(tmp_path)
    assert "finalizers" not in made["PerconaServerMongoDB", "db"]["metadata"]
    assert _spec(made)["storageScaling"] == {"enableVolumeScaling": True}
    assert _spec(made)["upgradeOptions"]["apply"] == "disabled"


def test_copies_are_written_by_the_stores_own_role_below_its_own_path(tmp_path: Path) -> None:
    made = _made(tmp_path, "backup: {schedule: '0 2,6 * * *', retention: 10d, rpo: 3m}")
    backup = _spec(made)["backup"]
    (storage,), (task,) = backup["storages"].values(), backup["tasks"]
    assert storage == {
        "main": True,
        "type": "s3",
        "s3": {"bucket": "copies", "prefix": "shop/db", "region": "eu-west-1"},
    }
    account = made["ServiceAccount", _spec(made)["replsets"][0]["serviceAccountName"]]
    assert account["metadata"]["annotations"] == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/copies-shop"
    }
    assert account["automountServiceAccountToken"] is False
    assert backup["pitr"] == {"enabled": True, "oplogSpanMin": 3, "compressionType": "gzip"}
    assert (task["schedule"], task["storageName"]) == ("0 2,6 * * *", next(iter(backup["storages"])))
    # Of copies four hours apart at the closest sixty are ten days; the operator's pod may delete nothing in a bucket.
    first = made["PerconaServerMongoDBBackup", "db-first"]["spec"]
    assert (first["clusterName"], first["storageName"], first["type"]) == ("db", task["storageName"], task["type"])
    assert task["retention"] == {"type": "count", "count": 60, "deleteFromStorage": False}


@pytest.mark.parametrize(("stack", "db"), [("dev", ""), ("prod", "backup: none")])
def test_what_can_be_made_again_is_not_copied(stack: str, db: str, tmp_path: Path) -> None:
    made = _made(tmp_path, db, stack)
    assert "backup" not in _spec(made)
    assert "PerconaServerMongoDBBackup" not in {kind for kind, _ in made}
    assert "annotations" not in made["ServiceAccount", "db.store"]["metadata"]
    assert ("NetworkPolicy", "db.copies") not in made


SPANS: Final = {"1m": 1, "90s": 1, "5m": 5, "1h": 10}


@pytest.mark.parametrize("rpo", SPANS)
def test_a_piece_of_the_log_holds_no_more_than_may_be_lost_and_never_outlasts_the_log(rpo: str, tmp_path: Path) -> None:
    assert _store(tmp_path, f"backup: {{rpo: {rpo}}}").oplog_span_minutes == SPANS[rpo]


def test_the_gaps_between_runs_are_those_of_the_scheduler() -> None:
    hour = 3600
    assert (shortest_gap_seconds("0 2,6 * * *"), longest_gap_seconds("0 2,6 * * *")) == (4 * hour, 20 * hour)
    assert shortest_gap_seconds("0 2 * * *") == longest_gap_seconds("0 2 * * *") == 24 * hour


def test_what_one_member_takes_is_what_its_services_may_ask(tmp_path: Path) -> None:
    """The edge of the arithmetic: as much as fits is taken, one more is not."""
    _designed(tmp_path / "fits", "pool: {maxPerReplica: 28}")
    with pytest.raises(TextError, match=r"pool\.maxPerReplica"):
        _designed(tmp_path / "over", "pool: {maxPerReplica: 29}")
