"""What a real MariaDB makes of our settings, certificate, user, grant and addresses.

The server is Debian's, started with the lines the operator adds to ours (v26.6.0, mariadb_controller_tls.go and
pkg/controller/replication/config.go). The statements are the operator's (pkg/sql/sql.go), filled from our objects. What
connects is the command-line client; only port, host address and the authority's folder are those of this machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from blueprint import design
from blueprint.connection import Composed
from blueprint.stores.mariadb_operator import OperatedMariadb
from blueprint.stores.mysql_words import RESERVED, SYSTEM
from blueprint.variables import Composed as Variable
from manifests.mariadb_operator import objects
from manifests.mariadb_server import configuration
from tests.support import mysql_servers
from tests.support.stacks import catalogue, settings

pytestmark = [*mysql_servers.NEEDED]

PASSWORD: Final = "of-the-owner"  # noqa: S105  (of a server that this test makes)
NEIGHBOURS: Final = "of-the-neighbour"

TEXT: Final = """\
      variables: {URL: "${resources.order-items.url}"}
  resources:
    order-items:
      type: mysql
      highAvailability: true
      migrations: {image: ghcr.io/acme/migrate:1.0.0, command: [migrate]}
"""
"""A database whose name has an underscore."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """One MariaDB that runs."""

    store: OperatedMariadb
    port: int
    folder: Path

    @property
    def url(self) -> str:
        """What the service's Secret holds, with the password."""
        source = self.store.connections[self.store.resource].keys["url"]
        assert isinstance(source, Composed)
        return source.text.format(password=PASSWORD)

    def asked(self, url: str, statement: str = "SELECT CURRENT_USER(), DATABASE()", **more: str) -> tuple[bool, str]:
        """Whether `statement` passed at `url`, read as MySQL's own syntax says, and the answer or the refusal."""
        address = urlsplit(url)
        (mode,), (authority,) = (parse_qs(address.query)[word] for word in ("ssl-mode", "ssl-ca"))
        ca = authority.replace(self._trust, str(self.folder))
        secured = {"VERIFY_IDENTITY": [f"--ssl-ca={ca}", "--ssl-verify-server-cert"], "DISABLED": ["--skip-ssl"]}
        return self.client(
            [
                f"--user={address.username}",
                f"--host={address.hostname}",
                *secured[mode],
                *filter(None, address.path.split("/")),
            ],
            statement,
            {"MYSQL_PWD": address.password or "", **more},
        )

    def client(self, arguments: list[str], statement: str, given: dict[str, str]) -> tuple[bool, str]:
        """The client with these `arguments` and variables; the store's names are those of this machine."""
        client = ("mariadb", "--no-defaults", "--batch", "--skip-column-names", f"--port={self.port}")
        done = mysql_servers.at_home(self.folder, [*client, *arguments, "--execute", statement], given)
        return done.returncode == 0, (done.stdout if done.returncode == 0 else done.stderr).strip()

    @property
    def _trust(self) -> str:
        trust = self.store.connections[self.store.resource].trust
        assert trust is not None
        return trust.folder

    def as_root(self, statement: str) -> str:
        """The answer to the operator, which comes by the socket here."""
        passed, said = mysql_servers.by_socket(self.folder, statement)
        assert passed, f"{statement}: {said}"
        return said


def _followed(store: OperatedMariadb) -> str:
    """What the operator writes where followers stand beside the first."""
    return (
        f"log_bin\nlog_basename={store.resource}\ngtid_strict_mode\nserver_id=10\n"
        "rpl_semi_sync_master_enabled=ON\nrpl_semi_sync_slave_enabled=ON\nrpl_semi_sync_master_timeout=1\n"
        "rpl_semi_sync_master_wait_point=AFTER_SYNC\n"
    )


def _spec(store: OperatedMariadb, kind: str) -> dict[str, Any]:
    (found,) = (each["spec"] for each in objects(store) if each["kind"] == kind)
    return dict(found)


def _declare(server: Server) -> None:
    """The operator's statements for the Database, the User and the Grant."""
    database, user, grant = (_spec(server.store, kind) for kind in ("Database", "User", "Grant"))
    account = f"'{user['name']}'@'{user['host']}'"
    assert user["require"] == {"ssl": True}
    server.as_root(
        f"CREATE DATABASE `{database['name']}` CHARACTER SET = '{database['characterSet']}'"
        f" COLLATE = '{database['collate']}'"
    )
    server.as_root(
        f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{PASSWORD}' REQUIRE SSL"
        f" WITH MAX_USER_CONNECTIONS {user['maxUserConnections']}"
    )
    assert grant["grantOption"] is False
    (right,) = grant["privileges"]
    server.as_root(
        f"GRANT {right} ON `{grant['database']}`.{grant['table']} TO '{grant['username']}'@'{grant['host']}'"
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    text = tmp_path_factory.mktemp("catalogue") / "services"
    (store,) = design(settings("prod"), catalogue(text, shop=TEXT), "prod").services["shop"].stores
    assert isinstance(store, OperatedMariadb)
    folder = tmp_path_factory.mktemp("mysql")
    mysql_servers.prepare(folder, store.dns_names, configuration(store), _followed(store))
    mysql_servers.install(folder)
    with mysql_servers.running(folder) as port:
        made = Server(store=store, port=port, folder=folder)
        _declare(made)
        made.as_root(f"CREATE USER 'neighbour'@'%' IDENTIFIED BY '{NEIGHBOURS}' REQUIRE SSL")
        made.as_root(f"CREATE USER 'careless'@'%' IDENTIFIED BY '{NEIGHBOURS}'")
        made.as_root("CREATE DATABASE second; CREATE DATABASE orderXitems")
        yield made


def test_the_owner_comes_in_with_the_address_of_its_secret_and_makes_tables(server: Server) -> None:
    assert server.asked(server.url) == (True, "shop@%\torder_items")
    made = "CREATE TABLE a (id int, doc JSON); INSERT INTO a VALUES (1, '{}'); DROP TABLE a"
    assert server.asked(server.url, made) == (True, "")
    assert server.asked(server.url, "SHOW STATUS LIKE 'Ssl_version'") == (True, "Ssl_version\tTLSv1.3")


def test_a_migration_comes_in_with_what_it_finds_in_its_environment(server: Server) -> None:
    migration = server.store.migration
    assert migration
    found = {each.name: each.value for each in migration.session.environment if isinstance(each, Variable)}
    given = {name: value for name, value in found.items() if name == "MYSQL_HOST"} | {"MYSQL_PWD": PASSWORD}
    ca = found["DATABASE_CA"].replace(migration.session.trust.folder, str(server.folder))
    arguments = ["--user=shop", f"--ssl-ca={ca}", "--ssl-verify-server-cert", "order_items"]
    assert server.client(arguments, "CREATE TABLE m (id int); DROP TABLE m", given) == (True, "")
    assert found["MYSQL_TCP_PORT"] == "3306"
    assert server.asked(found["DATABASE_URL"].replace("$(MYSQL_PWD)", PASSWORD)) == (True, "shop@%\torder_items")


def test_without_tls_nobody_comes_in(server: Server) -> None:
    """By what is asked of the owner, and of a user of whom nothing is asked by what the server asks of everybody."""
    careless = server.url.replace(f"shop:{PASSWORD}", f"careless:{NEIGHBOURS}").replace("/order_items?", "/?")
    for url in (server.url, careless):
        assert server.asked(url, "SELECT 1") == (True, "1")
        passed, said = server.asked(url.replace("VERIFY_IDENTITY", "DISABLED"), "SELECT 1")
        assert (passed, "Access denied" in said) == (False, True), said


def test_a_wrong_password_is_refused(server: Server) -> None:
    passed, said = server.asked(server.url.replace(PASSWORD, "guessed"))
    assert (passed, "Access denied" in said) == (False, True), said


def test_a_user_that_is_not_the_owner_is_refused_in_its_database(server: Server) -> None:
    passed, said = server.asked(server.url.replace(f"shop:{PASSWORD}", f"neighbour:{NEIGHBOURS}"))
    assert (passed, "Access denied" in said) == (False, True), said


def test_the_owner_is_refused_in_every_other_database_also_in_one_that_is_called_nearly_the_same(
    server: Server,
) -> None:
    for database in ("second", "mysql", "orderXitems"):
        passed, said = server.asked(server.url.replace("/order_items?", f"/{database}?"))
        assert (passed, "Access denied" in said) == (False, True), f"{database}: {said}"


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT SELECT ON order_items.* TO 'neighbour'@'%'",
        "CREATE USER more",
        "CREATE DATABASE more",
        "CREATE DATABASE orderYitems",
        "SET GLOBAL max_connections = 1",
        "SHOW MASTER STATUS",
        "SELECT * INTO OUTFILE '/tmp/out' FROM information_schema.tables",
    ],
)
def test_the_owner_may_do_nothing_to_the_server_or_for_others(statement: str, server: Server) -> None:
    passed, said = server.asked(server.url, statement)
    assert (passed, "denied" in said) == (False, True), said


def test_a_client_leaves_a_server_another_authority_signed_or_of_another_name(server: Server) -> None:
    passed, said = server.asked(server.url.replace("ca.crt", "other.crt"))
    assert (passed, "TLS/SSL error" in said) == (False, True), said
    host = urlsplit(server.url).hostname or ""
    passed, said = server.asked(server.url.replace(host, "elsewhere.example"))
    assert (passed, "TLS/SSL error" in said) == (False, True), said


def test_the_server_takes_every_setting_as_it_is_written(server: Server) -> None:
    units = {"M": 1 << 20}
    for name, value in server.store.parameters.items():
        held = server.as_root(f"SELECT @@global.{name}")
        number = str(int(value[:-1]) * units[value[-1]]) if value[-1] in units and value[:-1].isdigit() else value
        expected = {"ON": "1", "OFF": "0"}.get(number, number)
        if name == "innodb_buffer_pool_size":
            # In whole chunks, which may make it a little larger.
            assert 0 <= int(held) - int(expected) < 128 * units["M"]
        else:
            assert held == expected, f"{name}: {value} is written, {held} holds"


def test_the_users_connections_end_before_the_servers(server: Server) -> None:
    held = server.as_root("SELECT max_user_connections FROM mysql.user WHERE user = 'shop'")
    assert int(held) < int(server.as_root("SELECT @@global.max_connections"))


def test_words_that_are_refused_as_names_need_quotes_and_the_servers_own_databases_are_there(server: Server) -> None:
    for word in sorted(RESERVED):
        statement = f"CREATE DATABASE {word}"
        passed, said = mysql_servers.by_socket(server.folder, statement)
        assert (passed, "ERROR 1064" in said) == (False, True), f"{statement} passed: {said}"
    assert {*SYSTEM} <= set(server.as_root("SHOW DATABASES").split())
