"""Every rule: something it passes, everything it refuses, and where it says the fault is."""

from typing import Final

import pytest

from policies.core.judging import Judge
from policies.rules import RULES
from tests.support.policy_cases import Case, cases, rules_with_cases

CASES: Final = [case for rule in rules_with_cases() for case in cases(rule)]


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_rule_says_what_is_wrong_and_nothing_else(case: Case) -> None:
    report = Judge(case.facts, RULES).everything(case.judged())
    found = sorted(finding.path for finding in (*report.findings, *report.excepted) if finding.rule.id == case.rule)
    crashes = [finding.message for finding in report.findings if finding.rule.id == "eng-rule-crash"]
    if case.rule != "eng-rule-crash":
        assert not crashes
    if case.finds is None:
        assert found
    else:
        assert tuple(found) == case.finds
