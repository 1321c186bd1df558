"""What a real PostgreSQL makes of our rules, parameters, roles and addresses.

The server is Debian's, started as the operator starts its own: its fixed rules come before ours, its default behind
them. What connects is libpq, with the very address the service's Secret holds; only the port and the authority's folder
are those of this machine.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from blueprint import design
from blueprint.connection import Composed
from blueprint.stores.cloudnative_pg import CloudNativePg
from blueprint.stores.postgres_checks import EXTENSIONS
from blueprint.variables import Composed as Variable
from manifests.cloudnative_pg import host_rules
from tests.support.stacks import settings, shop

BINARIES: Final = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
USER: Final = "postgres"

pytestmark = [
    pytest.mark.skipif(
        BINARIES is None or shutil.which("psql") is None or shutil.which("openssl") is None,
        reason="Debian's postgresql or openssl is not installed: apt-get install postgresql openssl",
    ),
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="PostgreSQL runs as a user of its own"),
    pytest.mark.xdist_group("postgres"),
]

FIXED: Final = """\
local all all peer
hostssl postgres streaming_replica all cert
hostssl replication streaming_replica all cert
hostssl all cnpg_pooler_pgbouncer all cert
"""
"""The rules that CloudNativePG 1.30 puts before a cluster's own (its page "PostgreSQL Configuration")."""
DEFAULT: Final = "host all all all scram-sha-256\n"
"""And what it puts behind them."""

PASSWORD: Final = "of-the-owner"  # noqa: S105  (of a server that this test makes)
NEIGHBOURS: Final = "of-the-neighbour"
SHOWN: Final = {"archive_timeout": "5min"}
"""Parameters that the server shows in a shorter form than they are written in."""
_SEPARATE: Final = frozenset({"pgaudit", "vector"})
"""What the operator's image has from packages of their own."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """One PostgreSQL that runs."""

    store: CloudNativePg
    port: int
    folder: Path

    @property
    def url(self) -> str:
        """What the service's Secret holds, with the password, this server's port and this machine's folder."""
        connection = self.store.connections[self.store.resource]
        source, trust = connection.keys["url"], connection.trust
        assert isinstance(source, Composed)
        assert trust is not None
        filled = source.text.format(password=PASSWORD)
        here = filled.replace(":5432/", f":{self.port}/").replace(trust.folder, str(self.folder))
        return f"{here}&hostaddr=127.0.0.1"

    def asked(self, url: str, statement: str = "SELECT current_user || ' ' || current_database()") -> tuple[bool, str]:
        """Whether `statement` passed at `url`, and the answer or the refusal."""
        done = subprocess.run(
            ["psql", "--no-psqlrc", "--tuples-only", "--no-align", url, "--command", statement],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return done.returncode == 0, (done.stdout if done.returncode == 0 else done.stderr).strip()

    def as_superuser(self, statement: str, database: str = "postgres") -> str:
        """The answer to the operator, which comes by the socket."""
        command = ["psql", "--no-psqlrc", "-tA", "-h", str(self.folder), "-p", str(self.port), "-d", database]
        return _as_postgres([*command, "--command", statement])


def _as_postgres(command: list[str]) -> str:
    done = subprocess.run(
        ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def _openssl(*arguments: str, folder: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


def _certificates(folder: Path, store: CloudNativePg) -> None:
    """An authority, and a server's certificate for the names the store's own is for."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=stores", folder=folder)
    _openssl("req", "-x509", *key, "-keyout", "other.key", "-out", "other.crt", "-subj", "/CN=other", folder=folder)
    names = ",".join(f"DNS:{name}" for name in store.dns_names)
    signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-addext", f"subjectAltName={names}", "-subj", "/CN=db")
    _openssl("req", "-x509", *key, *signed, "-keyout", "tls.key", "-out", "tls.crt", folder=folder)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    assert BINARIES is not None
    (store,) = design(settings("prod"), shop()).services["order-service"].stores
    assert isinstance(store, CloudNativePg)
    folder = tmp_path_factory.mktemp("postgres")
    for place in (folder, *folder.parents[:3]):
        place.chmod(place.stat().st_mode | 0o755)
    _certificates(folder, store)
    for file in (folder, *folder.iterdir()):
        shutil.chown(file, USER, USER)
    (folder / "tls.key").chmod(0o600)
    data = folder / "data"
    _as_postgres([str(BINARIES / "initdb"), "--pgdata", str(data), "--encoding=UTF8", "--data-checksums"])
    (data / "pg_hba.conf").write_text(
        FIXED + "".join(f"{rule}\n" for rule in host_rules(store.database, store.user)) + DEFAULT
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    parameters = {
        **store.parameters,
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "ssl": "on",
        "ssl_ca_file": str(folder / "ca.crt"),
        "ssl_cert_file": str(folder / "tls.crt"),
        "ssl_key_file": str(folder / "tls.key"),
        "unix_socket_directories": str(folder),
    }
    with (data / "postgresql.conf").open("a") as written:
        written.writelines(f"{name} = '{value}'\n" for name, value in parameters.items())
    control = [str(BINARIES / "pg_ctl"), "--pgdata", str(data), "--log", str(folder / "log"), "--wait"]
    _as_postgres([*control, "start"])
    try:
        running = Server(store=store, port=port, folder=folder)
        for name, password in ((store.user, PASSWORD), ("neighbour", NEIGHBOURS)):
            running.as_superuser(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        running.as_superuser(f"CREATE DATABASE {store.database} OWNER {store.user}")
        running.as_superuser(f"CREATE DATABASE second OWNER {store.user}")
        yield running
    finally:
        _as_postgres([*control, "--mode=immediate", "stop"])


def test_the_owner_comes_in_with_the_address_of_its_secret_and_makes_tables(server: Server) -> None:
    assert server.asked(server.url) == (True, f"{server.store.user} {server.store.database}")
    assert server.asked(server.url, "CREATE TABLE orders (id int); DROP TABLE orders")[0]
    assert server.asked(server.url, "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == (True, "TLSv1.3")


def test_a_migration_comes_in_with_what_it_finds_in_its_environment_and_changes_the_schema(server: Server) -> None:
    migration = server.store.migration
    assert migration
    found = {each.name: each.value for each in migration.session.environment if isinstance(each, Variable)}
    here = {"PGHOSTADDR": "127.0.0.1", "PGPASSWORD": PASSWORD, "PGPORT": str(server.port)}
    trust = {"PGSSLROOTCERT": found["PGSSLROOTCERT"].replace(migration.session.trust.folder, str(server.folder))}
    given = {name: value for name, value in found.items() if name.startswith("PG")} | here | trust
    change = "BEGIN; SELECT pg_advisory_xact_lock(1); CREATE TABLE orders (id int); DROP TABLE orders; COMMIT"
    for statement in (change, "SELECT current_user"):
        done = subprocess.run(
            ["psql", "--no-psqlrc", "-tA", "--set=ON_ERROR_STOP=1", "--command", statement],
            env={"PATH": os.environ["PATH"], **given},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == server.store.user
    filled = found["DATABASE_URL"].replace("$(PGPASSWORD)", PASSWORD).replace(":5432/", f":{server.port}/")
    address = filled.replace(migration.session.trust.folder, str(server.folder)) + "&hostaddr=127.0.0.1"
    assert server.asked(address) == (True, f"{server.store.user} {server.store.database}")


def test_without_tls_nobody_comes_in(server: Server) -> None:
    passed, said = server.asked(server.url.replace("sslmode=verify-full", "sslmode=disable"))
    assert not passed
    assert 'rejects connection for host "127.0.0.1"' in said, said


def test_a_wrong_password_is_refused(server: Server) -> None:
    passed, said = server.asked(server.url.replace(PASSWORD, "guessed"))
    assert (passed, "password authentication failed" in said) == (False, True), said


def test_a_role_that_is_not_the_owner_s_is_refused_with_its_right_password(server: Server) -> None:
    theirs = server.url.replace(f"{server.store.user}:{PASSWORD}", f"neighbour:{NEIGHBOURS}")
    passed, said = server.asked(theirs)
    assert (passed, "pg_hba.conf rejects connection" in said) == (False, True), said


def test_the_owner_is_refused_in_every_other_database_also_in_one_it_owns(server: Server) -> None:
    for database in ("second", "postgres", "template1"):
        passed, said = server.asked(server.url.replace(f"/{server.store.database}?", f"/{database}?"))
        assert (passed, "pg_hba.conf rejects connection" in said) == (False, True), said


def test_a_client_leaves_a_server_another_authority_signed_or_of_another_name(server: Server) -> None:
    passed, said = server.asked(server.url.replace("ca.crt", "other.crt"))
    assert (passed, "certificate verify failed" in said) == (False, True), said
    passed, said = server.asked(server.url.replace("@db-", "@sessions-"))
    assert (passed, "does not match host name" in said) == (False, True), said


def test_the_last_rule_is_what_closes_the_server(server: Server) -> None:
    """Without it the operator's own last line admits the neighbour, and everybody without TLS."""
    rules = server.folder / "data" / "pg_hba.conf"
    ours = rules.read_text()
    rules.write_text(ours.replace("host all all all reject\n", ""))
    server.as_superuser("SELECT pg_reload_conf()")
    try:
        theirs = server.url.replace(f"{server.store.user}:{PASSWORD}", f"neighbour:{NEIGHBOURS}")
        assert server.asked(theirs.replace("verify-full", "disable"))[0]
    finally:
        rules.write_text(ours)
        server.as_superuser("SELECT pg_reload_conf()")


def test_the_server_takes_every_parameter_as_it_is_written(server: Server) -> None:
    for name, value in server.store.parameters.items():
        held = server.as_superuser(f"SELECT current_setting('{name}')")
        assert held in (value, SHOWN.get(name)), f"{name}: {value} is written, {held} holds"


def test_what_is_offered_as_an_extension_is_there(server: Server) -> None:
    available = set(server.as_superuser("SELECT name FROM pg_available_extensions").split())
    assert {*EXTENSIONS} - _SEPARATE <= available, sorted({*EXTENSIONS} - _SEPARATE - available)
