"""The page about moving in: its files are a valid catalogue, and its messages are what is said."""

import re
from pathlib import Path
from typing import Final

import pytest
import yaml

from blueprint import design, fitting
from blueprint.reading import TextError, read_catalogue
from manifests import everything
from policies.adapters import manifests
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.stacks import ROOT, STACKS, TODAY, settings

PAGE: Final = (ROOT / "docs" / "moving-in.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"```(?:yaml|nginx)\n(.*?)```", PAGE, re.DOTALL)
FILES: Final = {block.splitlines()[0].removeprefix("# "): block for block in BLOCKS}
"""Path, which each block begins with, → text."""
WRONG_API: Final = """\
      environment: {}
      healthcheck: {}
  depends_on: [db]
"""


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page's files, with `tickets` as the folder of the catalogue."""
    monkeypatch.chdir(tmp_path)
    for path, text in FILES.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return Path("tickets")


def test_the_page_is_a_catalogue_that_fits_every_stack(moved: Path) -> None:
    fitting.check({stack: settings(stack) for stack in STACKS}, read_catalogue(moved, today=TODAY))


def test_every_service_of_the_compose_file_is_there(moved: Path) -> None:
    catalogue = read_catalogue(moved, today=TODAY)
    stores = {name for each in catalogue.services for name in each.spec.resources}
    composed = yaml.safe_load(FILES["compose.yaml"])["services"]
    assert set(composed) - stores == set(catalogue.entries)
    assert {name: composed[name]["image"] for name in catalogue.entries} == {
        each.name: each.spec.containers["main"].image for each in catalogue.services
    }


def test_the_proxy_is_given_the_address_of_what_it_calls(moved: Path) -> None:
    made = everything(design(settings("dev"), read_catalogue(moved, today=TODAY)))
    (held,) = [each["data"] for each in made if each["metadata"]["name"] == "web-config-main.files"]
    (text,) = held.values()
    assert "proxy_pass http://api.api.svc.cluster.local:8080/;" in text
    assert "proxy_set_header Host $proxy_host;" in text
    assert "${" not in text


@pytest.mark.parametrize(("stack", "asked"), [("dev", set()), ("prod", {"img-digest"})])
def test_the_policies_take_the_page(moved: Path, stack: str, asked: set[str]) -> None:
    catalogue = read_catalogue(moved, today=TODAY)
    facts = Facts.of_stack(settings(stack), catalogue, limits=limits_of(stack), today=TODAY)
    made = list(manifests.objects(everything(design(settings(stack), catalogue))))
    assert {finding.rule.id for finding in Judge(facts, RULES).everything(made).mandatory} == asked


def test_the_messages_of_the_page_are_what_is_said(moved: Path) -> None:
    compose, address = (text.splitlines() for text in re.findall(r"```\n(tickets/.*?)```", PAGE, re.DOTALL))
    api = moved / "api.yaml"
    before, after = api.read_text(encoding="utf-8").split("      variables:\n", 1)
    api.write_text(before + WRONG_API + after[after.index("  service:") :].split("  resources:")[0], encoding="utf-8")
    assert said(moved) == compose
    api.write_text(FILES["tickets/api.yaml"], encoding="utf-8")
    nightly = moved / "nightly.yaml"
    text = nightly.read_text(encoding="utf-8").split("  consumes:")[0]
    nightly.write_text(text.replace("${consumes.api.url}", "http://api:8080"), encoding="utf-8")
    assert said(moved) == address


def said(folder: Path) -> list[str]:
    with pytest.raises(TextError) as refused:
        read_catalogue(folder, today=TODAY)
    return str(refused.value).splitlines()
