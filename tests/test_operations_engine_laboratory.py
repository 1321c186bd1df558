"""The laboratory's tools: built when they are asked for, with a module cache of their own that is dropped.

With a stand-in for the compiler; pip is the real one, and its index a folder.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from operations import doctor, engine
from operations.engine import built, pins
from operations.engine.recipes import OFFICIAL, Build, Group, GroupName, Hosts
from operations.engine.wording import listing
from operations.project import Project
from tests.support.stand_in_go import StandInGo

PROJECT = Path(__file__).resolve().parents[1]
NOWHERE = Hosts(**dict.fromkeys(vars(OFFICIAL), "http://127.0.0.1:9"))  # port 9: discard, not served
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def go(tmp_path: Path) -> StandInGo:
    return StandInGo.in_folder(tmp_path / "go")


def provide(
    go: StandInGo, cache: Path, *groups: GroupName, said: list[str] | None = None, origins: Sequence[str] = ("built",)
) -> engine.Toolchain:
    return engine.provide(
        progress=(said if said is not None else []).append,
        cache=cache,
        only=groups,
        hosts=NOWHERE,
        environment={**go.environment, "PLAT_ENGINE": ",".join(origins)},
    )


def folders(cache: Path) -> list[str]:
    """What lies in the cache, without the files that only carry locks."""
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


def test_the_laboratory_is_not_provided_unless_it_is_asked_for(go: StandInGo, tmp_path: Path) -> None:
    tools = engine.provide(
        progress=lambda _: None, cache=tmp_path / "cache", origins=["built"], environment=go.environment
    ).tools
    platform = {tool for name in engine.PLATFORM_GROUPS for tool in pins.GROUPS[name].tools}
    assert set(tools) == {*platform, "pulumi-language-python-exec"}, "an `up` would wait for ten minutes more"
    assert {status.group for status in engine.inspect(cache=tmp_path / "cache", environment=go.environment)} == {
        "control-plane",
        "engine",
        "kubernetes-provider",
    }


@pytest.mark.parametrize("name", [name for name in engine.LABORATORY_GROUPS if not pins.GROUPS[name].wheels])
def test_a_group_of_the_laboratory_is_built_with_a_module_cache_that_is_dropped(
    go: StandInGo, tmp_path: Path, name: GroupName
) -> None:
    cache = tmp_path / "cache"
    said: list[str] = []
    toolchain = provide(go, cache, name, said=said)
    (tool,) = pins.GROUPS[name].tools
    assert subprocess.run([toolchain.tools[tool]], capture_output=True, text=True, check=True).stdout == f"{tool}\n"
    assert said[-1].startswith(f"built the {name} (1 tool) in "), said
    (line,) = go.asked()
    assert f" GOMODCACHE={cache}/{name}-built-" in line, "its modules would lie on another disk than the cache"
    assert "-modcacherw" in line, "only root could remove its folders"
    assert not (go.folder / "modules" / "x.test").exists(), "its modules land among the user's"
    assert folders(cache) == [toolchain.tools[tool].parent.name], "gigabytes of modules are left"


def test_a_module_cache_is_dropped_before_the_tools_are_stored(go: StandInGo, tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    using = built.find_go(go.environment)
    group = pins.GROUPS[engine.KUBE_ROUTER]
    built.build(group, into, go=using, progress=lambda _: None, environment=go.environment)
    assert [path.name for path in into.iterdir()] == ["kube-router"]
    assert not list(tmp_path.glob("into*modules")), "after a kill in this moment nobody would sweep it"


def test_the_platforms_modules_stay_in_the_users_module_cache(go: StandInGo, tmp_path: Path) -> None:
    provide(go, tmp_path / "cache", engine.ENGINE)
    assert all(" GOMODCACHE= " in line and "-modcacherw" not in line for line in go.asked())
    assert (go.folder / "modules" / "x.test").exists(), "a second build downloads everything again"


def test_a_module_cache_is_dropped_after_a_failed_build_too(go: StandInGo, tmp_path: Path) -> None:
    go.says('go: x.test/y@v1.0.0: Get "https://p.test/x": dial tcp: lookup p.test: no such host\n')
    with pytest.raises(engine.EngineError) as caught:
        provide(go, tmp_path / "cache", engine.KUBE_ROUTER)
    assert folders(tmp_path / "cache") == []
    assert "continues where it stopped" not in str(caught.value), "what was downloaded is gone"
    assert not (go.folder / "modules" / "x.test").exists()


def test_a_module_cache_that_a_kill_left_is_swept_by_the_next_build(go: StandInGo, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    program = (
        "import pathlib, sys; from operations import engine;"
        "engine.provide(progress=print, cache=pathlib.Path(sys.argv[1]), only=[engine.KUBE_ROUTER], origins=['built'])"
    )
    go.takes(30)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(cache)], cwd=PROJECT, env={**go.environment, "PYTHONPATH": str(PROJECT)}
    ) as process:
        deadline = time.monotonic() + 10
        while not list(cache.glob("*-modules/x.test/*/y.go")):
            assert time.monotonic() < deadline, "the build does not begin"
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert list(cache.glob("*-modules")), "there is nothing to sweep, so nothing is proven"
    (go.folder / "seconds").unlink()
    router = provide(go, cache, engine.KUBE_ROUTER).kube_router
    assert folders(cache) == [router.parent.name]


def test_the_disk_space_of_module_caches_is_asked_for_once_as_they_follow_each_other(
    go: StandInGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = (engine.KUBE_ROUTER, engine.ROLLOUTS)
    for name in wanted:
        sized = replace(pins.GROUPS[name], disk_bytes=3.0e9, own_modules_bytes=2.0e9, binaries_bytes=0.5e9)
        monkeypatch.setitem(pins.GROUPS, name, sized)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(20e9, 11.1e9, 8.9e9))
    with pytest.raises(engine.EngineError, match=r"needs 9\.0 GB below .*, and 8\.9 GB are free"):
        provide(go, tmp_path / "cache", *wanted)
    assert go.asked() == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(20e9, 10.9e9, 9.1e9))
    assert provide(go, tmp_path / "cache", *wanted).kube_router.exists()


@pytest.mark.parametrize("name", engine.LABORATORY_GROUPS)
def test_a_group_without_releases_is_not_there_where_only_releases_are_allowed(
    go: StandInGo, tmp_path: Path, name: GroupName
) -> None:
    with pytest.raises(engine.EngineError) as caught:
        provide(go, tmp_path / "cache", name, origins=["release"])
    assert f"The {name} is not there: no release of the {name} is pinned" in str(caught.value)
    assert "PLAT_ENGINE is release and may name path, release and built" in caught.value.cure
    assert folders(tmp_path / "cache") == []


def test_a_group_without_releases_is_built_without_asking_a_publisher(go: StandInGo, tmp_path: Path) -> None:
    said: list[str] = []
    origins = ("path", "release", "built")
    assert provide(go, tmp_path / "cache", engine.KUBE_ROUTER, said=said, origins=origins).origin == {
        "kube-router": "built"
    }
    assert not [line for line in said if "release" in line or "reached" in line], "a publisher is waited for"


def test_without_go_only_what_helps_is_proposed(go: StandInGo, tmp_path: Path) -> None:
    (go.folder / "go").unlink()
    with pytest.raises(engine.EngineError) as caught:
        provide(go, tmp_path / "cache", engine.KUBE_ROUTER)
    assert "There is no `go` on PATH" in str(caught.value)
    assert "official" not in caught.value.cure, "there are no official releases of it"


def test_one_more_group_is_one_row_and_one_folder(
    go: StandInGo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tools" / "one-more"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module platform.local/tools/one-more\n\ngo 1.26.0\n", encoding="utf-8")
    row = Group(
        name="one-more",
        builds=(Build(tool="server", module="one-more", package="x.test/y"),),
        disk_bytes=1.0e9,
        own_modules_bytes=1.0,
        binaries_bytes=1.0,
    )
    monkeypatch.setattr(pins, "TOOLS_FOLDER", tmp_path / "tools")
    monkeypatch.setitem(pins.GROUPS, row.name, row)
    assert os.access(provide(go, tmp_path / "cache", "one-more").tools["server"], os.X_OK)


def test_the_doctor_names_the_laboratory_and_never_takes_a_machine_for_unfit(go: StandInGo, tmp_path: Path) -> None:
    environment = {**go.environment, "PLAT_CACHE": str(tmp_path / "cache"), "PLAT_ENGINE": "built"}
    project = Project.here(root=PROJECT)

    def laboratory() -> doctor.Check:
        (check,) = (each for each in doctor.examine(project, environment=environment) if each.subject == "laboratory")
        return check

    before = laboratory()
    assert before.state == "note"
    assert before.found.startswith(f"{listing(engine.LABORATORY_GROUPS)} not yet: ")
    assert doctor.healthy([before]), "whoever only runs stacks is sent to build a laboratory"
    provide(go, tmp_path / "cache", engine.KUBE_ROUTER)
    others = [name for name in engine.LABORATORY_GROUPS if name != engine.KUBE_ROUTER]
    assert laboratory().found.startswith(f"kube-router built; {listing(others)} not yet: ")
