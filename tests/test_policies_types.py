"""The list of the clouds' types: what is on it, what is not, and what somebody who strays from it is told."""

import re
from pathlib import Path
from typing import Final

import pytest

from policies.adapters.manifests import from_manifest
from policies.cloud.types import CLOUDS, FORBIDDEN, LISTED, LONGEST, is_unlisted, nearest
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.objects import Object
from policies.rules import RULES
from tests.support.policy_cases import TODAY

PACK: Final = Path(__file__).parent.parent / "policies"
TOKEN: Final = re.compile(r"\"((?:aws|gcp):[A-Za-z0-9]+/([A-Za-z0-9]+):([A-Za-z0-9]+))\"")
FACTS: Final = Facts(environment="prod", limits=limits_of("prod").model_copy(update={"exceptions": ()}), today=TODAY)


def test_the_list_is_sorted_and_says_in_three_words_what_each_type_is_for() -> None:
    assert list(LISTED) == sorted(LISTED)
    for token, use in LISTED.items():
        assert TOKEN.fullmatch(f'"{token}"'), f"{token} is no type of a cloud"
        assert 2 <= len(use.split()) <= 3, f"{token}: {use}"
        assert len(token) <= LONGEST, f"{token} is compared by its beginning alone"


def test_a_rule_reads_no_type_of_a_cloud_that_is_not_listed() -> None:
    files = sorted({*(PACK / "cloud").rglob("*.py"), *(PACK / "rules").rglob("*.py")} - {PACK / "cloud" / "types.py"})
    spelled = {match[1]: file for file in files for match in TOKEN.finditer(file.read_text(encoding="utf-8"))}
    assert len(spelled) > 75, "the pack spells its types otherwise than this test reads them"
    assert {token: file.name for token, file in spelled.items() if token not in LISTED} == {}


def test_a_forbidden_type_is_refused_by_the_rule_it_names() -> None:
    forbidden = {token: use.removeprefix(FORBIDDEN) for token, use in LISTED.items() if use.startswith(FORBIDDEN)}
    assert forbidden
    for token, rule in forbidden.items():
        report = Judge(FACTS, RULES).everything([Object(type=token, props={}, logical="a")])
        assert rule in {finding.rule.id for finding in report.findings}, f"{token}: {rule} says nothing of it"


def test_what_is_no_cloud_is_never_unlisted() -> None:
    for token in (
        "pulumi:providers:aws",
        "random:index/randomId:RandomId",
        "kubernetes:core/v1:Secret",
        "ConfigMap",
        "",
    ):
        assert not is_unlisted(token)


@pytest.mark.parametrize("package", sorted(CLOUDS))
def test_the_nearest_are_three_types_of_the_same_cloud_and_none_that_is_forbidden(package: str) -> None:
    for name in ("iam/accessKeys:AccessKeys", "serviceaccount/keys:Keys", "", "x" * 10_000):
        near = nearest(f"{package}:{name}")
        assert len(near) == len(set(near)) == 3
        assert all(each.startswith(f"{CLOUDS[package]}:") for each in near)
        assert not any(LISTED[each].startswith(FORBIDDEN) for each in near)


def test_who_uses_an_unlisted_type_is_told_the_nearest_and_where_to_add_it() -> None:
    thing = Object(type="aws:neptune/cluster:Cluster", props={}, logical="graph")
    report = Judge(FACTS, RULES).everything([thing, from_manifest({"apiVersion": "v1", "kind": "ConfigMap"})])
    (finding,) = (each for each in report.findings if each.rule.id == "eng-unlisted-type")
    assert finding.about is thing
    assert "aws:eks/cluster:Cluster, aws:rds/cluster:Cluster and aws:msk/cluster:Cluster" in finding.message
    assert "policies/cloud/types.py" in finding.cure
