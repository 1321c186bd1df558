"""It does not matter how a pod spec comes along, in which order it is written, or who stands beside it."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from policies.adapters.manifests import from_manifest
from policies.core.judging import Judge
from policies.core.rule import CONTAINER_PARTS, CONTAINERS, POD_PARTS, PODS
from policies.objects.pods import Pod, pods
from policies.objects.values import Unknown, step
from policies.rules import RULES
from tests.support.policy_carriers import CARRIERS
from tests.support.policy_cases import Case, cases, rules_with_cases

SELECTORS: Final = (PODS, CONTAINERS, POD_PARTS, CONTAINER_PARTS)
ABOUT_PODS: Final = tuple(
    rule for rule in RULES if rule.selector in SELECTORS and not rule.of_stack and rule.group != "AV"
)
"""How available pods are depends on what makes them: a Job needs no probe, a single Pod no spread."""
OTHERS: Final = tuple(rule for rule in RULES if rule.id in ("eng-rule-crash", "eng-unknown-values", "eng-exemptions"))


def _bad_pods() -> Iterator[Case]:
    known = {rule.id for rule in ABOUT_PODS}
    for rule in rules_with_cases():
        if rule in known:
            for case in cases(rule):
                found = [pod for written in case.objects for pod in pods(from_manifest(written))]
                if case.finds != () and len(found) == 1 and isinstance(found[0].spec.value, dict):
                    yield replace(case, objects=(_as_pod(found[0]),))


def _as_pod(pod: Pod) -> dict[str, Any]:
    """The pod by itself, as the controller around it would make it."""
    metadata = {**(pod.metadata.value or {}), "name": pod.object.name or "a", "namespace": pod.object.namespace or "a"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod.spec.value}


BAD: Final = tuple(_bad_pods())


def _found(case: Case, written: dict[str, Any], prefix: str = "") -> set[tuple[str, str]]:
    """Rule and path, as seen from the pod."""
    report = Judge(case.facts, (*ABOUT_PODS, *OTHERS)).everything([from_manifest(written)])
    found = (*report.findings, *report.excepted)
    assert all(finding.path.startswith(prefix) for finding in found)
    return {(finding.rule.id, finding.path.removeprefix(prefix)) for finding in found}


def test_there_are_bad_pods_for_every_rule_about_pods() -> None:
    assert {case.rule for case in BAD} == {rule.id for rule in ABOUT_PODS}


@pytest.mark.parametrize("carrier", sorted(CARRIERS))
def test_the_same_pod_gives_the_same_findings_in_every_carrier(carrier: str) -> None:
    carry, prefix = CARRIERS[carrier]
    for case in BAD:
        pod = dict(case.objects[0])
        assert _found(case, carry(copy.deepcopy(pod)), prefix) == _found(case, pod), case.id


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(part) for part in value] if isinstance(value, list) else value


def test_the_order_of_keys_does_not_matter() -> None:
    for case in BAD:
        pod = dict(case.objects[0])
        assert _found(case, _reversed(pod)) == _found(case, pod), case.id


def test_the_order_of_documents_does_not_matter() -> None:
    everything = [from_manifest(dict(case.objects[0])) for case in BAD]
    judge = Judge(BAD[0].facts, RULES)
    one = sorted(finding.message for finding in judge.everything(everything).findings)
    assert one == sorted(finding.message for finding in judge.everything(everything[::-1]).findings)


@pytest.mark.parametrize("in_front", [True, False])
@pytest.mark.parametrize("field", ["containers", "initContainers", "ephemeralContainers"])
def test_one_more_container_never_mends_anything(field: str, in_front: bool) -> None:
    innocent = next(iter(cases("wl-privileged"))).objects[0]["spec"]["containers"][0] | {"name": "another"}
    for case in BAD:
        pod = copy.deepcopy(dict(case.objects[0]))
        before = {rule for rule, _ in _found(case, pod)}
        held = pod["spec"].setdefault(field, [])
        if isinstance(held, list):
            held.insert(0 if in_front else len(held), copy.deepcopy(innocent))
            assert before <= {rule for rule, _ in _found(case, pod)}, case.id


def _leaves(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, step(path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _leaves(part, step(path, index))
    else:
        yield path


def _with_unknown(value: Any, at: str, path: str = "") -> Any:
    if path == at:
        return Unknown(path)
    if isinstance(value, dict):
        return {key: _with_unknown(part, at, step(path, key)) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_unknown(part, at, step(path, index)) for index, part in enumerate(value)]
    return value


ABOUT_SECURITY: Final = {rule.id for rule in ABOUT_PODS if rule.secures and rule.group != "SEC"}
"""Rules about secrets look for what is written out: a value that is derived is what they ask for."""
SECURING: Final = tuple(case for case in BAD if case.rule in ABOUT_SECURITY)


@pytest.mark.parametrize("rule", sorted(ABOUT_SECURITY))
def test_an_unknown_value_hides_nothing(rule: str) -> None:
    for case in (case for case in SECURING if case.rule == rule):
        pod = dict(case.objects[0])
        before = {found for found in _found(case, pod) if found[0] == case.rule}
        for at in (leaf for leaf in _leaves(pod) if leaf.startswith("spec")):
            after = _found(case, _with_unknown(pod, at))
            assert before <= after or ("eng-unknown-values", at) in after, f"{case.id}, {at}"


PIECES: Final[dict[str, dict[str, Any]]] = {
    "spec.seccompProfile.type": {"seccompProfile": {"type": Unknown("spec.seccompProfile.type")}},
    "spec.privileged": {"privileged": Unknown("spec.privileged")},
    "spec.hostPID": {"hostPID": Unknown("spec.hostPID")},
    "spec.podSecurityContext": {"podSecurityContext": Unknown("spec.podSecurityContext")},
    "spec.podTemplate": {"podTemplate": Unknown("spec.podTemplate")},
    "spec.known.initContainers": {
        "known": {"containers": [{"name": "a"}], "initContainers": Unknown("spec.known.initContainers")}
    },
    "spec.groups": {"groups": {"podSpecs": [Unknown("spec.groups.podSpecs[0]")]}},
}
"""Where a piece of a pod is not known yet, and the object's spec."""


@pytest.mark.parametrize("at", sorted(PIECES))
def test_an_unknown_piece_is_reported_and_hides_no_other(at: str) -> None:
    spec = {**PIECES[at], "other": {"securityContext": {"privileged": True}}}
    written = {"apiVersion": "acme.example.com/v1", "kind": "Thing", "metadata": {"name": "a", "namespace": "a"}}
    found = _found(BAD[0], {**written, "spec": spec})
    assert ("wl-privileged", "spec.other.securityContext.privileged") in found
    assert any(rule == "eng-unknown-values" and path.startswith(at) for rule, path in found)
