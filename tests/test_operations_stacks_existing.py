"""A stack on a cluster somebody else made: the same commands, the user's own backend, the same way back from a kill.

The embedded control plane plays somebody else's cluster, and its Kubernetes plugin the one that would be downloaded.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from importlib.metadata import version

import pytest
import yaml

from operations import embedded, engine
from operations.engine import pins
from tests.support.engine_fixtures import say
from tests.support.user_project import CONTRACT, LEDGER, Copy, user_project

pytestmark = pytest.mark.engine


@pytest.fixture
def project(toolchain: engine.Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """A project with the stack `mine` on a cluster called embedded, and a backend in a folder of the user's."""
    backend = tmp_path_factory.mktemp("backend")
    with user_project(toolchain, tmp_path_factory.mktemp("user")) as copy:
        text = yaml.safe_load((copy.root / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
        cluster: dict[str, object] = {"kind": "existing", "name": "embedded", "kubeconfig": ".embedded/kubeconfig"}
        cluster["apiServerCidrs"] = ["127.0.0.1/32"]
        text["config"]["platform:settings"]["cluster"] = cluster
        (copy.root / "Pulumi.mine.yaml").write_text(yaml.safe_dump(text), encoding="utf-8")
        home = copy.root / ".embedded" / "pulumi-home"
        embedded.start(copy.root / ".embedded", toolchain, crds=None, progress=say)
        engine.install_plugins(toolchain, home)
        plugin = home / "plugins" / f"resource-kubernetes-v{pins.KUBERNETES_PLUGIN}"
        plugin.rename(plugin.with_name(f"resource-kubernetes-v{version('pulumi-kubernetes')}"))
        variables = {"PULUMI_BACKEND_URL": backend.as_uri(), "PULUMI_CONFIG_PASSPHRASE": "the user's"}
        yield dataclasses.replace(copy, runs="stacks/mine", environment=variables)


# What the API server fills in, in lists as a whole, counts as a conflict with the engine that was killed.
@pytest.mark.parametrize(("reached", "of"), [(45, ""), (1, "ValidatingAdmissionPolicy::")])
def test_a_killed_up_is_taken_up_and_down_leaves_nothing_of_it(project: Copy, reached: int, of: str) -> None:
    up = ("up", "-s", "mine", "--services", "few", "--yes")
    process = project.begin_and_reach(reached, *up, of=of)
    project.kill(process, project.engine_pid())
    words = project.run(*up)
    assert "mending" in words, f"it was not killed in the middle:\n{words}"
    assert project.there() == project.wanted("few"), f"the cluster is not as it would be without the kill:\n{words}"
    assert "no changes" in project.run(*up), "the record does not agree with the cluster"

    process = project.begin_and_reach(20, "down", "-s", "mine", "--yes")
    project.kill(process, *project.engine_session())
    stranger = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "stranger", "labels": {}}}
    stranger["metadata"] |= {"labels": {"app.kubernetes.io/managed-by": "platform"}}  # type: ignore[operator]
    file = project.root / "stranger.json"
    file.write_text(json.dumps(stranger), encoding="utf-8")
    project.kubectl("create", f"--filename={file}")
    words = project.run("down", "-s", "mine", "--yes")
    assert project.there() == {("", "Namespace", "", "stranger")}, f"too little was removed, or too much:\n{words}"


STORED = LEDGER + "  resources: {db: {type: postgres, backup: none}}\n"


def test_a_store_that_leaves_stays_in_the_cluster_and_comes_back(project: Copy) -> None:
    (project.root / "stored" / "contracts").mkdir(parents=True)
    (project.root / "stored" / "contracts" / "ledger-v1.openapi.yaml").write_text(CONTRACT, encoding="utf-8")
    ledger = project.root / "stored" / "ledger.yaml"
    up = ("up", "-s", "mine", "--services", "stored", "--yes")

    def identity() -> str:
        asked = ("get", "clusters.postgresql.cnpg.io", "db", "--namespace=ledger-data")
        return project.kubectl(*asked, "--output=jsonpath={.metadata.uid}")

    ledger.write_text(STORED, encoding="utf-8")
    project.run(*up)
    made = identity()

    ledger.write_text(LEDGER, encoding="utf-8")
    words = project.run(*up, code=2)
    assert "Cluster ledger-data/db: PostgreSQL" in words, f"what would be taken is not said:\n{words}"
    (urn,) = re.findall(r"--approve '([^']+)'", words)
    assert identity() == made, "it was touched before it was agreed to"
    words = project.run(*up, "--approve", urn)
    assert identity() == made, f"it did not stay:\n{words}"
    assert "Cluster ledger-data/db" in words, "it is not said that it stays"

    ledger.write_text(STORED, encoding="utf-8")
    words = project.run(*up)
    assert "taking back what was kept" in words, f"it was made anew:\n{words}"
    assert identity() == made, "another store has its name"
    assert "no changes" in project.run(*up), "the record does not agree with the cluster"

    project.run("down", "-s", "mine", "--yes", code=2)
    words = project.run("down", "-s", "mine", "--yes", "--approve", urn)
    assert "kept in the cluster: Cluster ledger-data/db" in words
    assert {key[2] or key[3] for key in project.there()} == {"ledger-data"}, "too little was removed, or too much"
    words = project.run(*up)
    assert identity() == made, f"without the platform it does not come back:\n{words}"
