"""Restore drills of a MongoDB: what the operator is asked for, who restores into it and as whom, and what is asked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from blueprint import Blueprint, design
from blueprint.drills.mongodb import HAS_A_COLLECTION
from blueprint.stores.mongodb_checks import RESERVED_USERS
from manifests.mongodb_drill import ASK, FETCH
from tests.support.drills import Made, pod, ran, restored, step, steps, unknown, variables, within
from tests.support.stacks import ROOT, catalogue, settings

STRICT: Final = ROOT.parent / "shared" / "crds" / "psmdb_perconaservermongodbs.yaml"
TEXT: Final = """\
  resources:
    documents:
      type: mongodb
      class: medium
      highAvailability: true
      readReplicas: 1
      params: {version: "7.0", database: papers}
      backup: {restoreDrill: daily, rto: 2h, restoreCheck: "db.papers.countDocuments({$expr: true}) > 0"}
    spare: {type: mongodb}
    facts: {type: mongodb, backup: none}
"""


def made(folder: Path) -> Blueprint:
    return design(settings("prod"), catalogue(folder, orders=TEXT))


@pytest.fixture
def found(tmp_path: Path) -> Made:
    return within(made(tmp_path / "services"))


@pytest.fixture
def live(tmp_path: Path) -> Made:
    return within(made(tmp_path / "live"), "orders-data")


def spec_of(found: Made, resource: str = "documents") -> Mapping[str, Any]:
    spec: Mapping[str, Any] = restored(found, resource)["spec"]
    return spec


def role_of(found: Made) -> str:
    role: str = found["ServiceAccount", "documents.store"]["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
    return role


def test_a_mongodb_that_is_copied_is_tried(found: Made) -> None:
    tried = {name for kind, name in found if kind == "CronJob"}
    assert tried == {"documents-daily", "documents-sweep", "spare-weekly", "spare-sweep"}


def test_it_makes_a_replica_set_has_the_copy_read_into_it_asks_and_removes_it_with_its_disk(found: Made) -> None:
    job = found["CronJob", "documents-daily"]
    assert [each["name"] for each in steps(job)] == ["remove-leftovers", "restore", "fetch", "check", "remove"]
    first, last = (each["args"] for each in (steps(job)[0], steps(job)[-1]))
    assert first == last
    assert first[:3] == [
        *("delete", "perconaservermongodbs.psmdb.percona.com/documents"),
        "persistentvolumeclaims/mongod-data-documents-rs0-0",
    ]
    assert step(job, "fetch")["command"][:2] == ["timeout", "7200"], "the owner's own rto"


def test_its_pods_run_where_their_images_do(found: Made) -> None:
    (of_the_store,) = (each["nodeSelector"] for each in spec_of(found)["replsets"])
    assert pod(found["CronJob", "documents-daily"])["nodeSelector"] == of_the_store == {"kubernetes.io/arch": "amd64"}


def test_it_may_do_that_and_no_more(found: Made) -> None:
    following = ["delete", "get", "list", "watch"]
    one = {"apiGroups": ["psmdb.percona.com"], "resources": ["perconaservermongodbs"]}
    disks = {"apiGroups": [""], "resources": ["persistentvolumeclaims"]}
    assert found["Role", "documents.drill"]["rules"] == [
        {**one, "verbs": ["create"]},
        {**one, "resourceNames": ["documents"], "verbs": following},
        {**disks, "resourceNames": ["mongod-data-documents-rs0-0"], "verbs": following},
    ]


def test_each_step_sees_one_password_and_none_of_them_a_token_but_kubectl(found: Made) -> None:
    job = found["CronJob", "documents-daily"]
    mounted = {each["name"]: {mount["name"] for mount in each["volumeMounts"]} for each in steps(job)}
    assert {name for name, volumes in mounted.items() if "token" in volumes} == mounted.keys() - {"check", "fetch"}
    assert mounted["fetch"] == {"authority", "system", "tmp"}
    assert mounted["check"] == {"authority", "owner", "tmp"}
    secrets = {
        (volume["secret"]["secretName"], item["key"])
        for volume in pod(job)["volumes"]
        if "secret" in volume
        for item in volume["secret"]["items"]
    }
    assert secrets == {
        ("documents.tls", "ca.crt"),
        ("documents.owner", "password"),
        ("documents.system", "MONGODB_BACKUP_PASSWORD"),
    }


def test_the_copier_reads_the_bucket_as_somebody_who_only_reads_and_has_its_main_place_elsewhere(
    found: Made, live: Made
) -> None:
    there = live["PerconaServerMongoDB", "documents"]["spec"]["backup"]["storages"]
    here = spec_of(found)["backup"]["storages"]
    assert here["bucket"]["s3"] == there["bucket"]["s3"]
    assert "main" not in here["bucket"], "in its main place the copier writes before it reads"
    (main,) = [name for name, place in here.items() if place.get("main")]
    assert here[main]["type"] == "filesystem"
    assert spec_of(found)["replsets"][0]["serviceAccountName"] == "documents.store"
    assert (role_of(live), role_of(found)) == (
        "arn:aws:iam::111122223333:role/copies-orders",
        "arn:aws:iam::111122223333:role/copies-reader-orders",
    )


def test_it_writes_neither_copies_nor_its_log(found: Made) -> None:
    backup = spec_of(found)["backup"]
    assert (backup["pitr"], "tasks" in backup) == ({"enabled": False}, False)
    assert "PerconaServerMongoDBBackup" not in {kind for kind, _ in found}


def test_what_is_restored_into_is_one_member_of_the_live_replica_set(found: Made, live: Made) -> None:
    there, here = live["PerconaServerMongoDB", "documents"]["spec"], spec_of(found)
    assert here["unsafeFlags"] == {"replsetSize": True}
    assert (here["replsets"][0]["size"], "nonvoting" in here["replsets"][0]) == (1, False)
    for word in ("image", "secrets", "tls", "users"):
        assert here[word] == there[word], word
    for word in ("name", "configuration", "resources", "volumeSpec", "containerSecurityContext"):
        assert here["replsets"][0][word] == there["replsets"][0][word], word


def test_every_user_the_operator_wants_is_drawn_so_that_it_adds_none_and_nothing_is_drawn_anew(found: Made) -> None:
    data = found["ExternalSecret", "documents.system"]["spec"]["target"]["template"]["data"]
    users = {key: name for key, name in data.items() if key.endswith("_USER")}
    assert sorted(users.values()) == sorted(RESERVED_USERS)
    assert {key.removesuffix("_USER") for key in users} == {
        key.removesuffix("_PASSWORD") for key in data if key.endswith("_PASSWORD")
    }
    assert sorted(found["Password", "documents.system"]["spec"]["secretKeys"]) == sorted(RESERVED_USERS)
    passwords = [text for key, text in data.items() if key.endswith("_PASSWORD")]
    assert len(set(passwords)) == len(passwords) == 5


def test_the_namespace_has_room_for_a_member_of_each_the_drills_and_their_sweeps(found: Made) -> None:
    hard = found["ResourceQuota", "orders"]["spec"]["hard"]
    assert (hard["pods"], hard["persistentvolumeclaims"], hard["requests.storage"]) == ("6", "2", "120Gi")


def test_the_definitions_of_its_operator_take_what_is_restored(found: Made) -> None:
    if not STRICT.is_file():
        pytest.skip(f"the strict definitions are not beside the project ({STRICT.name})")
    (version,) = [each for each in yaml.safe_load(STRICT.read_text())["spec"]["versions"] if each["name"] == "v1"]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert list(unknown({**spec_of(found), "restored": True}, schema, "spec")) == ["spec.restored"]


COPIES: Final = """\
echo 'Backup snapshots:'
echo '  2026-11-28T02:00:21Z <logical, *> [restore_to_time: 2026-11-28T02:00:26]'
echo '  2026-11-29T02:00:21Z <physical, *> [restore_to_time: 2026-11-29T02:00:26]'
echo '  2026-11-30T02:00:21Z <logical, *> [restore_to_time: 2026-11-30T02:00:26]'
echo
echo 'PITR <off>:'
echo '  2026-11-28T02:00:27 - 2026-11-30T07:51:14'
"""
"""What `pbm list` says of two full copies and one of another kind (PBM 2.12.0, cmd/pbm/list.go)."""


def pbm(copies: str = COPIES, sync: str = "exit 0", restore: str = "exit 0") -> Mapping[str, str]:
    """The copier's client: it writes down what it is asked, and as whom."""
    return {
        "pbm": f'echo "$PBM_MONGODB_URI $*" >> "$WRITTEN"\n'
        f'case "$1" in profile) {sync};; restore) {restore};; list)\n{copies}\n;; esac'
    }


def fetched(found: Made, folder: Path, programs: Mapping[str, str]) -> tuple[int, str, list[str]]:
    """How the step that restores ends, what it says, and what it asked the copier."""
    (folder / "password").write_text("drawn")
    written = folder / "written"
    written.touch()
    container = step(found["CronJob", "documents-daily"], "fetch")
    assert container["command"][2:] == ["sh", "-c", FETCH]
    done = ran(FETCH, programs, folder, {**variables(container), "WRITTEN": str(written)})
    return done.returncode, done.stdout, written.read_text().splitlines()


def test_the_newest_full_copy_is_restored_and_of_it_the_owners_database_alone(found: Made, tmp_path: Path) -> None:
    ended, said, asked = fetched(found, tmp_path, pbm())
    assert (ended, said) == (0, "restoring 2026-11-30T02:00:21Z\n")
    address, _, words = asked[-1].partition(" ")
    assert words == "restore 2026-11-30T02:00:21Z --ns=papers.* --num-parallel-collections=2 --wait"
    assert address == (
        "mongodb://backup:drawn@documents-rs0.orders-drill.svc.cluster.local:27017/?authSource=admin&tls=true"
        "&tlsCAFile=/var/run/secrets/platform/authority/ca.crt&replicaSet=rs0"
    )
    assert asked[0].endswith("profile sync bucket --wait --wait-time=5m"), "only then is anything listed"


def test_it_waits_until_the_copier_has_been_told_of_the_bucket(found: Made, tmp_path: Path) -> None:
    late = 'test "$(wc -l < "$WRITTEN")" -ge 3 || exit 1'
    ended, _, asked = fetched(found, tmp_path, pbm(sync=late))
    assert ended == 0
    assert [line.split()[1] for line in asked] == ["profile", "profile", "profile", "list", "restore"]


@pytest.mark.parametrize("copies", ["echo 'Backup snapshots:'", "exit 1", "echo '  2026 <physical, *> [x]'"])
def test_where_nothing_can_be_restored_the_drill_fails_and_says_so(copies: str, found: Made, tmp_path: Path) -> None:
    ended, said, asked = fetched(found, tmp_path, pbm(copies=copies))
    assert (ended, said) == (1, "no copy is listed that this server could restore\n")
    assert not [line for line in asked if " restore " in line]


def test_a_restore_that_fails_fails_the_drill(found: Made, tmp_path: Path) -> None:
    assert fetched(found, tmp_path, pbm(restore="exit 3"))[0] == 3


def test_the_owners_question_is_asked_and_else_whether_there_is_a_collection(found: Made) -> None:
    asked = {
        name: variables(step(found["CronJob", name], "check"))["CHECK"] for name in ("documents-daily", "spare-weekly")
    }
    assert asked == {
        "documents-daily": "db.papers.countDocuments({$expr: true}) > 0",
        "spare-weekly": HAS_A_COLLECTION,
    }


@pytest.mark.parametrize(
    ("mongosh", "ended"),
    [("echo true", 0), ("echo false", 1), ("echo", 1), ("echo 1", 1), ("exit 1", 1), ("echo true; exit 1", 1)],
)
def test_the_check_fails_unless_the_answer_is_true(mongosh: str, ended: int, found: Made, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("drawn")
    given = variables(step(found["CronJob", "documents-daily"], "check"))
    assert ran(ASK, {"mongosh": mongosh}, tmp_path, given).returncode == ended


def test_the_check_comes_in_as_the_service_to_its_database_over_tls(found: Made, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("drawn")
    given = variables(step(found["CronJob", "documents-daily"], "check"))
    said = 'for each; do echo "$each" >> "$HOME/asked"; done; echo true'
    assert ran(ASK, {"mongosh": said}, tmp_path, {**given, "HOME": str(tmp_path)}).returncode == 0
    *_, question, address = (tmp_path / "asked").read_text().splitlines()
    assert question == "--eval=db.papers.countDocuments({$expr: true}) > 0"
    assert address == (
        "mongodb://orders:drawn@documents-rs0.orders-drill.svc.cluster.local:27017/papers?authSource=papers&tls=true"
        "&tlsCAFile=/var/run/secrets/platform/authority/ca.crt&replicaSet=rs0"
    )
