"""A singleton is one pod that ends before its next version starts, and no policy asks it for more."""

from pathlib import Path
from typing import Any, Final

from blueprint import design
from manifests import everything
from operations.judging import stack_objects
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.stacks import TODAY, catalogue, settings

SAID: Final = """\
  service: {ports: {http: {port: 8080}}}
  singleton: it holds the lock of the printer
"""


def made(folder: Path, said: str, kind: str) -> list[Any]:
    """The objects of `kind` in production."""
    objects = everything(design(settings("prod"), catalogue(folder, printer=said)))
    return [each for each in objects if each["kind"] == kind and each["metadata"]["namespace"] == "printer"]


def test_a_singleton_has_one_pod_that_ends_before_the_next_begins(tmp_path: Path) -> None:
    (deployment,) = made(tmp_path, SAID, "Deployment")
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})
    assert "it holds the lock of the printer" in deployment["metadata"]["annotations"].values()
    for beside in ("HorizontalPodAutoscaler", "PodDisruptionBudget"):
        assert made(tmp_path, SAID, beside) == [], f"a {beside} for one pod"


def test_the_quota_of_a_singleton_holds_it_and_the_one_it_replaces_on_a_lost_node(tmp_path: Path) -> None:
    (quota,) = made(tmp_path, SAID, "ResourceQuota")
    assert quota["spec"]["hard"]["pods"] == "2"


def test_an_environment_may_take_a_singleton_back(tmp_path: Path) -> None:
    (deployment,) = made(tmp_path, f"{SAID}  environments: {{prod: {{singleton: null}}}}\n", "Deployment")
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]["type"]) == (3, "RollingUpdate")


def test_no_policy_asks_a_singleton_for_a_second_pod(tmp_path: Path) -> None:
    asked, text = settings("prod"), catalogue(tmp_path, printer=SAID)
    facts = Facts.of_stack(asked, text, limits=limits_of("prod"), today=TODAY)
    report = Judge(facts, RULES).everything(stack_objects(design(asked, text, "prod")))
    about_counts = ("av-replicas", "av-rolling-update", "av-pdb", "av-hpa", "res-quota")
    assert [found.found for found in report.findings if found.rule.id in about_counts] == []
