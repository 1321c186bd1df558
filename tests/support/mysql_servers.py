"""A real MariaDB on this machine, and a client that finds the names of the cluster here.

Beside our settings stand the lines of the operator (v26.6.0, internal/controller/mariadb_controller_tls.go).
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support.redis_servers import authorities, certificate, free_port

START_SECONDS: Final = 30
AS_MYSQL: Final = ("setpriv", "--reuid=mysql", "--regid=mysql", "--clear-groups")

NEEDED: Final = (
    pytest.mark.skipif(
        None in (shutil.which("mariadbd"), shutil.which("mariadb"), shutil.which("openssl")),
        reason="Debian's mariadb-server or openssl is not installed: apt-get install mariadb-server openssl",
    ),
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="MariaDB runs as a user of its own"),
    pytest.mark.xdist_group("mysql"),
)
"""The marks of tests that start one."""


def prepare(folder: Path, dns_names: Sequence[str], written: str, more: str = "") -> None:
    """Certificates for `dns_names`, and the settings `written` by us with those of the operator and `more`."""
    for place in (folder, *folder.parents[:3]):
        place.chmod(place.stat().st_mode | 0o755)
    authorities(folder)
    certificate(folder, "tls", dns_names, ("server auth", "client auth"))
    others = " ".join(name for name in dns_names if not name.startswith("*"))
    (folder / "hosts").write_text(f"127.0.0.1 {others} elsewhere.example\n")
    (folder / "server.cnf").write_text(
        f"{written}[mariadb]\n"
        f"ssl_cert = {folder}/tls.crt\nssl_key = {folder}/tls.key\nssl_ca = {folder}/ca.crt\n"
        f"require_secure_transport = true\ntls_version = TLSv1.3\n{more}"
        f"datadir={folder}/data\nsocket={folder}/socket\npid_file={folder}/pid\nbind_address=127.0.0.1\n"
    )
    _hand_over(folder)


def install(folder: Path) -> None:
    """A server's own tables, as the image makes them: root has no password yet."""
    made = subprocess.run(
        [
            *AS_MYSQL,
            *("mariadb-install-db", f"--defaults-file={folder}/server.cnf", "--skip-test-db"),
            "--auth-root-authentication-method=normal",
        ],
        cwd="/",
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert made.returncode == 0, made.stdout + made.stderr


def copied(live: Path, folder: Path) -> None:
    """What a copy of a server that has stopped puts into another's `folder`."""
    shutil.copytree(live / "data", folder / "data")
    _hand_over(folder)


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """The port at which the server of `folder` answers."""
    port = free_port()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*AS_MYSQL, "mariadbd", f"--defaults-file={folder}/server.cnf", f"--port={port}"],
            cwd="/",
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        for _ in range(START_SECONDS * 10):
            assert process.poll() is None, (folder / "log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)


def at_home(folder: Path, command: Sequence[str], given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """`command` with the variables `given`, where the store's names are those of this machine."""
    hosts = f'mount --bind {folder}/hosts /etc/hosts && exec "$@"'
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", hosts, "sh", *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": os.environ["PATH"], **given},
    )


def by_socket(folder: Path, statement: str, password: str | None = None) -> tuple[bool, str]:
    """Whether `statement` passed as root by the socket, with a password where there is one, and what was answered."""
    done = subprocess.run(
        ["mariadb", "--no-defaults", "-N", "-B", "--user=root", f"--socket={folder}/socket", "--execute", statement],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], **({"MYSQL_PWD": password} if password else {})},
    )
    return done.returncode == 0, (done.stdout if done.returncode == 0 else done.stderr).strip()


def _hand_over(folder: Path) -> None:
    for place in (folder, *folder.rglob("*")):
        shutil.chown(place, "mysql", "mysql")
