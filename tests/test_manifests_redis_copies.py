"""What the run that copies a Redis does, as processes: a real server with TLS, its own client, rclone, and a bucket.

Debian's Redis stands for Valkey. Host, port and the bucket, which is a stand-in, are those of this machine.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from blueprint import design
from blueprint.stores.redis_operator import OperatedRedis
from manifests import Manifest
from manifests.copy_jobs import job
from manifests.redis_operator import objects
from tests.support import redis_servers as real
from tests.support.bucket_server import Bucket, running
from tests.support.copy_runs import program, run, variables
from tests.support.redis_servers import Client, Process, trusting
from tests.support.stacks import settings, shop

pytestmark = [
    pytest.mark.xdist_group("redis"),
    pytest.mark.skipif(
        real.WITH_TLS is None or None in (shutil.which("redis-cli"), shutil.which("openssl")),
        reason="no server with TLS on the path: apt-get install redis-server openssl",
    ),
]
needs_rclone = pytest.mark.skipif(
    shutil.which("rclone") is None, reason="no rclone on the path: apt-get install rclone"
)

PASSWORD: Final = "drawn-by-nobody"  # noqa: S105  (the test's own server)


def _store() -> OperatedRedis:
    stores = design(settings("prod"), shop()).services["cart-service"].stores
    (store,) = [of for of in stores if isinstance(of, OperatedRedis)]
    return store


STORE: Final = _store()


def _steps() -> list[Manifest]:
    assert STORE.copying
    (cron_job,) = [each for each in job(STORE.copying) if each["kind"] == "CronJob"]
    spec = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return [*spec["initContainers"], *spec["containers"]]


COPY, WRITE, REMOVE = _steps()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    """A pod of the store with a cart in it; the files of the run's pod are in the same folder."""
    assert real.WITH_TLS
    folder, port = tmp_path / "server", real.free_port()
    folder.mkdir()
    (certificate,) = [each["spec"] for each in objects(STORE) if each["kind"] == "Certificate"]
    (replication,) = [each for each in objects(STORE) if each["kind"] == "RedisReplication"]
    real.authorities(tmp_path)
    real.certificate(tmp_path, "tls", certificate["dnsNames"], certificate["usages"])
    (tmp_path / "included.conf").write_text("")
    lines = real.server_lines(replication, PASSWORD, tmp_path, port, tmp_path / "included.conf")
    lines = [f"dir {folder}" if line.startswith("dir ") else line for line in lines]
    (tmp_path / "password").write_text(PASSWORD)
    for ours in ("valkey-cli", "valkey-check-rdb"):
        program(tmp_path, ours, f'exec {ours.replace("valkey", "redis")} "$@"')
    with real.running(real.WITH_TLS, lines, folder, port) as process:
        url = f"rediss://default:{PASSWORD}@{STORE.dns_names[0]}:6379/0"
        with Client(url, port, trusting(tmp_path / "ca.crt")) as client:
            assert client.says("SET", "cart:1", "two of these") == "+OK"
        yield process


def _copied(server: Process, folder: Path) -> tuple[int, str]:
    done = run(COPY, folder, STORE_HOST="127.0.0.1", STORE_PORT=str(server.port))
    return done.returncode, done.stdout + done.stderr


def test_what_a_real_server_holds_is_what_a_new_one_reads_from_the_copy(server: Process, tmp_path: Path) -> None:
    status, said = _copied(server, tmp_path)
    assert status == 0, said
    port, folder = real.free_port(), tmp_path / "restored"
    folder.mkdir()
    (tmp_path / "dump.rdb").rename(folder / "dump.rdb")
    assert real.WITH_TLS
    with (
        real.running(real.WITH_TLS, [f"port {port}", f"dir {folder}"], folder, port),
        Client("redis://restored", port, None) as client,
    ):
        assert client.says("GET", "cart:1") == "two of these"


def test_a_wrong_password_or_authority_fails_the_run(server: Process, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("guessed")
    assert _copied(server, tmp_path)[0] != 0
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "other.crt").replace(tmp_path / "ca.crt")
    assert _copied(server, tmp_path)[0] != 0


def test_a_copy_that_is_not_whole_fails_the_run(server: Process, tmp_path: Path) -> None:
    """The client says that all is well, and half of the file is there."""
    real_client = shutil.which("redis-cli")
    program(tmp_path, "valkey-cli", f'{real_client} "$@" && truncate --size=-12 {tmp_path}/dump.rdb')
    assert _copied(server, tmp_path)[0] != 0


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with running(Bucket("shop-prod-copies")) as served:
        yield served


def _rclone(container: Manifest, folder: Path, bucket: Bucket) -> tuple[int, str]:
    """The script of `container` against `bucket`, with keys because nobody here gives a token."""
    here = {
        "AWS_ACCESS_KEY_ID": "of-the-test",
        "AWS_SECRET_ACCESS_KEY": "of-the-test",
        "RCLONE_LOW_LEVEL_RETRIES": "1",
        "RCLONE_RETRIES": "1",
        "RCLONE_S3_ENDPOINT": bucket.address,
        # Of AWS a bucket is a host.
        "RCLONE_S3_PROVIDER": "Other",
    }
    done = run(container, folder, **here)
    return done.returncode, done.stdout + done.stderr


@needs_rclone
def test_a_copy_is_written_below_the_stores_place_and_old_ones_are_removed(tmp_path: Path, bucket: Bucket) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0011" + bytes(1024))
    place, days = "cart-service/db", variables(REMOVE)["KEPT_DAYS"]
    old = {f"{place}/20240101020000/dump.rdb", f"{place}/20240102020000/folder/part"}
    others = {f"{place}/notes/dump.rdb", f"{place}-2/20240101020000/dump.rdb", "velero/20240101020000/x"}
    bucket.held.update(dict.fromkeys((*old, *others), b"held"))
    for container in (WRITE, REMOVE):
        status, said = _rclone(container, tmp_path, bucket)
        assert status == 0, said
    assert days == "30"
    (new,) = bucket.held.keys() - others
    assert new.startswith(f"{place}/2")
    assert new.endswith("/dump.rdb")
    assert bucket.held[new] == (tmp_path / "dump.rdb").read_bytes()


@needs_rclone
def test_a_bucket_that_is_not_there_fails_the_run(tmp_path: Path, bucket: Bucket) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0011")
    bucket.name = "another"
    assert _rclone(WRITE, tmp_path, bucket)[0] != 0
    assert _rclone(REMOVE, tmp_path, bucket)[0] != 0
