"""Reading a stack's settings and the kubeconfig they name: the same rules, the same words, and no secret repeated."""

import json
from pathlib import Path
from typing import Any

import pytest

from blueprint.reading import TextError, read_kubeconfig, read_settings, settings_of
from blueprint.settings import Existing
from tests.support.error_cases import FOLDER, Case, cases

MINIMAL: dict[str, Any] = {
    "environment": "dev",
    "cluster": {"kind": "embedded"},
    "domain": "shop.example.com",
    "operators": "present",
}


def _enter(stack: Path) -> None:
    """What a run does first: read the stack, then find its cluster."""
    cluster = read_settings(stack).cluster
    if isinstance(cluster, Existing):
        read_kubeconfig(Path(cluster.kubeconfig), context=cluster.context, cluster=cluster.name)


@pytest.mark.parametrize("case", cases("kubeconfig", "settings"), ids=lambda case: case.name)
def test_a_stack_is_read_or_every_mistake_is_reported_in_these_words(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(case.place(tmp_path))
    case.check(lambda: _enter(Path("Pulumi.dev.yaml")))


def test_no_message_repeats_a_secret() -> None:
    secrets = ("hunter", "471100")  # what the cases write wherever a secret could stand
    everything = cases(*sorted(folder.name for folder in FOLDER.iterdir()))
    written = [case for case in everything if any(secret in json.dumps(dict(case.written)) for secret in secrets)]
    assert len(written) >= 8, "the cases that prove it are gone"
    for case in written:
        assert not [secret for secret in secrets if secret in case.expected], f"{case.name} repeats a secret"


def test_settings_are_the_same_from_a_file_and_from_pulumi(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(json.dumps({"config": {"platform:settings": MINIMAL}}))
    assert read_settings(file) == settings_of(MINIMAL, "dev"), "a preview judges other settings than a run"


def test_settings_pulumi_holds_are_reported_without_lines() -> None:
    wrong = {**MINIMAL, "cluster": {"kind": "eks"}, "layers": [True], "domain": None, "regio": "x"}
    with pytest.raises(TextError) as refused:
        settings_of(wrong, "dev")
    assert str(refused.value).splitlines() == [
        "Pulumi.dev.yaml:1: cluster.kind: 'eks' is not known. Valid: embedded, existing.",
        "Pulumi.dev.yaml:1: domain: is empty, not text. Write one text.",
        "Pulumi.dev.yaml:1: layers.0: is true, not a valid value. Valid: cluster, platform, services.",
        "Pulumi.dev.yaml:1: regio: there is no field 'regio' here. Known: backups, brokers, budget, cluster, data, "
        "disks, domain, environment, gateway, identity, imagePullSecrets, layers and 5 more.",
    ], "Pulumi's own copy of the settings is judged in other words"


@pytest.mark.parametrize("value", [None, "x", 3, True, [], [1], {}, {"cluster": 3}, {"cluster": {"kind": ["x"]}}])
def test_settings_of_any_shape_are_reported(value: Any) -> None:
    with pytest.raises(TextError) as refused:
        settings_of(value, "dev")
    assert refused.value.problems, "refused without a word"


def test_a_kubeconfig_is_found_below_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    entries = {
        "current-context": "shop",
        "contexts": [{"name": "shop", "context": {"cluster": "shop-eu"}}],
        "clusters": [{"name": "shop-eu", "cluster": {"server": "https://shop.example.com:6443"}}],
    }
    (tmp_path / "config").write_text(json.dumps(entries))
    found = read_kubeconfig(Path("~/config"), context=None, cluster="shop-eu")
    assert (found.context, found.cluster) == ("shop", "shop-eu"), "another cluster is entered"
    assert found.server == "https://shop.example.com:6443", "another server is asked"


ODD: tuple[Any, ...] = (
    None,
    "x",
    3,
    True,
    [],
    {},
    [None],
    ["x"],
    [{}],
    [{"name": "shop"}],
    [{"name": "shop", "context": None}],
)


@pytest.mark.parametrize("field", ["contexts", "clusters", "current-context"])
@pytest.mark.parametrize("odd", ODD)
def test_a_kubeconfig_of_any_shape_is_reported(tmp_path: Path, field: str, odd: Any) -> None:
    entries = {
        "current-context": "shop",
        "contexts": [{"name": "shop", "context": {"cluster": "shop-eu"}}],
        "clusters": [{"name": "shop-eu", "cluster": {"server": "https://shop.example.com:6443"}}],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps({**entries, field: odd}))
    with pytest.raises(TextError) as refused:
        read_kubeconfig(file, context=None, cluster="shop-eu")
    assert refused.value.problems, "refused without a word"
