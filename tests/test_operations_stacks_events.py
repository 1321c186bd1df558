"""What the engine's event log is reduced to: counts, reasons and the exit code, and never a resource's values."""

import json

import pytest

from operations.events import Tally
from operations.exits import Exit

ROLLOUT = "urn:pulumi:dev::platform::platform:services:Service$kubernetes:argoproj.io/v1alpha1:Rollout::Rollout/orders"
STACK = "urn:pulumi:dev::platform::pulumi:pulumi:Stack::platform-dev"


def heard(*events: dict[str, object]) -> Tally:
    tally = Tally()
    for number, event in enumerate(events):
        tally.hear(json.dumps({"sequence": number, "timestamp": 0, **event}))
    return tally


def outputs(kind: str, op: str, above: str = "") -> dict[str, object]:
    urn = f"urn:pulumi:dev::platform::{above}{kind}::name"
    return {"resOutputsEvent": {"metadata": {"op": op, "type": kind, "urn": urn}}}


def error(urn: str, message: str) -> dict[str, object]:
    return {"diagnosticEvent": {"urn": urn, "message": message, "severity": "error", "color": "never"}}


def test_objects_are_counted_and_components_are_not() -> None:
    tally = heard(
        outputs("kubernetes:core/v1:Service", "create"),
        outputs("kubernetes:apps/v1:Deployment", "same"),
        outputs("platform:services:Service", "create"),
        outputs("pulumi:providers:kubernetes", "create"),
    )
    assert tally.done == 2, "progress counts what no user has asked for"
    assert tally.changed == 1, "an unchanged object counts as a change"
    assert not tally.finished, "a run that is still going counts as finished"


def test_progress_never_counts_more_objects_than_there_are() -> None:
    # Of two objects: one is refreshed, then replaced; the other is left alone; a third goes, and a chart brings two.
    replaced, chart = "kubernetes:apps/v1:Deployment", "kubernetes:helm.sh/v4:Chart"
    tally = heard(
        *(outputs(replaced, op) for op in ("refresh", "create-replacement", "replace", "delete-replaced")),
        outputs("kubernetes:core/v1:Service", "same"),
        outputs("kubernetes:core/v1:ConfigMap", "delete"),
        outputs(chart, "create"),
        outputs("kubernetes:core/v1:Secret", "create", f"{chart}$"),
    )
    assert (tally.done, tally.removed, tally.refreshed) == (2, 1, 1), "1666 of 1301 would be reported"


def test_only_an_engine_that_says_so_has_finished() -> None:
    assert heard({"cancelEvent": {}}).finished, "a cancelled engine has written its record"
    assert heard({"summaryEvent": {"resourceChanges": {"create": 2}}}).changes == {"create": 2}, "the summary is lost"


def test_a_refused_object_is_named_with_its_reason_and_ends_with_4() -> None:
    tally = heard(
        {"resOpFailedEvent": {"metadata": {"urn": ROLLOUT, "op": "create"}}},
        error(ROLLOUT, "<{%reset%}>admission webhook\n denied<{%reset%}>"),
        error(STACK, "update failed"),
    )
    (failure,) = tally.failures
    assert failure.what == "Rollout/orders", "the object is not named as people know it"
    assert failure.why == "admission webhook denied", "colours or line breaks are part of the reason"
    assert tally.code == Exit.RESOURCE, "a refused object does not end with 4"
    assert not tally.complaints, "the engine's own echo is reported as a second mistake"


def test_a_mistake_of_the_text_that_only_the_program_finds_keeps_its_lines_and_ends_with_2() -> None:
    tally = heard(error(STACK, "nothing was touched, because\na.yaml:1: x: is wrong. Mend it.\nb.yaml:2: y: too. So."))
    assert tally.complaints[0].count("\n") == 2, "the lines were run together"
    assert tally.code == Exit.USAGE, "a mistake of the text does not end with 2"


def test_a_mandatory_policy_ends_with_5_and_an_advisory_one_does_not() -> None:
    policy = {"policyName": "no-root", "message": "runs as root", "enforcementLevel": "mandatory"}
    assert heard({"policyEvent": policy}).code == Exit.POLICY, "a refusal by a policy does not end with 5"
    assert "no-root: runs as root" in heard({"policyEvent": policy}).complaints, "the policy is not named"
    assert not heard({"policyEvent": {**policy, "enforcementLevel": "advisory"}}).refused, (
        "advice is taken for a refusal"
    )


@pytest.mark.parametrize("line", ["", "{", "[]", '{"resOutputsEvent": null}', '{"newEvent": {"a": 1}}', '"text"', "7"])
def test_what_is_not_understood_is_passed_over(line: str) -> None:
    tally = Tally()
    tally.hear(line)
    assert (tally.done, tally.finished, tally.complaints) == (0, False, ()), "noise changed the count"
