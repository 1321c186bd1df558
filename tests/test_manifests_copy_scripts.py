"""What the runs that copy stores do, as processes: with the programs of their images where this machine has them, else
with stand-ins that say what they were asked."""

import re
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest

from manifests import Manifest
from tests.support.copy_runs import BUCKET, job, made, program, run, steps, variables
from tests.support.snapshot_server import Snapshots, running

LISTED: Final = """\
case "$1" in
  lsf) test "$3" = ":s3:shop-prod-copies/shop/db" && printf '%s\\n' $FOUND || exit 3 ;;
  purge) echo "$2" >> "$GONE"; exit "${PURGED:-0}" ;;
esac
"""


@pytest.fixture
def remove(tmp_path: Path) -> tuple[Manifest, Path]:
    """What removes copies after a day, and a folder with a bucket's client that lists $FOUND."""
    found = made(tmp_path / "services", "clickhouse", "backup: {retention: 1d}")
    program(tmp_path, "rclone", LISTED)
    return steps(found)[-1], tmp_path


def days_ago(days: float) -> str:
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() - days * 86_400))


def _gone(folder: Path) -> list[str]:
    gone = folder / "gone"
    return gone.read_text().split() if gone.exists() else []


def test_what_is_past_its_time_is_removed_and_nothing_else(remove: tuple[Manifest, Path]) -> None:
    container, folder = remove
    old, older, new = days_ago(1.1), days_ago(400), days_ago(0.9)
    others = ("velero/", "2024/", "20240101000000-by-hand/", "99999999/", f"a{older}/")
    listed = " ".join([f"{old}/", f"{older}/", f"{new}/", *others])
    done = run(container, folder, FOUND=listed, GONE=str(folder / "gone"))
    assert done.returncode == 0, done.stderr
    assert sorted(_gone(folder)) == [f":s3:{BUCKET}/{older}", f":s3:{BUCKET}/{old}"]


@pytest.mark.parametrize("more", [{"COPIES_PLACE": "another"}, {"PURGED": "1"}])
def test_a_bucket_that_refuses_fails_the_run(more: dict[str, str], remove: tuple[Manifest, Path]) -> None:
    container, folder = remove
    done = run(container, folder, FOUND=f"{days_ago(2)}/ {days_ago(3)}/", GONE=str(folder / "gone"), **more)
    assert done.returncode != 0
    assert len(_gone(folder)) <= 1, "it goes no further"


def test_a_clickhouse_is_asked_over_tls_for_one_database_and_one_place(tmp_path: Path) -> None:
    found = made(tmp_path / "services", "clickhouse", "params: {database: facts}")
    program(tmp_path, "clickhouse-client", 'printf "%s\\n" "$CLICKHOUSE_PASSWORD" "$@"')
    (tmp_path / "password").write_text("drawn")
    done = run(steps(found)[0], tmp_path)
    password, *arguments = done.stdout.splitlines()
    assert (done.returncode, password) == (0, "drawn")
    given = dict(each.removeprefix("--").split("=", 1) for each in arguments)
    place = f"https://s3.eu-west-1.amazonaws.com/{BUCKET}"
    assert re.fullmatch(rf"BACKUP DATABASE `facts` TO S3\('{re.escape(place)}/[0-9]{{14}}'\)", given["query"])
    assert (given["host"], given["port"]) == ("clickhouse-db.shop-data.svc.cluster.local", "9440")
    assert "drawn" not in "".join(arguments), "a command line is anybody's to read"
    assert int(given["receive_timeout"]) == job(found)["jobTemplate"]["spec"]["activeDeadlineSeconds"]
    client = ElementTree.parse(given["config-file"])  # noqa: S314  our own text
    assert client.findtext("secure") == "1"
    tls = client.find("openSSL/client")
    assert tls is not None
    assert tls.findtext("caConfig") == f"{tmp_path}/ca.crt"
    assert (tls.findtext("verificationMode"), tls.findtext("loadDefaultCAFile")) == ("strict", "false")
    assert tls.findtext("invalidCertificateHandler/name") == "RejectCertificateHandler"


@pytest.mark.parametrize("program_", ["exit 7", ""])
def test_a_server_that_refuses_or_a_password_that_is_missing_fails_the_run(program_: str, tmp_path: Path) -> None:
    found = made(tmp_path / "services", "clickhouse")
    program(tmp_path, "clickhouse-client", program_ or "exit 0")
    if program_:
        (tmp_path / "password").write_text("drawn")
    assert run(steps(found)[0], tmp_path).returncode != 0


needs_curl = pytest.mark.skipif(
    None in (shutil.which("curl"), shutil.which("openssl")),
    reason="no curl or openssl on the path: apt-get install curl openssl",
)


@pytest.fixture
def snapshots(tmp_path: Path) -> Iterator[Snapshots]:
    """An Elasticsearch with a snapshot of each age, and one that somebody made by hand."""
    (tmp_path / "password").write_text("drawn")
    held = Snapshots(user="platform_copier", password="drawn")  # noqa: S106
    held.names = [days_ago(400), days_ago(1.1), days_ago(0.9), "before-the-move"]
    with running(held, tmp_path) as served:
        yield served


def copied(snapshots: Snapshots, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The run of an Elasticsearch that keeps its copies for a day."""
    (container,) = steps(made(folder / "services", "elasticsearch", "backup: {retention: 1d}"))
    assert variables(container)["STORE_HOST"] == "db-es-http.shop-data.svc.cluster.local"
    return run(container, folder, **{"STORE_HOST": "localhost", "STORE_PORT": str(snapshots.port), **more})


@needs_curl
def test_an_elasticsearch_makes_a_snapshot_in_the_bucket_and_then_removes_old_ones(
    snapshots: Snapshots, tmp_path: Path
) -> None:
    _, old, recent, others = snapshots.names
    done = copied(snapshots, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert snapshots.repository == {"type": "s3", "settings": {"bucket": "shop-prod-copies", "base_path": "shop/db"}}
    assert snapshots.asked == {"indices": "*", "include_global_state": True, "partial": False}
    *kept, new = snapshots.names
    assert kept == [recent, others]
    assert abs(int(new) - int(days_ago(0))) < 100, "called after now"
    assert old in done.stdout, "and says what it removes"
    assert stat.S_IMODE((tmp_path / "curl").stat().st_mode) == 0o600, "nobody else reads the password"


@needs_curl
@pytest.mark.parametrize("state", ["PARTIAL", "FAILED"])
def test_a_snapshot_that_is_not_whole_fails_the_run_and_removes_nothing(
    state: str, snapshots: Snapshots, tmp_path: Path
) -> None:
    snapshots.state, before = state, list(snapshots.names)
    done = copied(snapshots, tmp_path)
    assert (done.returncode, state in done.stdout) == (1, True)
    assert snapshots.names[:4] == before


@needs_curl
def test_a_wrong_password_or_authority_fails_the_run(snapshots: Snapshots, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("guessed")
    assert copied(snapshots, tmp_path).returncode != 0
    (tmp_path / "password").write_text("drawn")
    (tmp_path / "other.crt").replace(tmp_path / "ca.crt")
    assert copied(snapshots, tmp_path).returncode != 0
    assert (snapshots.repository, len(snapshots.names)) == (None, 4)
