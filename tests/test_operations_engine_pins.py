"""The table of tools says the same as the Go modules, the SDK's pins and the platform's settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from operations.engine import laboratory_pins, pins
from operations.engine.laboratory_versions import SOFTWARE, Software, words_of

PROJECT = Path(__file__).resolve().parents[1]


def required(module: str) -> dict[str, str]:
    """Module path -> version of the direct and indirect requirements in tools/<module>/go.mod."""
    text = (pins.TOOLS_FOLDER / module / "go.mod").read_text(encoding="utf-8")
    return dict(re.findall(r"^(?:\t|require )(\S+) (v\S+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("module", "path", "version"),
    [
        ("argo-rollouts", "github.com/argoproj/argo-rollouts", laboratory_pins.ARGO_ROLLOUTS_BUILT),
        ("cert-manager", "github.com/cert-manager/cert-manager", laboratory_pins.CERT_MANAGER_BUILT),
        ("cluster", "go.etcd.io/etcd/server/v3", pins.ETCD),
        ("cluster", "k8s.io/kubernetes", pins.KUBERNETES),
        ("cluster", "sigs.k8s.io/kwok", pins.KWOK),
        ("istio", "istio.io/istio", laboratory_pins.ISTIO_BUILT),
        ("kube-router", "github.com/cloudnativelabs/kube-router/v2", laboratory_pins.KUBE_ROUTER_BUILT),
        ("pulumi", "github.com/pulumi/pulumi/pkg/v3", pins.PULUMI_BUILT),
        ("pulumi-language-python", "github.com/pulumi/pulumi/sdk/v3", pins.LANGUAGE_HOST_BUILT),
        ("pulumi-resource-kubernetes", "github.com/pulumi/pulumi-kubernetes/sdk/v4", pins.KUBERNETES_PLUGIN),
    ],
)
def test_a_tool_says_the_version_its_module_pins(module: str, path: str, version: str) -> None:
    assert required(module)[path] == f"v{version}", "the tool would call itself by another version than it has"


@pytest.mark.parametrize("group", [laboratory_pins.CERTIFICATES, laboratory_pins.ROLLOUTS])
def test_the_laboratory_runs_the_version_that_the_program_installs(group: str) -> None:
    (software,) = (software for software in SOFTWARE if software.group == group)
    assert software.same, f"{software.words}: what is seen in the laboratory is seen of another version"


def test_reports_can_say_of_every_group_of_the_laboratory_which_version_it_is() -> None:
    assert {software.group for software in SOFTWARE} == set(pins.LABORATORY_GROUPS)
    assert list(SOFTWARE) == sorted(SOFTWARE, key=lambda software: (software.group, software.name))


def test_a_report_says_whether_a_version_is_the_installed_one() -> None:
    assert words_of([laboratory_pins.ROLLOUTS]) == ("Argo Rollouts 1.9.1, as the platform installs it",)
    assert words_of([pins.CONTROL_PLANE, laboratory_pins.KUBE_ROUTER]) == (
        "kube-router 2.1.0, which the platform does not install",
    )
    assert words_of([laboratory_pins.MESH]) == (
        "Envoy 1.40.0; the platform installs Istio's own build of it, of 1.30.3",
        "Istio development line of 2026-08-27 (eed52ebb66ad); the platform installs 1.30.3",
    )
    other = Software(group="x", name="Server", version="1.2.4", installed="1.2.3")
    assert other.words == "Server 1.2.4; the platform installs 1.2.3"


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
    for group in (group for group in pins.GROUPS.values() if group.releases):
        brought = {tool for release in group.releases for tool in release.tools}
        companions = {Path(companion).name for companion in group.companions}
        assert {*group.tools, *companions} == brought, f"{group.name}: {brought}"


def test_everything_the_platform_needs_has_a_release() -> None:
    assert all(pins.GROUPS[name].releases for name in pins.PLATFORM_GROUPS), "whoever has no Go cannot start"


def test_the_laboratory_leaves_nothing_in_the_users_module_cache() -> None:
    for name in pins.LABORATORY_GROUPS:
        assert pins.GROUPS[name].own_modules_bytes, f"{name}: its modules stay for ever"


def test_every_wheel_is_pinned_by_whole_hashes() -> None:
    wheels = [wheel for group in pins.GROUPS.values() for wheel in group.wheels]
    assert wheels
    for wheel in wheels:
        assert wheel.sha256, f"{wheel.tool}: nothing is verified"
        assert all(re.fullmatch(r"[0-9a-f]{64}", each) for each in wheel.sha256)


def test_no_groups_name_begins_with_anothers() -> None:
    # What an interrupted run left is found by the group's name at its beginning, under that group's lock alone.
    names = sorted(pins.GROUPS)
    assert not [name for name in names for other in names if name != other and other.startswith(name)]
