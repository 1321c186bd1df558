"""What the engine is told to keep: the options of every object, in the stacks as they are, against what they say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from manifests.identity import kind
from manifests.keeping import goes, retained
from manifests.treatments import TREATMENTS
from policies.core.judging import Judge
from policies.objects import Object, Options
from policies.rules import RULES
from tests.support.counting_engine import Registration
from tests.support.own_platform import facts
from tests.support.program_run import Run, lead, project, run, written_settings
from tests.support.program_variants import every_variant, objects, ran
from tests.support.stacks import MINIMAL

pytestmark = pytest.mark.xdist_group("program")  # each variant of the program is run once, by one worker

KEEPING: Final = frozenset({"eng-protect", "data-deletion-protection"})
CLUSTER: Final = "kubernetes:postgresql.cnpg.io/v1:Cluster"
TWO: Final = """\
  resources:
    ledger: {type: postgres, backup: none}
    scratch: {type: postgres, backup: none}
  environments: {staging: {resources: {scratch: {deletion: delete}}}}
"""


@every_variant
def test_what_says_that_it_stays_is_kept_and_what_stands_for_data_in_it_protected(variant: str) -> None:
    for each in objects(ran(variant)):
        stays, how = retained(each.inputs), TREATMENTS[kind(each.inputs)]
        assert each.request.retainOnDelete == stays, f"{each.urn}: what its label says is not what happens"
        assert each.request.protect == (stays and how.protected), each.urn


@pytest.mark.parametrize("stack", ["prod", "staging"])
def test_a_platform_with_data_keeps_every_store_of_it(stack: str) -> None:
    clusters = [each for each in objects(ran(stack)) if each.kind == CLUSTER]
    assert len(clusters) > 5, "hardly a store: this test would prove nothing"
    assert all(each.request.retainOnDelete and each.request.protect for each in clusters)


def test_a_laptop_keeps_nothing() -> None:
    assert any(each.kind == CLUSTER for each in objects(ran("dev"))), "no store: this test would prove nothing"
    assert [each.urn for each in ran("dev").registrations if each.request.protect or each.request.retainOnDelete] == []


def judged(done: Run, *, protected: bool | None = None) -> Iterator[tuple[str, str]]:
    """Rule and kind of what the pack finds where it is told the options."""
    things = [
        Object(
            type=each.kind,
            props=each.inputs,
            logical=each.name,
            options=Options(protect=each.request.protect if protected is None else protected),
        )
        for each in objects(done)
    ]
    for finding in Judge(facts("prod"), RULES).everything(things).findings:
        if finding.rule.id in KEEPING and finding.about:
            yield finding.rule.id, finding.about.kind


def test_the_pack_finds_nothing_that_holds_data_and_is_not_protected() -> None:
    assert list(judged(ran("prod"))) == []
    found = set(judged(ran("prod"), protected=False))
    made = {kind(each.inputs) for each in objects(ran("prod"))}
    protected = {name.rpartition(":")[2] for name, how in TREATMENTS.items() if how.protected and name in made}
    assert {of for _, of in found} == protected, "the pack has a list of its own of what holds data"
    assert {rule for rule, _ in found} == KEEPING


def of_two(folder: Path, **changes: Any) -> list[Registration]:
    """A service with two stores, of which one may go, in a stack like staging."""
    services = folder / "services"
    services.mkdir()
    text = MINIMAL.format(name="books", kind="worker").replace(":1.0.0", f":1.0.0@sha256:{'a' * 64}") + TWO
    (services / "books.yaml").write_text(text, encoding="utf-8")
    settings = {**written_settings("staging"), **changes}
    with project(services) as root:
        lead(root, settings)
        done = run(root, "staging", settings)
    assert done.exit_code == 0, f"{done.reported} {done.printed}"
    return [each for each in objects(done) if "books" in each.name]


def test_a_store_that_may_go_does_although_another_keeps_their_namespace(tmp_path: Path) -> None:
    made = of_two(tmp_path)
    (space,) = [each for each in made if each.name == "Namespace/books-data"]
    assert space.request.retainOnDelete, "what is kept would go with its namespace"
    stores = {each.inputs["metadata"]["name"]: each.request for each in made if each.kind == CLUSTER}
    assert (stores["ledger"].retainOnDelete, stores["scratch"].retainOnDelete) == (True, False)
    assert (stores["ledger"].protect, stores["scratch"].protect) == (True, False)
    assert stores["ledger"].deletedWith == space.urn
    assert stores["scratch"].deletedWith == "", "the engine would leave it to a namespace that stays"
    alone = [each for each in made if goes(each.inputs)]
    assert [each.urn for each in alone if each.request.deletedWith] == []
    assert len(alone) > 5, "its rules and its certificate would stay"


def test_an_ephemeral_stack_keeps_and_protects_nothing_and_goes_with_its_namespaces(tmp_path: Path) -> None:
    made = of_two(tmp_path, environment="ephemeral")
    assert any(each.kind == CLUSTER for each in made), "no store: this test would prove nothing"
    assert [each.urn for each in made if each.request.protect or each.request.retainOnDelete] == []
    inside = [each for each in made if each.name.startswith("books-data/")]
    assert [each.urn for each in inside if not each.request.deletedWith] == []
