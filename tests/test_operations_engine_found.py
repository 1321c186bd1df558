"""Tools on PATH: taken when they fit, passed over with a reason when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations import engine
from operations.engine import pins

RELEASED = "3.272.0"


def tool(folder: Path, name: str, says: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def pulumi(folder: Path, version: str, *, host: bool = True) -> None:
    tool(folder, "pulumi", f"v{version}")
    for name in ("pulumi-language-python", "pulumi-language-python-exec") if host else ():
        tool(folder, name, "")


def control_plane(folder: Path, **versions: str) -> None:
    for name in pins.GROUPS[pins.CONTROL_PLANE].tools:
        default = {"etcd": f"etcd Version: {pins.ETCD}", "kwok": f"kwok version v{pins.KWOK}"}
        tool(folder, name, versions.get(name.replace("-", "_"), default.get(name, f"Kubernetes v{pins.KUBERNETES}")))


def status(folder: Path, group: str, cache: Path) -> engine.GroupStatus:
    """What is said of `group` with only `folder` and the system's own tools on PATH."""
    environment = {"PATH": f"{folder}:/usr/bin:/bin"}
    return {each.group: each for each in engine.inspect(cache=cache, environment=environment)}[group]


def test_a_fitting_pulumi_is_taken_without_fetching_or_building(tmp_path: Path) -> None:
    pulumi(tmp_path / "bin", RELEASED)
    said: list[str] = []
    toolchain = engine.provide(
        progress=said.append,
        cache=tmp_path / "cache",
        only=[engine.ENGINE],
        environment={"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"},
    )
    assert toolchain.pulumi == tmp_path / "bin" / "pulumi"
    assert toolchain.origin["pulumi"] == f"PATH ({RELEASED})"
    assert said == []
    assert not (tmp_path / "cache").exists(), "a cache is made although nothing is kept"


def test_a_pulumi_behind_a_link_has_its_language_host_where_the_link_leads(tmp_path: Path) -> None:
    pulumi(tmp_path / "installed", RELEASED)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").symlink_to(tmp_path / "installed" / "pulumi")
    assert status(tmp_path / "bin", "engine", tmp_path / "cache").present


@pytest.mark.parametrize(
    ("version", "host", "reason"),
    [
        ("3.187.0", True, "is 3.187.0, wanted >= 3.259.0 and < 4"),
        ("4.0.0", True, "is 4.0.0, wanted >= 3.259.0 and < 4"),
        ("dev", True, "does not print its version"),
        (RELEASED, False, "has no Python language host beside it"),
    ],
)
def test_a_pulumi_that_does_not_fit_is_passed_over_with_the_reason(
    tmp_path: Path, version: str, host: bool, reason: str
) -> None:
    pulumi(tmp_path / "bin", version, host=host)
    found = status(tmp_path / "bin", "engine", tmp_path / "cache")
    assert not found.present
    assert reason in found.notes[0]


def test_nothing_of_the_users_pulumi_is_read_or_written_when_asking_for_its_version(tmp_path: Path) -> None:
    pulumi(tmp_path / "bin", RELEASED)
    (tmp_path / "bin" / "pulumi").write_text(
        '#!/bin/sh\necho v3.272.0; echo x > "$PULUMI_HOME/log"\n', encoding="utf-8"
    )
    own = tmp_path / "own"
    own.mkdir()
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "PULUMI_HOME": str(own)}
    assert engine.inspect(cache=tmp_path / "cache", environment=environment)
    assert list(own.iterdir()) == []


def test_a_control_plane_on_path_is_taken_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    control_plane(tmp_path / "bin")
    assert status(tmp_path / "bin", "control-plane", tmp_path / "cache").present
    control_plane(tmp_path / "bin", kubectl="Client Version: v1.32.4")
    found = status(tmp_path / "bin", "control-plane", tmp_path / "cache")
    assert not found.present
    assert "kubectl is 1.32.4, wanted 1.36" in found.notes[0]


def test_the_provider_is_never_taken_from_path(tmp_path: Path) -> None:
    tool(tmp_path / "bin", "pulumi-resource-kubernetes", "4.25.0")
    assert not status(tmp_path / "bin", "kubernetes-provider", tmp_path / "cache").present


def test_inspect_says_what_would_be_done_and_does_nothing(tmp_path: Path) -> None:
    for group in engine.PLATFORM_GROUPS:
        found = status(tmp_path / "empty", group, tmp_path / "cache")
        assert not found.present
        assert "would be fetched" in found.notes[-1]
    assert not (tmp_path / "cache").exists()
