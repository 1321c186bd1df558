"""A stack that is updated while a canary is under way, with the real Argo Rollouts beside it: its weights stay.

The engine is the real one, on a cluster of somebody else's: there Rollouts are moved by their controller, where the
embedded stack's own control plane only says that they are healthy.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from operations import engine
from operations.engine import pins
from tests.support.engine_fixtures import eventually
from tests.support.rollouts_controller import running
from tests.support.stacks import ROOT
from tests.support.user_project import LEDGER, Copy, user_project

pytestmark = [pytest.mark.engine, pytest.mark.laboratory]

CANARY: Final = LEDGER.replace("memory: 256Mi", "memory: 1024Mi") + (
    "  rollout:\n"
    "    strategy: canary\n"
    "    canary:\n"
    "      steps: [{setWeight: 20}, {pause: 1h}, {setWeight: 100}]\n"
    "      analysis: none\n"
)
STRICT: Final = ROOT.parent / "shared" / "crds"
UP: Final = ("up", "-s", "mine", "--services", "one", "--yes")
ROUTE: Final = "ledger-8080-weights"
SECONDS: Final = 90.0


@pytest.fixture
def project(toolchain: engine.Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """A project with the stack `mine` and one canary, on a cluster called embedded beside Argo Rollouts."""
    backend = tmp_path_factory.mktemp("backend")
    crds = _definitions(tmp_path_factory.mktemp("crds"))
    with user_project(toolchain, tmp_path_factory.mktemp("user")) as copy, running(toolchain, copy.root, crds=crds):
        text = yaml.safe_load((copy.root / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
        cluster = {"kind": "existing", "name": "embedded", "kubeconfig": ".embedded/kubeconfig"}
        text["config"]["platform:settings"]["cluster"] = cluster
        (copy.root / "Pulumi.mine.yaml").write_text(yaml.safe_dump(text), encoding="utf-8")
        (copy.root / "one" / "ledger.yaml").write_text(CANARY, encoding="utf-8")
        home = copy.root / ".embedded" / "pulumi-home"
        engine.install_plugins(toolchain, home)
        plugin = home / "plugins" / f"resource-kubernetes-v{pins.KUBERNETES_PLUGIN}"
        plugin.rename(plugin.with_name(f"resource-kubernetes-v{version('pulumi-kubernetes')}"))
        variables = {"PULUMI_BACKEND_URL": backend.as_uri(), "PULUMI_CONFIG_PASSPHRASE": "the user's"}
        yield dataclasses.replace(copy, runs="stacks/mine", environment=variables)


def _definitions(folder: Path) -> Path:
    """Argo Rollouts' own. In a permissive one a list has one owner: the controller, which writes the whole Rollout."""
    given = sorted(STRICT.glob("ro-*.yaml"))
    if not given:
        pytest.skip("../shared/crds is absent: nobody could say who owns which container")
    for file in given:
        shutil.copy(file, folder)
    return folder


def _rewritten(project: Copy, old: str, new: str) -> None:
    file: Path = project.root / "one" / "ledger.yaml"
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"the file has no, or more than one: {old}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def _of(project: Copy, kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.kubectl("get", kind, name, "--namespace=ledger", "--output=json"))
    return found


def _is(project: Copy, phase: str) -> None:
    def there() -> bool:
        status = _of(project, "rollout.argoproj.io", "ledger").get("status", {})
        return bool(status.get("phase") == phase)

    eventually(f"the canary is {phase}", there, seconds=SECONDS)


def _route(project: Copy) -> Any:
    return _of(project, "virtualservices.networking.istio.io", ROUTE)["spec"]["http"]


def _subsets(project: Copy) -> Any:
    return _of(project, "destinationrules.networking.istio.io", "ledger")["spec"]["subsets"]


def test_an_update_in_mid_canary_leaves_its_weights_alone(project: Copy) -> None:
    project.run(*UP)
    _is(project, "Healthy")
    before = _route(project)
    assert [end["weight"] for end in before[0]["route"]] == [100, 0]

    _rewritten(project, "ledger:1.0.0", "ledger:1.1.0")
    _rewritten(project, "memory: 1024Mi", "memory: 2048Mi")  # the controller has written 1Gi meanwhile
    project.run(*UP)
    _is(project, "Paused")
    eventually("a fifth of the requests reach the new version", lambda: _split(project) == [80, 20], seconds=SECONDS)
    by_header, by_weight = _route(project)
    assert by_header["match"] == [{"headers": {"x-canary": {"exact": "true"}}}]
    subsets = _subsets(project)
    assert len({each["labels"]["rollouts-pod-template-hash"] for each in subsets}) == 2

    words = project.run(*UP)
    assert "no changes" in words, f"an update of nothing has changed something:\n{words}"
    assert _route(project) == [by_header, by_weight], "an update of nothing has moved the weights"

    # What changes now is in the object that holds the versions' hashes, and not in the pods.
    _rewritten(project, "spec:\n", "spec:\n  resilience: {connectionPool: {maxConnections: 7}}\n")
    project.run(*UP)
    rule = _of(project, "destinationrules.networking.istio.io", "ledger")
    assert rule["spec"]["trafficPolicy"]["connectionPool"]["tcp"]["maxConnections"] == 7, "the update did nothing"
    assert _route(project) == [by_header, by_weight], "an update beside it has moved the weights"
    assert _subsets(project) == subsets, "an update beside it has mixed the versions"
    _is(project, "Paused")


def _split(project: Copy) -> list[int]:
    return [end["weight"] for end in _route(project)[-1]["route"]]
