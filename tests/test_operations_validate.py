"""`plat validate` compares every stack with the catalogue and decides nothing: it still finds what deciding refuses."""

import ast
import json
import shutil
from pathlib import Path

import pytest
import yaml

from blueprint.reading import TextError
from operations.deciding import Verdict, decide, validate
from operations.project import Project
from tests.support.stacks import MINIMAL, ROOT, SERVICES, STACKS
from tests.test_operations_cli_commands import plat

# What `unmade` refuses, the program and `plat up` ask it; `design` does not.
DECISIONS = tuple(
    sorted(
        file
        for file in (ROOT / "blueprint").rglob("*.py")
        if file.relative_to(ROOT / "blueprint").parts[0] not in ("reading", "fitting.py", "unmade")
    )
)


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_decision_refuses_nothing_that_was_written(file: Path) -> None:
    names = {node.id for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)}
    assert "TextError" not in names, "validate would not find it: only blueprint/fitting.py refuses, which it asks"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The stacks and the shop, with a budget nobody keeps within."""
    for stack in STACKS:
        shutil.copy(ROOT / f"Pulumi.{stack}.yaml", tmp_path)
    file = tmp_path / "Pulumi.prod.yaml"
    text = yaml.safe_load(file.read_text(encoding="utf-8"))
    text["config"]["platform:settings"]["budget"] = {"pods": 1}
    file.write_text(yaml.safe_dump(text), encoding="utf-8")
    return Project(root=tmp_path, services=SERVICES)


def test_validate_reports_for_a_stack_what_deciding_it_refuses(project: Project) -> None:
    with pytest.raises(TextError) as refused:
        decide(project, "prod")
    problems = validate(project).problems
    assert [problem.field for problem in problems] == ["platform:settings.budget.pods"], "the budget is not compared"
    assert tuple(problems) == tuple(refused.value.problems), "validate and the decision report different problems"


def test_the_verdict_names_the_catalogue(project: Project) -> None:
    other = Project(root=project.root, services=project.root / "other")
    shutil.copytree(SERVICES, other.services)
    assert [validate(each).record()["folder"] for each in (project, other)] == [
        project.shown(SERVICES),
        project.shown(other.services),
    ]


@pytest.mark.parametrize(("count", "said"), [(0, "0 services"), (1, "1 service"), (2, "2 services")])
def test_one_is_not_several(count: int, said: str) -> None:
    verdict = Verdict(
        folder="shop", problems=(), services=count, calls=1, subscriptions=1, stacks=("dev",), catalogue=None
    )
    assert verdict.sentence() == f"shop: {said}, 1 call and 1 subscription between them, 1 stack (dev): valid."


def test_a_default_that_reaches_nobody_is_a_remark_and_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "_defaults.yaml").write_text(
        "apiVersion: catalog.platform/v1alpha1\nkind: Defaults\nsystems: {shop: {tier: critical, domain: sales}}\n"
    )
    (tmp_path / "a.yaml").write_text(MINIMAL.format(name="a", kind="worker") + "  tier: standard\n")
    done = plat("validate", "--services", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == (
        f"{tmp_path}/_defaults.yaml:3: systems.shop.tier: reaches nobody: each service of the system says its own, or"
        " has nothing it is for. Drop it, or what the services say instead."
    )
    (found,) = json.loads(plat("validate", "--json", "--services", str(tmp_path)).stdout)["unreached"]
    assert (found["line"], found["field"]) == (3, "systems.shop.tier")
