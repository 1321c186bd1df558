"""Fetching releases from a server on this machine: verified, refused, or passed over for a build."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from operations import engine
from operations.engine import pins
from operations.engine.recipes import OFFICIAL, Group, GroupName, Hosts, machine
from tests.support.stand_in_go import StandInGo

PULUMI_ARCHIVE = pins.GROUPS[pins.ENGINE].releases[0].archive


@dataclass
class Publisher:
    """What the server has: path -> body; the addresses of every publisher lead to it."""

    files: dict[str, bytes] = field(default_factory=dict)
    truncated: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    address: str = ""

    @property
    def hosts(self) -> Hosts:
        return Hosts(**dict.fromkeys(vars(OFFICIAL), self.address))

    def path(self, template: str) -> str:
        """The path below this server that a release's address template leads to."""
        return template.format_map(machine(self.hosts)).removeprefix(self.address)

    def publish(self, group: Group) -> None:
        """Every release of `group`, each checksum in the form its publisher uses."""
        here = machine(self.hosts)
        for release in group.releases:
            archive = self.path(release.archive)
            name = archive.rpartition("/")[2]
            tool = f"#!/bin/sh\necho {release.tools[0]}\n".encode()
            folder = release.folder.format_map(here)
            body = packed(release.tools, folder) if release.packed else tool
            digest = hashlib.sha256(body).hexdigest()
            checksum = self.path(release.checksum)
            forms = {
                "api": json.dumps({"assets": [{"name": name, "digest": f"sha256:{digest}"}]}),
                "bare": digest,
                "list": f"{'0' * 64}  another-file\n{digest}  {name}\n",
            }
            form = "api" if "/repos/" in checksum else "bare" if checksum.endswith(".sha256") else "list"
            self.files[archive] = body
            self.files[checksum] = forms[form].encode()


def packed(tools: tuple[str, ...], folder: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for tool in tools:
            body = f"#!/bin/sh\necho {tool}\n".encode()
            member = tarfile.TarInfo(f"{folder}/{tool}" if folder else tool)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return buffer.getvalue()


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")  # a proxy of the developer's is not for this machine itself
    published = Publisher()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            published.asked.append(self.path)
            body = published.files.get(self.path)
            if body is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if self.path in published.truncated else body)

        def log_message(self, *_: object) -> None:
            """Quiet: the requests are in `asked`."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        published.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield published
        server.shutdown()
        thread.join()


@pytest.fixture
def go(tmp_path: Path) -> StandInGo:
    return StandInGo.in_folder(tmp_path / "go")


def provide(
    publisher: Publisher, go: StandInGo, cache: Path, said: list[str] | None = None, group: GroupName = pins.ENGINE
) -> engine.Toolchain:
    lines = said if said is not None else []
    return engine.provide(
        progress=lines.append, cache=cache, only=[group], hosts=publisher.hosts, environment=go.environment
    )


@pytest.mark.parametrize("name", pins.PLATFORM_GROUPS)
def test_a_release_is_fetched_verified_and_kept(
    publisher: Publisher, go: StandInGo, tmp_path: Path, name: GroupName
) -> None:
    group = pins.GROUPS[name]
    publisher.publish(group)
    toolchain = provide(publisher, go, tmp_path / "cache", group=name)
    assert set(group.tools) <= set(toolchain.tools)
    for tool in group.tools:
        assert toolchain.origin[tool] == f"release {group.release}"
        said = subprocess.run([toolchain.tools[tool]], capture_output=True, text=True, check=True).stdout
        assert said == f"{tool}\n", "the tool is not the one of that name, or may not be executed"
    requests = len(publisher.asked)
    assert provide(publisher, go, tmp_path / "cache", group=name) == toolchain
    assert len(publisher.asked) == requests, "a second run asks the network again"
    assert go.asked() == [], "something was built all the same"


def test_the_checksum_comes_from_another_host_than_pulumi_itself() -> None:
    (release,) = pins.GROUPS[pins.ENGINE].releases
    assert release.archive.partition("/")[0] != release.checksum.partition("/")[0]


def test_a_wrong_checksum_stops_everything_and_keeps_nothing(
    publisher: Publisher, go: StandInGo, tmp_path: Path
) -> None:
    publisher.publish(pins.GROUPS[pins.ENGINE])
    publisher.files[publisher.path(PULUMI_ARCHIVE)] += b"more"
    with pytest.raises(engine.EngineError) as caught:
        provide(publisher, go, tmp_path / "cache")
    assert "does not match its published checksum" in str(caught.value)
    assert "PLAT_ENGINE=built" in caught.value.cure
    assert [path for path in (tmp_path / "cache").rglob("*") if path.suffix != ".lock"] == []
    assert go.asked() == [], "an attack is answered by quietly doing something else"


def test_an_archive_without_the_tool_is_named(publisher: Publisher, go: StandInGo, tmp_path: Path) -> None:
    publisher.publish(pins.GROUPS[pins.ENGINE])
    body = packed(("pulumi",), "pulumi")
    archive = publisher.path(PULUMI_ARCHIVE)
    checksum = publisher.path(pins.GROUPS[pins.ENGINE].releases[0].checksum)
    publisher.files[archive] = body
    publisher.files[checksum] = f"{hashlib.sha256(body).hexdigest()}  {archive.rpartition('/')[2]}\n".encode()
    with pytest.raises(engine.EngineError, match=r"holds no .*pulumi-language-python"):
        provide(publisher, go, tmp_path / "cache")


@pytest.mark.parametrize("case", ["404", "no checksum", "other hash", "truncated"])
def test_without_a_usable_release_it_is_built_and_the_reason_is_said(
    publisher: Publisher, go: StandInGo, tmp_path: Path, case: str
) -> None:
    group = pins.GROUPS[pins.ENGINE]
    publisher.publish(group)
    archive, checksum = publisher.path(PULUMI_ARCHIVE), publisher.path(group.releases[0].checksum)
    reason = {
        "404": f"{archive} answers 404 Not Found",
        "no checksum": f"{checksum} answers 404 Not Found",
        "other hash": f"{checksum} states no SHA-256 for {archive.rpartition('/')[2]}",
        "truncated": f"the transfer of {publisher.address}{archive} broke off",
    }[case]
    if case == "404":
        del publisher.files[archive]
    elif case == "no checksum":
        del publisher.files[checksum]
    elif case == "other hash":  # SHA-1, as some publishers still list
        publisher.files[checksum] = f"{'0' * 40}  {archive.rpartition('/')[2]}\n".encode()
    else:
        publisher.truncated.add(archive)
    said: list[str] = []
    toolchain = provide(publisher, go, tmp_path / "cache", said)
    assert toolchain.origin["pulumi"] == "built"
    assert reason in said[0] or any(reason in line for line in said), f"it does not say why it was built: {said}"


def test_an_unreachable_host_costs_no_patience_and_is_built(go: StandInGo, tmp_path: Path) -> None:
    nowhere = Publisher(address="http://127.0.0.1:9")
    said: list[str] = []
    toolchain = provide(nowhere, go, tmp_path / "cache", said)
    assert toolchain.origin["pulumi"] == "built"
    assert "cannot be reached" in said[0]


def test_plain_http_is_refused_beyond_this_machine(go: StandInGo, tmp_path: Path) -> None:
    plain = Publisher(address="http://publisher.test")
    said: list[str] = []
    provide(plain, go, tmp_path / "cache", said)
    assert "is not an HTTPS address" in said[0]


def test_every_official_address_is_https() -> None:
    assert all(address.startswith("https://") for address in vars(OFFICIAL).values())
