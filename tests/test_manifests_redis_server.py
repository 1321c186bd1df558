"""What a real server makes of our settings, certificate, password and addresses.

Two judge: one of the version that the pods run, which has no TLS here and reads every word; and Debian's Redis, which
has TLS and does not know how to read a renewed certificate by itself. A Valkey with TLS on the path is both. They are
started as the operator starts its own; what connects is a client with the very address the service's Secret holds, only
the port is that of this machine.
"""

import contextlib
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import design
from blueprint.connection import Composed
from blueprint.stores.redis_operator import IMAGES, OperatedRedis
from manifests import Manifest
from manifests.redis_operator import objects, sentinel_settings, server_settings
from tests.support import redis_servers as real
from tests.support.redis_servers import Client, Process, trusting
from tests.support.stacks import settings, shop

pytestmark = pytest.mark.xdist_group("redis")
needs_tls = pytest.mark.skipif(
    real.WITH_TLS is None or shutil.which("openssl") is None,
    reason="no server with TLS on the path: apt-get install redis-server openssl",
)

PASSWORD: Final = "drawn-by-nobody"  # noqa: S105  (the test's own server)


def _store(service: str) -> OperatedRedis:
    (store,) = [of for of in design(settings("prod"), shop()).services[service].stores if isinstance(of, OperatedRedis)]
    return store


STORE: Final = _store("cart-service")


def _one(kind: str, store: OperatedRedis = STORE) -> Manifest:
    (found,) = [made for made in objects(store) if made["kind"] == kind]
    return found


def _certificate(folder: Path, store: OperatedRedis, name: str = "tls") -> None:
    spec = _one("Certificate", store)["spec"]
    real.certificate(folder, name, spec["dnsNames"], spec["usages"])


@dataclass(frozen=True, kw_only=True)
class Server:
    """One server of the store that runs."""

    process: Process
    folder: Path
    """With its certificates, and those of others."""

    @property
    def url(self) -> str:
        """What the service's Secret holds, with the password."""
        source = STORE.connections[STORE.resource].keys["url"]
        assert isinstance(source, Composed)
        return source.text.format(password=PASSWORD)

    def client(self, url: str = "", context: ssl.SSLContext | None = None) -> Client:
        return Client(url or self.url, self.process.port, context or trusting(self.folder / "ca.crt"))


@contextlib.contextmanager
def _started(
    folder: Path, certificates: Path, store: OperatedRedis = STORE, change: Callable[[str], str] = str
) -> Iterator[Process]:
    assert real.WITH_TLS
    port, included = real.free_port(), folder / "included.conf"
    folder.mkdir(parents=True)
    included.write_text(change(_known(server_settings(store))))
    lines = real.server_lines(_one("RedisReplication", store), PASSWORD, certificates, port, included)
    lines = [f"dir {folder}" if line.startswith("dir ") else line for line in lines]
    with real.running(real.WITH_TLS, lines, folder, port) as process:
        yield process


def _known(text: str) -> str:
    """Without what the server at hand does not know; the pinned one knows all of it, see below."""
    assert real.WITH_TLS
    later = () if real.reloads(real.WITH_TLS) else real.LATER
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(later) or not later)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    real.authorities(folder)
    _certificate(folder, STORE)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[Server]:
    with _started(tmp_path_factory.mktemp("redis") / "first", certificates) as process:
        yield Server(process=process, folder=certificates)


def test_the_pinned_server_reads_every_word_of_the_settings(tmp_path: Path) -> None:
    assert real.version(real.PINNED) == ("Valkey", tuple(map(int, IMAGES["9"].tag.partition("-")[0].split("."))))
    for name, text, sentinel in (("server", server_settings(STORE), False), ("sentinel", sentinel_settings(), True)):
        folder, port = tmp_path / name, real.free_port()
        folder.mkdir()
        (folder / "included.conf").write_text(text)
        lines = [f"port {port}", f"dir {folder}", f"include {folder / 'included.conf'}"]
        with real.running(real.PINNED, lines, folder, port, sentinel=sentinel) as process:
            assert process.process.poll() is None
            if not sentinel:
                with Client("redis://store", port, None) as client:
                    assert client.says("CONFIG", "GET", "maxmemory-policy").endswith(STORE.policy)


@needs_tls
def test_the_owner_comes_in_with_the_address_of_its_secret(server: Server) -> None:
    with server.client() as client:
        assert client.greetings == ["+OK", "+OK"]
        assert client.says("SET", "cart:1", "two of these") == "+OK"
        assert client.says("GET", "cart:1") == "two of these"
        assert isinstance(client.connection, ssl.SSLSocket)
        assert client.connection.version() == "TLSv1.3"


@needs_tls
def test_without_tls_nobody_comes_in(server: Server) -> None:
    try:
        with Client(server.url.replace("rediss", "redis"), server.process.port, None) as client:
            assert not any(said.startswith(("+", "-")) for said in client.greetings), client.greetings
    except OSError:
        pass  # it hangs up: that is a refusal too


@needs_tls
def test_an_older_tls_is_refused(server: Server) -> None:
    context = trusting(server.folder / "ca.crt")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
        server.client(context=context)


@needs_tls
def test_without_the_password_or_with_a_wrong_one_nothing_is_answered(server: Server) -> None:
    with server.client(server.url.replace(f"default:{PASSWORD}@", "").removesuffix("/0")) as client:
        assert client.says("GET", "cart:1").startswith("-NOAUTH")
    with server.client(server.url.replace(PASSWORD, "guessed")) as client:
        assert client.greetings[0].startswith("-WRONGPASS")
        assert client.says("GET", "cart:1").startswith("-NOAUTH")


@needs_tls
def test_a_client_leaves_a_server_another_authority_signed_or_of_another_name(server: Server) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get|self.signed"):
        server.client(context=trusting(server.folder / "other.crt"))
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        server.client(server.url.replace("@db-", "@sessions-"))


@needs_tls
def test_every_address_of_the_connection_is_one_its_certificate_is_for(server: Server) -> None:
    for key in ("host", "read_host"):
        host: Any = STORE.connections[STORE.resource].keys[key]
        with server.client(f"rediss://default:{PASSWORD}@{host.text}:6379/0") as client:
            assert client.says("PING") == "+PONG"


@needs_tls
def test_the_server_takes_every_setting_as_it_is_written(server: Server) -> None:
    limit = STORE.size.amounts.memory_limit_mib << 20
    expected = {
        "maxmemory": str(limit * STORE.memory_percent // 100),
        "maxmemory-policy": STORE.policy,
        "maxclients": str(STORE.size.connections),
        "appendonly": "yes",
        "port": "0",
    }
    with server.client() as client:
        held = {name: client.says("CONFIG", "GET", name).partition("\n")[2] for name in expected}
    assert held == expected


@needs_tls
def test_a_certificate_for_servers_alone_is_refused_where_a_pod_shows_it(server: Server) -> None:
    """Followers, Sentinels, probes and the operator all show the server's own."""
    for name, usages in (("serves", ["server auth"]), ("both", _one("Certificate")["spec"]["usages"])):
        real.certificate(server.folder, name, STORE.dns_names, usages)
        context = trusting(server.folder / "ca.crt")
        context.load_cert_chain(server.folder / f"{name}.crt", server.folder / f"{name}.key")
        if name == "both":
            with server.client(context=context) as client:
                assert client.says("PING") == "+PONG"
        else:
            with pytest.raises((ssl.SSLError, ConnectionError), match=r"(?i)certificate|reset|EOF"):
                server.client(context=context)


@needs_tls
def test_the_operators_probe_passes_and_fails_with_another_password(server: Server) -> None:
    """What it puts into the probes (v0.26.0, internal/k8sutils/statefulset.go: getProbeInfo)."""
    cli = shutil.which("redis-cli")
    if cli is None:
        pytest.skip("no redis-cli on the path: apt-get install redis-tools")
    files = ["--cert", "tls.crt", "--key", "tls.key", "--cacert", "ca.crt"]
    for password, answered in ((PASSWORD, "PONG"), ("guessed", "NOAUTH Authentication required.")):
        command = [cli, "-h", "127.0.0.1", "-p", str(server.process.port), "-a", password, "--tls", *files, "ping"]
        done = subprocess.run(command, cwd=server.folder, check=False, capture_output=True, text=True, timeout=30)
        assert done.stdout.strip() == answered


@needs_tls
def test_a_renewed_certificate_is_shown_without_a_restart(tmp_path: Path, certificates: Path) -> None:
    if not (real.WITH_TLS and real.reloads(real.WITH_TLS)):
        pytest.skip("only Valkey 9.1 and later read a renewed certificate by themselves; none with TLS is on the path")
    folder = tmp_path / "certificates"
    shutil.copytree(certificates, folder)

    def soon(text: str) -> str:
        assert "tls-auto-reload-interval 3600" in text
        return text.replace("tls-auto-reload-interval 3600", "tls-auto-reload-interval 1")

    with _started(tmp_path / "one", folder, change=soon) as process:
        server = Server(process=process, folder=folder)

        def shown() -> str:
            with server.client() as client:
                assert isinstance(client.connection, ssl.SSLSocket)
                return str((client.connection.getpeercert() or {})["serialNumber"])

        before = shown()
        _certificate(folder, STORE)
        assert _eventually(lambda: shown() != before), "after ninety days nobody would come in any more"


@needs_tls
def test_a_cache_without_a_disk_writes_nothing(tmp_path: Path, certificates: Path) -> None:
    store = _store("auth-service")
    alone = replace(store, instances=1, sentinels=None, keeps=False)
    folder = tmp_path / "cache"
    with _started(folder, certificates, alone) as process, _client(process, certificates) as client:
        assert client.says("CONFIG", "GET", "save").split() == ["save"]
        assert client.says("SET", "session:1", "x") == "+OK"
    assert {each.name for each in folder.iterdir()} == {"included.conf", "server.conf", "log"}


def _client(process: Process, certificates: Path) -> Client:
    return Server(process=process, folder=certificates).client()


def _eventually(holds: Callable[[], bool], seconds: int = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if holds():
                return True
        time.sleep(0.2)
    return False


@pytest.fixture
def replicated(tmp_path: Path, certificates: Path) -> Iterator[tuple[list[Server], list[Server]]]:
    """A first, a follower and the Sentinels, as the operator puts them together."""
    sentinel = _one("RedisSentinel")
    sentinel["spec"]["redisSentinelConfig"]["downAfterMilliseconds"] = "1000"  # for the test not to take longer
    included = tmp_path / "sentinel-included.conf"
    included.write_text(_known(sentinel_settings()))
    assert real.WITH_TLS
    with contextlib.ExitStack() as stack:
        pods = [
            Server(process=stack.enter_context(_started(tmp_path / name, certificates)), folder=certificates)
            for name in ("first", "follower")
        ]
        first = pods[0].process.port
        with pods[1].client() as client:
            assert client.says("REPLICAOF", "127.0.0.1", first) == "+OK"
        sentinels = []
        for index in range(sentinel["spec"]["clusterSize"]):
            port, folder = real.free_port(), tmp_path / f"sentinel-{index}"
            lines = real.sentinel_lines(sentinel, PASSWORD, certificates, port, first, included)
            lines = [f"dir {folder}" if line.startswith("dir ") else line for line in lines]
            process = stack.enter_context(real.running(real.WITH_TLS, lines, folder, port, sentinel=True))
            sentinels.append(Server(process=process, folder=certificates))
        yield pods, sentinels


def _info(server: Server, section: str) -> dict[str, str]:
    with server.client() as client:
        lines = client.says("INFO", section).splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


@needs_tls
def test_a_follower_follows_with_tls_and_takes_over_when_the_first_is_gone(
    replicated: tuple[list[Server], list[Server]],
) -> None:
    (first, follower), sentinels = replicated
    assert _eventually(lambda: _info(follower, "replication").get("master_link_status") == "up"), "it never follows"
    with first.client() as client:
        assert client.says("SET", "cart:1", "kept") == "+OK"

    def watched() -> bool:
        said = [_info(sentinel, "sentinel").get("master0", "") for sentinel in sentinels]
        return all("status=ok,address=127.0.0.1" in each and "slaves=1,sentinels=3" in each for each in said)

    assert _eventually(watched), [_info(sentinel, "sentinel") for sentinel in sentinels]
    first.process.process.kill()
    assert _eventually(lambda: _info(follower, "replication")["role"] == "master", 60), "nobody takes over"
    with follower.client() as client:
        assert client.says("GET", "cart:1") == "kept"
        assert client.says("SET", "cart:2", "new") == "+OK"


@needs_tls
def test_a_sentinel_answers_nobody_without_tls_and_password(replicated: tuple[list[Server], list[Server]]) -> None:
    _, (sentinel, *_) = replicated
    with sentinel.client(sentinel.url.replace(f"default:{PASSWORD}@", "").removesuffix("/0")) as client:
        assert client.says("SENTINEL", "MASTERS").startswith("-NOAUTH")
