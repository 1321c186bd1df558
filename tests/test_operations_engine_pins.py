"""The table of tools says the same as the Go modules, the SDK's pins and the platform's settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from blueprint.operators import argo_rollouts
from operations.engine import pins

PROJECT = Path(__file__).resolve().parents[1]


def required(module: str) -> dict[str, str]:
    """Module path -> version of the direct and indirect requirements in tools/<module>/go.mod."""
    text = (pins.TOOLS_FOLDER / module / "go.mod").read_text(encoding="utf-8")
    return dict(re.findall(r"^\t(\S+) (v\S+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("module", "path", "version"),
    [
        ("cluster", "go.etcd.io/etcd/server/v3", pins.ETCD),
        ("cluster", "k8s.io/kubernetes", pins.KUBERNETES),
        ("cluster", "sigs.k8s.io/kwok", pins.KWOK),
        ("pulumi", "github.com/pulumi/pulumi/pkg/v3", pins.PULUMI_BUILT),
        ("pulumi-language-python", "github.com/pulumi/pulumi/sdk/v3", pins.LANGUAGE_HOST_BUILT),
        ("pulumi-resource-kubernetes", "github.com/pulumi/pulumi-kubernetes/sdk/v4", pins.KUBERNETES_PLUGIN),
    ],
)
def test_a_tool_says_the_version_its_module_pins(module: str, path: str, version: str) -> None:
    assert required(module)[path] == f"v{version}", "the tool would call itself by another version than it has"


def test_the_tests_run_the_argo_rollouts_that_the_program_installs() -> None:
    assert required("argo-rollouts")["github.com/argoproj/argo-rollouts"] == argo_rollouts.IMAGE.tag


def test_the_released_pulumi_is_the_sdks_version() -> None:
    text = (PROJECT / "requirements.txt").read_text(encoding="utf-8")
    assert f"pulumi=={pins.PULUMI_RELEASED} " in text


def test_the_floor_is_what_is_built() -> None:
    assert ".".join(map(str, pins.PULUMI_FLOOR)) == pins.PULUMI_BUILT


def test_every_build_has_its_module_with_sums() -> None:
    for group in pins.GROUPS.values():
        for build in group.builds:
            folder = pins.TOOLS_FOLDER / build.module
            assert (folder / "go.sum").stat().st_size > 1000, f"{build.tool}: no sums, nothing is verified"
            go = re.search(r"^go (\d+)\.(\d+)", (folder / "go.mod").read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert go is not None
            assert (int(go[1]), int(go[2])) <= pins.GO_FLOOR, f"{build.tool} needs a newer Go than is asked for"
        for companion in group.companions:
            assert (pins.TOOLS_FOLDER / companion).is_file()


def test_a_release_brings_every_tool_that_a_build_would() -> None:
    for group in pins.GROUPS.values():
        brought = {tool for release in group.releases for tool in release.tools}
        companions = {Path(companion).name for companion in group.companions}
        assert {*group.tools, *companions} == brought, f"{group.name}: {brought}"
