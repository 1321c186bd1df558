"""Images from a private registry: every pod of a service names the stack's Secrets, and only then."""

from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import Blueprint, design
from manifests import everything
from operations.judging import stack_objects
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.stacks import TODAY, catalogue, settings, shop

NAMED: Final = ("registry", "mirror.example")


def templates(blueprint: Blueprint) -> dict[tuple[str, str], Any]:
    """The spec of every pod template of a service, by kind and namespace."""
    found = {}
    for each in everything(blueprint):
        spec = each.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if (
            each["metadata"].get("namespace") in blueprint.services
            and "template" in spec
            and "spec" in spec["template"]
        ):
            found[each["kind"], each["metadata"]["namespace"]] = spec["template"]["spec"]
    return found


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_pod_of_a_service_names_the_secrets_of_the_stack(stack: str, tmp_path: Path) -> None:
    named = settings(stack, image_pull_secrets=NAMED)
    job = "  schedule: '0 3 * * *'\n"
    for read in (shop(), catalogue(tmp_path, nightly=job)):
        made = templates(design(named, read))
        assert made
        for of, spec in made.items():
            assert spec["imagePullSecrets"] == [{"name": name} for name in NAMED], of
    assert {kind for kind, _ in made} == {"CronJob"}


def test_a_stack_that_names_none_says_nothing_of_them() -> None:
    assert not any("imagePullSecrets" in spec for spec in templates(design(settings("prod"), shop())).values())


def found(*named: str) -> list[str]:
    """What the policies say of the shop in production whose stack names these Secrets."""
    of = settings("prod", image_pull_secrets=named)
    facts = Facts.of_stack(of, shop(), limits=limits_of("prod"), today=TODAY, standard="restricted")
    findings = Judge(facts, RULES).everything(stack_objects(design(of, shop()))).findings
    return [str(each) for each in findings if "imagePullSecrets" in str(each)]


def test_policies_take_a_registry_s_secret_and_refuse_another_service_s() -> None:
    assert found(*NAMED) == []
    assert any("sec-owner-only" in each for each in found("cart-service-registry"))
