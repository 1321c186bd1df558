"""Restore drills of a MySQL: what the operator is asked for, and what a real server makes of a copy of another's.

The copy is the folder of a server that has stopped, which is what mariadb-backup leaves in a pod's; the restored server
is started with our settings and the operator's lines, and asked by the drill's own shell.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import Blueprint, design
from blueprint.drills.mysql import HAS_A_TABLE, MysqlDrill
from manifests.credentials import GENERATOR
from manifests.mysql_drill import ASK, FILE, FOLDER
from tests.support import mysql_servers
from tests.support.drills import Made, ran, restored, step, steps, variables, within
from tests.support.stacks import catalogue, settings

TEXT: Final = """\
  resources:
    ledger:
      type: mysql
      class: medium
      highAvailability: true
      backup: {pitr: true, rpo: 1d, restoreDrill: daily, rto: 2h, restoreCheck: SELECT count(*) = 2 FROM postings}
    spare: {type: mysql}
    facts: {type: mysql, backup: none}
"""


def made(folder: Path) -> Blueprint:
    return design(settings("prod"), catalogue(folder, orders=TEXT))


@pytest.fixture
def found(tmp_path: Path) -> Made:
    return within(made(tmp_path / "services"))


def spec_of(found: Made, resource: str = "ledger") -> Mapping[str, Any]:
    spec: Mapping[str, Any] = restored(found, resource)["spec"]
    return spec


def test_a_mysql_that_is_copied_is_tried(found: Made) -> None:
    tried = {name for kind, name in found if kind == "CronJob"}
    assert tried == {"ledger-daily", "ledger-sweep", "spare-weekly", "spare-sweep"}


def test_it_makes_awaits_asks_and_removes_the_server_and_both_its_disks(found: Made) -> None:
    job = found["CronJob", "ledger-daily"]
    assert [each["name"] for each in steps(job)] == ["remove-leftovers", "restore", "wait", "check", "remove"]
    first, _, wait, _, last = (each.get("args", []) for each in steps(job))
    assert first == last
    assert first[:4] == [
        *("delete", "mariadbs.k8s.mariadb.com/ledger"),
        *("persistentvolumeclaims/ledger-bootstrap-staging", "persistentvolumeclaims/storage-ledger-0"),
    ]
    assert {"mariadbs.k8s.mariadb.com/ledger", "--for=condition=Ready", "--timeout=7200s"} <= set(wait)


def test_it_may_do_that_and_no_more(found: Made) -> None:
    following = ["delete", "get", "list", "watch"]
    one = {"apiGroups": ["k8s.mariadb.com"], "resources": ["mariadbs"]}
    disks = {"apiGroups": [""], "resources": ["persistentvolumeclaims"]}
    assert found["Role", "ledger.drill"]["rules"] == [
        {**one, "verbs": ["create"]},
        {**one, "resourceNames": ["ledger"], "verbs": following},
        {**disks, "resourceNames": ["ledger-bootstrap-staging", "storage-ledger-0"], "verbs": following},
    ]


def test_the_newest_copy_is_read_by_an_account_whose_role_only_reads(found: Made, tmp_path: Path) -> None:
    live = within(made(tmp_path / "again"), "orders-data")
    origin, spec = spec_of(found)["bootstrapFrom"], spec_of(found)
    assert origin["s3"] == live["PhysicalBackup", "ledger"]["spec"]["storage"]["s3"]
    assert origin["backupContentType"] == "Physical"
    assert "targetRecoveryTime" not in origin, "the operator takes the newest copy where no moment is named"
    roles = [
        where["ServiceAccount", "ledger.store"]["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
        for where in (live, found)
    ]
    assert spec["serviceAccountName"] == "ledger.store"
    assert roles == [
        "arn:aws:iam::111122223333:role/copies-orders",
        "arn:aws:iam::111122223333:role/copies-reader-orders",
    ]


def test_what_is_restored_is_the_live_server_alone_and_writes_nothing_away(found: Made, tmp_path: Path) -> None:
    live = within(made(tmp_path / "again"), "orders-data")["MariaDB", "ledger"]["spec"]
    spec = spec_of(found)
    assert (spec["replicas"], "replication" in spec, "pointInTimeRecoveryRef" in spec) == (1, False, False)
    assert {kind for kind, _ in found} & {"PhysicalBackup", "PointInTimeRecovery", "User", "Grant"} == set()
    for word in ("image", "resources", "securityContext", "podSecurityContext", "tls"):
        assert spec[word] == live[word], word
    assert spec["storage"]["size"] == live["storage"]["size"]
    assert spec["myCnf"].startswith(live["myCnf"]), "settings decide whether a copy can be read"


def test_a_copy_has_room_as_it_comes_unpacked_and_taken_apart(found: Made) -> None:
    spec = spec_of(found)
    staged = spec["bootstrapFrom"]["stagingStorage"]["persistentVolumeClaim"]["resources"]["requests"]["storage"]
    assert (spec["storage"]["size"], staged) == ("100Gi", "300Gi")
    hard = found["ResourceQuota", "orders"]["spec"]["hard"]
    # 100 + 300 of the one store, 20 + 60 of the other.
    assert (hard["pods"], hard["persistentvolumeclaims"], hard["requests.storage"]) == ("8", "4", "480Gi")


def test_nothing_of_the_live_stores_passwords_is_here(found: Made) -> None:
    drawn = found["ExternalSecret", "ledger.system"]["spec"]
    assert drawn["dataFrom"] == [
        {"sourceRef": {"generatorRef": {"apiVersion": GENERATOR, "kind": "Password", "name": "ledger.system"}}}
    ]
    assert found["Password", "ledger.system"]["spec"]["secretKeys"] == ["owner", "root"]
    assert spec_of(found)["rootPasswordSecretKeyRef"] == {"name": "ledger.system", "key": "root"}


def test_the_owners_question_is_asked_and_else_whether_there_is_a_table(found: Made) -> None:
    asked = {
        name: variables(step(found["CronJob", name], "check"))["CHECK"] for name in ("ledger-daily", "spare-weekly")
    }
    assert asked == {"ledger-daily": "SELECT count(*) = 2 FROM postings", "spare-weekly": HAS_A_TABLE}


@pytest.mark.parametrize(
    ("mariadb", "ended"),
    [
        ("echo 1", 0),
        ("echo 0", 1),
        ("echo", 1),
        ("echo NULL", 1),
        ("exit 1", 1),
        ('test "$MYSQL_PWD" = drawn && echo 1', 0),
    ],
)
def test_the_check_fails_unless_the_answer_is_1(mariadb: str, ended: int, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("drawn")
    given = {"CHECK": "SELECT true", "DATABASE": "ledger", "USERNAME": "orders"}
    assert ran(ASK, {"mariadb": mariadb}, tmp_path, given).returncode == ended


LIVE: Final = {"root": "of-the-live-root", "owner": "of-the-live-owner"}
DRAWN: Final = {"root": "drawn-for-root", "owner": "drawn-for-the-owner"}


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> MysqlDrill:
    (found, _) = made(tmp_path_factory.mktemp("catalogue") / "services").services["orders"].drills
    assert isinstance(found, MysqlDrill)
    return found


@pytest.fixture(scope="module")
def copy(drill: MysqlDrill, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a live server with two postings, which has stopped."""
    folder = tmp_path_factory.mktemp("live")
    mysql_servers.prepare(folder, drill.dns_names, "")
    mysql_servers.install(folder)
    with mysql_servers.running(folder):
        for statement in (
            # As the image does when it makes its first tables (docker-entrypoint.sh of 11.8).
            "DROP USER IF EXISTS root@'127.0.0.1', root@'::1'",
            "CREATE DATABASE ledger",
            "CREATE TABLE ledger.postings (id int); INSERT INTO ledger.postings VALUES (1), (2)",
            f"CREATE USER 'orders'@'%' IDENTIFIED BY '{LIVE['owner']}' REQUIRE SSL WITH MAX_USER_CONNECTIONS 5",
            "GRANT ALL PRIVILEGES ON `ledger`.* TO 'orders'@'%'",
            f"CREATE USER 'root'@'%' IDENTIFIED BY '{LIVE['root']}'",
            "GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION",
            f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{LIVE['root']}'",
        ):
            passed, said = mysql_servers.by_socket(folder, statement)
            assert passed, said
    return folder


def started(drill: MysqlDrill, copy: Path, folder: Path) -> None:
    """A restored server in `folder`, but that it runs: with the Secret's files, as External Secrets fills them."""
    found = within(made(folder / "services"))
    mysql_servers.copied(copy, folder)
    texts = found["ExternalSecret", "ledger.system"]["spec"]["target"]["template"]["data"]
    for key, text in texts.items():
        (folder / key).write_text(re.sub(r"{{ \.(\w+) }}", lambda place: DRAWN[place[1]], text))
    (folder / "password").write_text(DRAWN["owner"])
    written = spec_of(found)["myCnf"]
    assert f"{FOLDER}/{FILE}" in written
    mysql_servers.prepare(folder, drill.dns_names, written.replace(FOLDER, str(folder)))


def asked(folder: Path, port: int, check: Mapping[str, Any], **otherwise: str) -> tuple[int, str]:
    """How the check of the drill ends at the restored server of `folder`, and what it says."""
    script = check["command"][-1].replace("sleep 10", "true")
    for volume in ("owner", "authority"):
        script = script.replace(f"/var/run/secrets/platform/{volume}", str(folder))
    given = {**variables(check), "MYSQL_TCP_PORT": str(port), **otherwise}
    done = mysql_servers.at_home(folder, ["sh", "-c", script], given)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def server(drill: MysqlDrill, copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    folder = tmp_path_factory.mktemp("restored")
    started(drill, copy, folder)
    with mysql_servers.running(folder) as port:
        yield folder, port


def real(test: Any) -> Any:
    """Marks a test of a real server."""
    for mark in mysql_servers.NEEDED:
        test = mark(test)
    return test


@real
def test_a_restored_server_answers_the_drill_though_nobody_knows_the_passwords_of_the_copy(
    server: tuple[Path, int], found: Made
) -> None:
    folder, port = server
    check = step(found["CronJob", "ledger-daily"], "check")
    assert asked(folder, port, check) == (0, "answered: 1\n")
    ended, said = asked(folder, port, check, CHECK="SELECT count(*) = 3 FROM postings")
    assert (ended, said) == (1, "answered: 0\n")
    assert asked(folder, port, check, CHECK=HAS_A_TABLE) == (0, "answered: 1\n")


@real
def test_the_operator_comes_in_as_root_by_socket_and_network_and_the_live_passwords_are_void(
    server: tuple[Path, int], drill: MysqlDrill
) -> None:
    folder, port = server
    assert mysql_servers.by_socket(folder, "SELECT 1", DRAWN["root"]) == (True, "1")
    assert mysql_servers.by_socket(folder, "SELECT 1", LIVE["root"])[0] is False
    client = ["mariadb", "--no-defaults", "-NB", f"--host={drill.host}", f"--port={port}", f"--ssl-ca={folder}/ca.crt"]
    for user in ("root", "orders"):
        drawn, live = (each["owner" if user == "orders" else "root"] for each in (DRAWN, LIVE))
        ask = [*client, f"--user={user}", "--execute", "SELECT 1"]
        assert mysql_servers.at_home(folder, ask, {"MYSQL_PWD": drawn}).stdout.strip() == "1"
        assert "Access denied" in mysql_servers.at_home(folder, ask, {"MYSQL_PWD": live}).stderr


@real
def test_the_owner_may_in_the_copy_what_it_may_in_the_live_store(server: tuple[Path, int]) -> None:
    folder, _ = server
    passed, said = mysql_servers.by_socket(folder, "SHOW CREATE USER 'orders'@'%'", DRAWN["root"])
    assert passed
    assert "REQUIRE SSL" in said
    _, rights = mysql_servers.by_socket(folder, "SHOW GRANTS FOR 'orders'@'%'", DRAWN["root"])
    assert "ALL PRIVILEGES ON `ledger`.*" in rights


@real
def test_a_copy_from_before_there_was_an_owner_starts_all_the_same_and_the_check_is_refused(
    drill: MysqlDrill, copy: Path, found: Made, tmp_path: Path
) -> None:
    started(drill, copy, tmp_path)
    with mysql_servers.running(tmp_path):
        assert mysql_servers.by_socket(tmp_path, "DROP USER 'orders'@'%'", DRAWN["root"])[0]
    with mysql_servers.running(tmp_path) as port:
        assert mysql_servers.by_socket(tmp_path, "SELECT 1", DRAWN["root"]) == (True, "1")
        ended, said = asked(tmp_path, port, step(found["CronJob", "ledger-daily"], "check"))
    assert ended == 1
    assert "Access denied" in said
