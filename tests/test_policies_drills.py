"""What the rules take of a restore drill, and what they find as soon as it is given more."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import design
from blueprint.reading import Catalogue
from manifests import Manifest, everything
from policies.adapters.manifests import objects
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.stacks import TODAY, catalogue, settings

TEXT: Final = """\
  resources:
    documents: {type: mongodb}
    ledger: {type: mysql}
    db: {type: postgres}
    untried: {type: mysql, backup: {pitr: false, rpo: 1d, restoreDrill: never}}
"""
STORES: Final = ("db", "documents", "ledger")


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return catalogue(Path(tmp_path_factory.mktemp("catalogue")) / "services", orders=TEXT)


@pytest.fixture(scope="module")
def made(read: Catalogue) -> Sequence[Manifest]:
    return list(everything(design(settings("prod"), read)))


def found(made: Sequence[Manifest], read: Catalogue) -> set[tuple[str, str]]:
    """Rule and object of everything that is refused in the namespace of the drills."""
    asked = settings("prod")
    facts = Facts.of_stack(asked, read, limits=limits_of("prod"), today=TODAY)
    report = Judge(facts, RULES).everything(list(objects(made)))
    return {
        (each.rule.id, each.about.name)
        for each in report.mandatory
        if each.about is not None and each.about.namespace == "orders-drill"
    }


def changed(made: Sequence[Manifest], kind: str, name: str, change: Callable[[Any], None]) -> Sequence[Manifest]:
    """`made` with one object of the drills changed."""
    others = deepcopy(list(made))
    (one,) = [
        each
        for each in others
        if (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) == (kind, "orders-drill", name)
    ]
    change(one)
    return others


def test_the_drills_of_every_engine_pass(made: Sequence[Manifest], read: Catalogue) -> None:
    assert sum(each["kind"] == "CronJob" for each in made) == 2 * len(STORES)
    assert found(made, read) == set()


def _another_name(role: Any) -> None:
    role["rules"][1]["resourceNames"] = ["untried"]


def _one_verb_more(role: Any) -> None:
    role["rules"][1]["verbs"].append("patch")


def _any_disk(role: Any) -> None:
    del role["rules"][2]["resourceNames"]


def _another_disk(role: Any) -> None:
    role["rules"][2]["resourceNames"].append("storage-untried-0")


def _secrets(role: Any) -> None:
    role["rules"].append({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]})


@pytest.mark.parametrize("change", [_another_name, _one_verb_more, _any_disk, _another_disk, _secrets])
@pytest.mark.parametrize("store", STORES)
def test_a_drill_that_may_more_is_found(
    store: str, change: Callable[[Any], None], made: Sequence[Manifest], read: Catalogue
) -> None:
    rules = {rule for rule, _ in found(changed(made, "Role", f"{store}.drill", change), read)}
    assert any(rule.startswith("rbac-") for rule in rules), rules


@pytest.mark.parametrize("store", STORES)
def test_a_token_in_the_container_that_asks_is_found(store: str, made: Sequence[Manifest], read: Catalogue) -> None:
    def mount(job: Any) -> None:
        spec = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        (check,) = [each for each in spec["initContainers"] if each["name"] == "check"]
        check["volumeMounts"].append({"name": "token", "mountPath": "/token", "readOnly": True})

    assert found(changed(made, "CronJob", f"{store}-weekly", mount), read)
