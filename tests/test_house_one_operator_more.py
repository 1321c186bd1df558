"""One operator more costs one module that decides, one of the same name that spells, and one row of the table.

The throw-away operator is real enough to be wrong: it has a chart of its own, needs another operator and brings an
object of ours. The program is copied, so that nothing here can leak into it.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.stacks import ROOT

DECIDES = '''\
"""trust-manager: puts the private authorities' certificates where pods find them."""

from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.context import Context
from blueprint.namespaces import PlatformNamespace
from blueprint.operators import cert_manager
from blueprint.operators.installation import Installable, Operator
from blueprint.operators.scales import SCALES, Sizes, amounts
from blueprint.pins import Chart
from blueprint.sizes import Amounts

CHART: Final = Chart(
    repository="https://charts.jetstack.io",
    name="trust-manager",
    # renovate: datasource=helm depName=trust-manager registryUrl=https://charts.jetstack.io
    version="v0.20.0",
    app_version="v0.20.0",
)
CONTROLLER: Final = Sizes(small=amounts(25, 100, 64, 128), large=amounts(50, 200, 64, 128))


@dataclass(frozen=True, kw_only=True)
class TrustManager(Operator):
    """Distributes certificates."""

    controller: Amounts


def _decide(context: Context) -> TrustManager:
    controller = SCALES[context.environment].of(CONTROLLER)
    return TrustManager(name="trust-manager", namespace=names.CERT_MANAGER, chart=CHART, controller=controller)


INSTALLABLE: Final = Installable(
    decision=TrustManager,
    decide=_decide,
    asked=lambda context: context.environment == "prod",
    needs=(cert_manager.NAME,),
    namespace=cert_manager.INSTALLABLE.namespace,
    owns=("Bundle.trust.cert-manager.io",),
)
'''
SPELLS = '''\
"""trust-manager's chart."""

from collections.abc import Iterator
from typing import Any, Final

from blueprint.operators.trust_manager import TrustManager
from manifests.manifest import Manifest, manifest
from manifests.operators.spelling import Spelling
from manifests.resources import resources


def _values(decision: TrustManager) -> dict[str, Any]:
    return {"crds": {"enabled": True}, "resources": resources(decision.controller)}


def _beside(decision: TrustManager) -> Iterator[Manifest]:
    yield manifest("v1", "ConfigMap", "trusted", decision.namespace, data={"ca.crt": ""})


SPELLING: Final = Spelling(values=_values, beside=_beside)
'''
ROW = '    "trust-manager": trust_manager.INSTALLABLE,\n'

REPORT = """\
import json
from manifests.charts import charts
from tests.support.stacks import blueprint_of, objects
reported = {
    stack: {
        "objects": {"/".join(key): made for key, made in objects(blueprint_of(stack)).items()},
        "charts": [[name, props] for name, props in charts(blueprint_of(stack))],
    }
    for stack in ("prod", "staging")
}
print(json.dumps(reported))
"""


def copy(folder: Path) -> None:
    """The program in `folder`, with what reads its stacks."""
    for room in ("blueprint", "manifests", "services", "tests/support"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*ROOT.glob("Pulumi*.yaml"), ROOT / "tests" / "__init__.py"):
        (folder / file.relative_to(ROOT)).write_bytes(file.read_bytes())


def add(folder: Path) -> None:
    """Adds the operator to the program in `folder`: two files and one row, with the import that names it."""
    (folder / "blueprint" / "operators" / "trust_manager.py").write_text(DECIDES)
    (folder / "manifests" / "operators" / "trust_manager.py").write_text(SPELLS)
    table = folder / "blueprint" / "operators" / "__init__.py"
    text = table.read_text()
    last = '    "metrics-server": metrics_server.INSTALLABLE,\n'
    assert text.count(last) == 1, "the table looks otherwise than this test thinks"
    text = text.replace(last, last + ROW)
    table.write_text(text.replace("    metrics_server,\n", "    metrics_server,\n    trust_manager,\n"))


def reported(folder: Path) -> dict[str, Any]:
    """What the program in `folder` would make of two stacks."""
    done = subprocess.run([sys.executable, "-c", REPORT], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.fixture(scope="module")
def before_and_after(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("program")
    copy(folder)
    before = reported(folder)
    add(folder)
    return before, reported(folder)


def test_one_operator_more_is_its_chart_and_its_objects_and_nothing_else(
    before_and_after: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    before, after = (each["prod"] for each in before_and_after)
    assert [each for each in after["charts"] if each[0] != "trust-manager"] == before["charts"], "another chart changed"
    order = [name for name, _ in after["charts"]]
    assert order.index("cert-manager") < order.index("trust-manager"), "behind what it needs"
    ((_, chart),) = [each for each in after["charts"] if each[0] == "trust-manager"]
    assert (chart["chart"], chart["version"], chart["namespace"]) == ("trust-manager", "v0.20.0", "cert-manager")
    assert chart["values"]["resources"]["limits"] == {"cpu": "200m", "memory": "128Mi"}
    new = after["objects"].keys() - before["objects"].keys()
    assert new == {"v1/ConfigMap/cert-manager/trusted"}
    assert {name: after["objects"].get(name) for name in before["objects"]} == before["objects"], "an object changed"


def test_an_operator_that_is_not_asked_for_changes_nothing(
    before_and_after: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    before, after = before_and_after
    assert after["staging"] == before["staging"]
