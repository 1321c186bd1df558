"""docs/policies.md: it holds every rule, its links lead somewhere, and its examples are what they claim to be."""

import json
import re
import shutil
from pathlib import Path

import yaml

from blueprint import design
from blueprint.catalogue.promising import PolicyException
from blueprint.reading import read_catalogue
from manifests import everything
from operations.policy_page import ENVIRONMENTS, EXCEPTION, OBJECT_EXCEPTION, page
from policies.adapters import manifests
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import ObjectException, limits_of
from policies.rules import GROUPS, RULES
from tests.support.stacks import ROOT, SERVICES, TODAY, settings

PAGE = page()
HEADINGS = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL), re.MULTILINE)


def anchor(heading: str) -> str:
    """As GitHub makes it: small letters, blanks as dashes, no other signs."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_rule_is_there_with_its_reason_levels_and_cure() -> None:
    for rule in RULES:
        (part,) = re.findall(rf"^### {rule.id}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
        plain = re.sub(r"\\([\\*_<>\[\]|])", r"\1", part)
        assert rule.why in plain
        assert rule.cure in plain
        assert rule.where in plain
        assert all(source in plain for source in rule.sources)
        assert rule.severity.name.lower() in plain
        levels = ["–" if rule.level(each) == "off" else rule.level(each) for each in ENVIRONMENTS]
        row = f"| [`{rule.id}`](#{rule.id}) | {rule.severity.name.lower()} | {' | '.join(levels)} |"
        assert PAGE.count(row) == 1, f"{rule.id} is not in its group's table once"


def test_every_link_leads_to_a_heading_and_no_heading_is_there_twice() -> None:
    anchors = [anchor(heading) for heading in HEADINGS]
    assert len(set(anchors)) == len(anchors)
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= set(anchors)


def test_every_group_has_a_chapter_in_the_order_of_the_rules() -> None:
    chapters = [heading for heading in HEADINGS if ": " in heading]
    assert chapters == [f"{group.name}: {group.title}" for group in GROUPS if group.rules]


def test_the_examples_are_exceptions_one_could_write() -> None:
    (asked,) = yaml.safe_load(EXCEPTION)["spec"]["exceptions"]
    (excepted,) = json.loads(OBJECT_EXCEPTION)["exceptions"]
    assert PolicyException.model_validate_json(json.dumps(asked, default=str)).policy in {rule.id for rule in RULES}
    assert ObjectException.model_validate_json(json.dumps(excepted)).rule in {rule.id for rule in RULES}
    (rule,) = [rule for rule in RULES if rule.id == asked["policy"]]
    assert rule.where.startswith("services/{service}.yaml: spec"), (
        "no service can break it, so none needs the exception"
    )
    assert EXCEPTION in PAGE
    assert OBJECT_EXCEPTION in PAGE


def test_nothing_is_taken_for_markup() -> None:
    text = re.sub(r"```.*?```|<!--.*?-->|`[^`\n]*`", "", PAGE, flags=re.DOTALL)
    assert not re.search(r"(?<!\\)<", text), "GitHub would swallow a <placeholder>"


def test_the_readme_says_how_many_rules_there_are() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"[{len(RULES)} rules](docs/policies.md)" in readme


def test_the_example_excepts_what_would_be_refused(tmp_path: Path) -> None:
    asked = yaml.safe_dump(yaml.safe_load(EXCEPTION)["spec"], default_flow_style=True, width=1000)
    assert refused(tmp_path / "without", "") == {"res-bounds"}
    assert refused(tmp_path / "with", f"  {asked.strip().removeprefix('{').removesuffix('}')}\n") == set()


def refused(folder: Path, more: str) -> set[str]:
    """The rules that refuse, in production, a payment service of four times its memory that says `more`."""
    shutil.copytree(SERVICES, folder)
    file = folder / "payment-service.yaml"
    text = file.read_text(encoding="utf-8").replace("memory: 256Mi}", "memory: 1Gi}", 1)
    file.write_text(f"{text.rstrip()}\n{more}", encoding="utf-8")
    catalogue = read_catalogue(folder, today=TODAY)
    facts = Facts.of_stack(settings("prod"), catalogue, limits=limits_of("prod"), today=TODAY)
    made = manifests.objects(everything(design(settings("prod"), catalogue)))
    return {finding.rule.id for finding in Judge(facts, RULES).everything(list(made)).mandatory}
