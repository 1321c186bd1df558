"""What ordinary services of other platforms break is advice on `dev`, and mandatory where it counts."""

from pathlib import Path

import pytest

from blueprint import design
from blueprint.catalogue import Environment
from blueprint.reading import read_catalogue
from operations.judging import stack_objects
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.stacks import MINIMAL, TODAY, settings


@pytest.mark.parametrize(
    ("environment", "level"), [("dev", "advisory"), ("staging", "mandatory"), ("prod", "mandatory")]
)
def test_a_limit_far_above_the_request_does_not_stop_a_laptop(
    environment: Environment, level: str, tmp_path: Path
) -> None:
    # As public charts have it: a small request, a limit eight times as large.
    text = MINIMAL.format(name="moved", kind="worker").replace("memory: 256Mi", "memory: 1Gi")
    (tmp_path / "moved.yaml").write_text(text, encoding="utf-8")
    asked, moved = settings(environment), read_catalogue(tmp_path, today=TODAY)
    facts = Facts.of_stack(asked, moved, limits=limits_of(environment), today=TODAY)
    report = Judge(facts, RULES).everything(stack_objects(design(asked, moved, environment)))
    assert {found.level for found in report.findings if found.rule.id == "res-bounds"} == {level}
    if environment == "dev":
        assert not report.mandatory, "a stack on a laptop is refused for an ordinary migration"
