"""What the README says is so."""

import re
import shutil
from pathlib import Path

import pytest

from blueprint import design
from blueprint.reading import read_catalogue
from manifests import everything
from policies.adapters import manifests
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.stacks import MINIMAL, ROOT, SERVICES, TODAY, catalogue, objects, settings

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_service_is_valid_beside_the_shop(tmp_path: Path) -> None:
    example, _ = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    folder = tmp_path / "services"
    shutil.copytree(SERVICES, folder)
    (folder / "returns-service.yaml").write_text(example)
    made = objects(design(settings("dev"), read_catalogue(folder, today=TODAY)))
    assert any(name == "from.returns-service.products-v1" for _, _, _, name in made), "its edge has no far end"
    assert len(example.splitlines()) <= 20


def test_production_asks_of_the_example_what_only_its_owner_can_say(tmp_path: Path) -> None:
    example, exception = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert refused(tmp_path / "as it stands", example) == {"av-probes-distinct", "img-digest"}
    pinned = example.replace(":1.0.0", f":1.0.0@sha256:{64 * '0'}")
    assert refused(tmp_path / "pinned", pinned) == {"av-probes-distinct"}
    assert refused(tmp_path / "excepted", pinned + exception) == set()


def refused(folder: Path, example: str) -> set[str]:
    """The rules that refuse the shop with `example` in production."""
    shutil.copytree(SERVICES, folder)
    (folder / "returns-service.yaml").write_text(example)
    shop = read_catalogue(folder, today=TODAY)
    facts = Facts.of_stack(settings("prod"), shop, limits=limits_of("prod"), today=TODAY)
    report = Judge(facts, RULES).everything(list(manifests.objects(everything(design(settings("prod"), shop)))))
    return {finding.rule.id for finding in report.mandatory}


def test_the_smallest_service_has_eleven_lines_and_becomes_an_isolated_workload(tmp_path: Path) -> None:
    text = MINIMAL.format(name="small", kind="service")
    assert len(text.splitlines()) == 11, "the README says eleven"
    made = objects(design(settings("dev"), catalogue(tmp_path / "services", small="")))
    own = [kind for _, kind, namespace, name in made if namespace == "small" or (kind, name) == ("Namespace", "small")]
    assert {"Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "ServiceAccount", "Deployment"} <= set(own)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make ([a-z-]+)", README))))
def test_every_make_target_named_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), f"make {target} does nothing"


def test_every_command_named_exists_and_none_is_forgotten() -> None:
    modules = [file.read_text() for file in sorted((ROOT / "operations").glob("cli*.py"))]
    defined = {name for text in modules for name in re.findall(r'^@command\("([a-z]+)"', text, re.MULTILINE)}
    named = set(re.findall(r"\./plat ([a-z]+)", README))
    assert named == defined, f"only in the README: {named - defined}; only in the program: {defined - named}"


def test_every_file_named_exists() -> None:
    for path in sorted(set(re.findall(r"`((?:blueprint|docs|tests|services)/[a-z_./-]+)`", README))):
        if path != "services/returns-service.yaml":
            assert (ROOT / path).exists(), f"{path} is named and not there"


def test_ci_calls_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert script.rstrip().splitlines()[-1].strip() == "make test", "CI would run something a developer does not"
