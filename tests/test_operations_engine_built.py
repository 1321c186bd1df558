"""Building tools: what is said, what is kept, and what happens when it goes wrong. With a stand-in for the compiler."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from operations import engine
from operations.engine import pins, processes, provision
from operations.engine.cache import MANIFEST
from operations.engine.recipes import OFFICIAL, Hosts
from tests.support.stand_in_go import StandInGo

PROJECT = Path(__file__).resolve().parents[1]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def go(tmp_path: Path) -> StandInGo:
    return StandInGo.in_folder(tmp_path / "go")


def provide(go: StandInGo, cache: Path, said: list[str] | None = None) -> engine.Toolchain:
    lines = said if said is not None else []
    return engine.provide(
        progress=lines.append, cache=cache, only=[engine.ENGINE], origins=["built"], environment=go.environment
    )


def folders(cache: Path) -> list[str]:
    """What lies in the cache, without the files that only carry locks."""
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


def test_a_build_is_announced_timed_and_kept(go: StandInGo, tmp_path: Path) -> None:
    said: list[str] = []
    toolchain = provide(go, tmp_path / "cache", said)
    assert "building pulumi (1 of 2 of the engine) from tools/pulumi" in said
    assert said[-1].startswith("built the engine (2 tools) in "), "the total is not shown"
    assert toolchain.origin["pulumi"] == "built"
    assert subprocess.run([toolchain.pulumi], capture_output=True, text=True, check=True).stdout == "pulumi\n"
    executor = toolchain.language_host.with_name("pulumi-language-python-exec")
    assert os.access(executor, os.X_OK), "the language host refuses to start without its executor beside it"
    assert all(path.is_absolute() for path in toolchain.tools.values())


def test_the_second_time_nothing_is_built_or_said(go: StandInGo, tmp_path: Path) -> None:
    first = provide(go, tmp_path / "cache")
    said: list[str] = []
    assert provide(go, tmp_path / "cache", said) == first
    assert said == []
    assert len(go.asked()) == 2


def test_what_was_built_is_used_when_go_is_gone(go: StandInGo, tmp_path: Path) -> None:
    first = provide(go, tmp_path / "cache")
    (go.folder / "go").unlink()
    assert provide(go, tmp_path / "cache") == first


def test_the_users_settings_of_go_do_not_change_what_is_built(go: StandInGo, tmp_path: Path) -> None:
    environment = {
        **go.environment,
        "GOFLAGS": "-mod=mod",
        "GOOS": "plan9",
        "GOTOOLCHAIN": "auto",
        "GOWORK": "/x/go.work",
    }
    engine.provide(
        progress=lambda _: None,
        cache=tmp_path / "cache",
        only=[engine.CONTROL_PLANE],
        origins=["built"],
        environment=environment,
    )
    for line in go.asked():
        assert line.startswith(
            "GOFLAGS=-mod=readonly -buildvcs=false CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off GOOS= "
        )
        assert " -trimpath " in line
    (apiserver,) = (line for line in go.asked() if "cmd/kube-apiserver" in line)
    assert f"-X k8s.io/component-base/version.gitVersion=v{pins.KUBERNETES}" in apiserver, (
        "a server of version v0.0.0 is refused by the provider and by charts"
    )


@pytest.mark.parametrize("damage", ["shortened", "missing", "not executable", "manifest lost", "manifest garbled"])
def test_a_damaged_cache_is_named_and_built_again(go: StandInGo, tmp_path: Path, damage: str) -> None:
    pulumi = provide(go, tmp_path / "cache").pulumi
    manifest = pulumi.with_name(MANIFEST)
    ways: dict[str, Callable[[], object]] = {
        "shortened": lambda: pulumi.write_text("", encoding="utf-8"),
        "missing": pulumi.unlink,
        "not executable": lambda: pulumi.chmod(0o644),
        "manifest lost": manifest.unlink,
        "manifest garbled": lambda: manifest.write_text("{", encoding="utf-8"),
    }
    ways[damage]()
    said: list[str] = []
    assert provide(go, tmp_path / "cache", said).pulumi == pulumi
    assert "is damaged (" in said[0], f"nothing is said of the damage: {said}"
    assert subprocess.run([pulumi], capture_output=True, text=True, check=True).stdout == "pulumi\n"
    assert folders(tmp_path / "cache") == [pulumi.parent.name], "remains of the damaged folder are left"


def test_changed_bytes_of_the_same_size_are_found_by_the_thorough_check(go: StandInGo, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    pulumi = provide(go, cache).pulumi
    pulumi.write_text("#!/bin/sh\necho PULUMI\n", encoding="utf-8")
    status = {each.group: each for each in engine.inspect(cache=cache, environment=go.environment, thorough=True)}
    assert not status["engine"].present
    assert any("content of pulumi has changed" in note for note in status["engine"].notes)
    assert engine.discard_if_damaged(pulumi) == "the content of pulumi has changed since it was stored"
    provide(go, cache)
    assert subprocess.run([pulumi], capture_output=True, text=True, check=True).stdout == "pulumi\n"


def test_another_go_minor_makes_another_build(go: StandInGo, tmp_path: Path) -> None:
    first = provide(go, tmp_path / "cache")
    assert first.pulumi.parent.name.endswith("-go1.26"), "the folder does not say which Go built it"
    (go.folder / "version").write_text("go1.27.1\n", encoding="utf-8")
    second = provide(go, tmp_path / "cache")
    assert second.pulumi.parent.name.endswith("-go1.27"), "a new Go's fixes never reach the tools"
    (go.folder / "version").write_text("go1.26.99\n", encoding="utf-8")
    assert provide(go, tmp_path / "cache") == first, "a patch release of Go costs a build of fifteen minutes"


def test_changed_pins_make_another_build(go: StandInGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = provide(go, tmp_path / "cache")
    shutil.copytree(pins.TOOLS_FOLDER, tmp_path / "tools")
    with (tmp_path / "tools" / "pulumi" / "go.sum").open("a", encoding="utf-8") as sums:
        sums.write("example.test/x v1.0.0 h1:00000000000000000000000000000000000000000000=\n")
    monkeypatch.setattr(pins, "TOOLS_FOLDER", tmp_path / "tools")
    second = provide(go, tmp_path / "cache")
    assert first.pulumi != second.pulumi, "a changed go.sum would go on with the old binary"


MESSAGES: dict[str, tuple[Callable[[StandInGo], object], str, str]] = {
    "no Go": (lambda go: (go.folder / "go").unlink(), "There is no `go` on PATH", "Install Go 1.26 or newer"),
    "old Go": (
        lambda go: (go.folder / "version").write_text("go1.21.3\n", encoding="utf-8"),
        "is Go 1.21.3; 1.26 or newer is needed",
        "install the official pulumi",
    ),
    "broken Go": (lambda go: (go.folder / "broken").touch(), "does not answer `go env`", "Repair that Go"),
    "no network": (
        lambda go: go.says('go: x.test/y@v1.0.0: Get "https://p.test/x": dial tcp: lookup p.test: no such host\n'),
        "Go's modules cannot be fetched",
        "set GOPROXY to a module proxy that is reachable",
    ),
    "proxy refuses": (
        lambda go: go.says("go: x.test/y@v1.0.0: reading https://p.test/x.zip: 403 Forbidden\n"),
        "Go's modules cannot be fetched",
        "set GOPROXY",
    ),
    "full disk": (
        lambda go: go.says("compile: writing output: write $WORK/b001/_pkg_.a: no space left on device\n"),
        "is full (",
        "Free some disk space",
    ),
    "changed module": (
        lambda go: go.says("verifying x.test/y@v1.0.0: checksum mismatch\nSECURITY ERROR\n"),
        "differs from its recorded checksum",
        "never switch the verification off",
    ),
    "no memory": (lambda go: go.says("go: build x: signal: killed\n"), "memory ran out", "4 GB of memory"),
    "anything else": (lambda go: go.says("x.go:1:1: syntax error\n"), "go ended with 1", "go clean -modcache"),
}


@pytest.mark.parametrize("case", sorted(MESSAGES))
def test_what_goes_wrong_is_one_message_with_its_cure_and_leaves_nothing(
    go: StandInGo, tmp_path: Path, case: str
) -> None:
    spoil, cause, cure = MESSAGES[case]
    spoil(go)
    with pytest.raises(engine.EngineError) as caught:
        provide(go, tmp_path / "cache")
    assert cause in str(caught.value)
    assert cure in str(caught.value)
    assert caught.value.exit_code == 1
    assert folders(tmp_path / "cache") == [], "a failed build leaves something that could be trusted"


def test_gos_own_words_are_shown_below_the_message(go: StandInGo, tmp_path: Path) -> None:
    go.says("x.go:1:1: syntax error: unexpected newline\n")
    with pytest.raises(engine.EngineError, match=r"\n  x\.go:1:1: syntax error: unexpected newline"):
        provide(go, tmp_path / "cache")
    go.works_again()
    assert provide(go, tmp_path / "cache").pulumi.exists(), "a failure once is a failure for ever"


def test_without_releases_and_without_go_one_message_names_both(go: StandInGo, tmp_path: Path) -> None:
    (go.folder / "go").unlink()
    nowhere = Hosts(**dict.fromkeys(vars(OFFICIAL), "http://127.0.0.1:9"))  # port 9: discard, not served
    with pytest.raises(engine.EngineError) as caught:
        engine.provide(
            progress=lambda _: None,
            cache=tmp_path / "cache",
            only=[engine.ENGINE],
            hosts=nowhere,
            environment=go.environment,
        )
    assert "There is no `go` on PATH, and the official release is not available" in str(caught.value)


def test_too_little_disk_space_is_refused_before_anything_is_built(
    go: StandInGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(go.folder / "modules")  # as before a first build
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(20e9, 17e9, 3e9))
    with pytest.raises(engine.EngineError, match=r"needs 4\.2 GB below .*, and 3\.0 GB are free"):
        provide(go, tmp_path / "cache")
    assert go.asked() == []


def test_a_cache_that_cannot_be_written_is_named(go: StandInGo, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(engine.EngineError, match="PLAT_CACHE"):
        provide(go, tmp_path / "cache")


def test_a_long_build_says_that_it_is_alive(go: StandInGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_REPORT_SECONDS", 0.2)
    go.takes(0.7)
    said: list[str] = []
    provide(go, tmp_path / "cache", said)
    assert sum(line.startswith("building pulumi (1 of 2 of the engine): ") for line in said) >= 2


def builder(go: StandInGo, cache: Path) -> subprocess.Popen[str]:
    program = (
        "import pathlib, sys; from operations import engine;"
        "tools = engine.provide(progress=lambda line: print(line, flush=True), cache=pathlib.Path(sys.argv[1]),"
        " only=[engine.ENGINE], origins=['built']);"
        "print(tools.pulumi)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, str(cache)],
        cwd=PROJECT,
        env={**go.environment, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_build_leaves_nothing_that_is_trusted(
    go: StandInGo, tmp_path: Path, how: signal.Signals
) -> None:
    go.takes(30)
    with builder(go, tmp_path / "cache") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("building pulumi")
        deadline = time.monotonic() + 10
        while not list((tmp_path / "cache").glob("*/pulumi")):
            assert time.monotonic() < deadline, "the build does not begin"
            time.sleep(0.05)
        process.send_signal(how)
    assert process.returncode != 0
    (go.folder / "seconds").unlink()
    pulumi = provide(go, tmp_path / "cache").pulumi
    assert subprocess.run([pulumi], capture_output=True, text=True, check=True).stdout == "pulumi\n"
    assert folders(tmp_path / "cache") == [pulumi.parent.name], "the remains are never swept away"


def test_two_builds_at_once_are_one_build(go: StandInGo, tmp_path: Path) -> None:
    go.takes(0.5)
    with builder(go, tmp_path / "cache") as first, builder(go, tmp_path / "cache") as second:
        words = [process.communicate(timeout=60)[0].splitlines() for process in (first, second)]
    assert words[0][-1] == words[1][-1], words
    assert len(go.asked()) == 2, "both built"
    waiting = [line for line in words[0] + words[1] if line.startswith("waiting for another process")]
    assert waiting, "the one that waits does not say so"


def test_an_unknown_source_is_named_with_the_valid_ones(go: StandInGo, tmp_path: Path) -> None:
    with pytest.raises(engine.EngineError, match=r"PLAT_ENGINE names 'source'\..* Valid are path, release and built"):
        engine.provide(
            progress=lambda _: None,
            cache=tmp_path / "cache",
            environment={**go.environment, provision.ORIGIN_VARIABLE: "source"},
        )
