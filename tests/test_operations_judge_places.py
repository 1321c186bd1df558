"""Where a finding is mended: the file that was judged, its line, the container's own path, and no placeholder."""

import re
from pathlib import Path

import pytest

from blueprint.reading import read_catalogue
from operations.judging import Asked, judged
from policies.core import editing
from policies.core.facts import Facts
from policies.core.limits import limits_of
from policies.objects import Object
from policies.rules import RULES
from tests.support.stacks import MINIMAL, TODAY, settings
from tests.test_operations_cli_commands import plat

PREPARED = (
    MINIMAL.format(name="solo", kind="worker")
    + """\
  initContainers:
    prepare:
      image: docker.io/somebody/prepare:1.0.0
      resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 128Mi}}
  environments:
    dev:
      containers: {main: {image: docker.io/somebody/solo:1.0.0}}
"""
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalogue that is not the project's, with one service whose two images are from elsewhere."""
    made = tmp_path / "few"
    made.mkdir()
    (made / "solo.yaml").write_text(PREPARED, encoding="utf-8")
    return made


def test_a_cure_names_the_file_that_was_judged_its_line_and_the_container(folder: Path) -> None:
    done = plat("judge", "-s", "dev", "--services", str(folder))
    cures = [line for line in done.stdout.splitlines() if "Mirror the image" in line]
    assert len(cures) == 2, done.stdout
    init, main = sorted(cures, key=lambda line: "main" in line)
    assert init.endswith(f"({folder}/solo.yaml:14: spec.initContainers.prepare.image)."), init
    assert main.endswith(f"({folder}/solo.yaml:18: spec.containers.main.image)."), "the patch that says it is not named"
    assert "policies/config/dev.json" in main, "the file of limits is not named"


def test_the_place_of_a_finding_is_that_of_its_cure(folder: Path) -> None:
    asked = Asked(stack="dev", paths=(), environment=None, services=folder, standard="restricted")
    found = judged(asked, lambda _: None)
    places = {
        place.line for each in found.report.findings if each.rule.id == "img-registry" and (place := found.place(each))
    }
    assert places == {14, 18}


@pytest.mark.parametrize("service", ["solo", ""])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_placeholder_is_left_to_the_reader(rule: object, service: str, folder: Path) -> None:
    catalogue = read_catalogue(folder, today=TODAY)
    facts = Facts.of_stack(settings("dev"), catalogue, limits=limits_of("dev"), today=TODAY)
    pod = {"spec": {"initContainers": [{"name": "prepare"}]}}
    for path in ("spec.initContainers[0].image", "spec.initContainers[1].image", "metadata.name", ""):
        about = Object(type="kubernetes:core/v1:Pod", props=pod)
        said = editing.spelled(rule.where, path, about, service, facts)  # type: ignore[attr-defined]
        left = set(re.findall(r"<\w+>|\{\w+\}", said)) - {"<stack>"}
        assert not left, f"the reader has to guess {left}: {said}"
        assert said, "nothing is said"
