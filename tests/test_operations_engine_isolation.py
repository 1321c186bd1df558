"""An isolated run of Pulumi: what its environment holds, what it must not hold, where plugins lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from operations import engine
from operations.engine import pins

OWN = {
    "HOME": "/users/somebody",
    "PATH": "/usr/bin:/bin",
    "PULUMI_ACCESS_TOKEN": "pul-0123",
    "PULUMI_BACKEND_URL": "https://api.pulumi.test",
    "PULUMI_CONFIG_PASSPHRASE": "theirs",
    "PULUMI_CONFIG_PASSPHRASE_FILE": "/users/somebody/passphrase",
    "PULUMI_HOME": "/users/somebody/.pulumi",
    "PULUMI_STACK": "somebody/else/prod",
    "SSL_CERT_FILE": "/etc/ca.pem",
}


def toolchain(folder: Path, origin: str = "built") -> engine.Toolchain:
    folder.mkdir(parents=True, exist_ok=True)
    names = [tool for group in pins.GROUPS.values() for tool in group.tools]
    for name in names:
        (folder / name).write_text(f"{name}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return engine.Toolchain(tools={name: folder / name for name in names}, origin=dict.fromkeys(names, origin))


def test_nothing_of_the_users_pulumi_set_up_leaks_in(tmp_path: Path) -> None:
    made = engine.environment(
        toolchain(tmp_path / "bin"), tmp_path / "home", backend="file:///state", passphrase=None, base=OWN
    )
    assert not set(OWN.values()) & {value for name, value in made.items() if name.startswith("PULUMI_")}
    assert "PULUMI_ACCESS_TOKEN" not in made
    assert "PULUMI_CONFIG_PASSPHRASE" not in made, "a passphrase of another stack would be tried"
    assert made["PULUMI_HOME"] == str(tmp_path / "home")
    assert made["PULUMI_BACKEND_URL"] == "file:///state"


def test_what_is_not_pulumis_is_passed_on(tmp_path: Path) -> None:
    made = engine.environment(toolchain(tmp_path / "bin"), tmp_path, backend="file:///s", passphrase="", base=OWN)
    assert made["SSL_CERT_FILE"] == "/etc/ca.pem", "a company's certificates would be unknown to the run"
    assert made["PULUMI_CONFIG_PASSPHRASE"] == "", "an empty passphrase is one, too"


def test_the_right_pulumi_is_first_on_path(tmp_path: Path) -> None:
    made = engine.environment(toolchain(tmp_path / "bin"), tmp_path, backend="file:///s", passphrase="", base=OWN)
    assert made["PATH"].split(os.pathsep)[0] == str(tmp_path / "bin")
    assert made["PATH"].endswith("/usr/bin:/bin")


@pytest.mark.parametrize(("origin", "set_"), [("built", True), ("release 4.25.0", False)])
def test_plugins_are_asked_of_the_network_unless_it_is_known_to_be_away(
    tmp_path: Path, origin: str, set_: bool
) -> None:
    made = engine.environment(
        toolchain(tmp_path / "bin", origin), tmp_path, backend="file:///s", passphrase="", base=OWN
    )
    assert ("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" in made) is set_


def test_the_provider_lies_where_pulumi_looks_for_exactly_this_version(tmp_path: Path) -> None:
    tools = toolchain(tmp_path / "bin")
    engine.install_plugins(tools, tmp_path / "home")
    plugin = tmp_path / "home" / "plugins" / "resource-kubernetes-v4.25.0" / "pulumi-resource-kubernetes"
    assert plugin.read_text(encoding="utf-8") == "pulumi-resource-kubernetes\n"
    assert os.access(plugin, os.X_OK)
    before = plugin.stat()
    engine.install_plugins(tools, tmp_path / "home")
    assert plugin.stat().st_ino == before.st_ino, "the second time it is laid there again"
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["plugins"], "scratch folders are left"


def test_another_file_under_the_same_version_is_replaced(tmp_path: Path) -> None:
    tools = toolchain(tmp_path / "bin")
    folder = tmp_path / "home" / "plugins" / "resource-kubernetes-v4.25.0"
    folder.mkdir(parents=True)
    (folder / "pulumi-resource-kubernetes").write_text("half of it", encoding="utf-8")
    engine.install_plugins(tools, tmp_path / "home")
    assert (folder / "pulumi-resource-kubernetes").read_text(encoding="utf-8") == "pulumi-resource-kubernetes\n"


def test_a_pulumi_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    with pytest.raises(engine.EngineError, match="home"):
        engine.install_plugins(toolchain(tmp_path / "bin"), tmp_path / "home")
