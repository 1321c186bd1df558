"""The core rules inside the cluster: the API server refuses what must be refused, says why, and lets the rest pass."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import pytest

from blueprint import admission, names
from blueprint.admission import AdmissionPolicy, Scope
from manifests import admission as spelled
from policies.adapters.manifests import objects
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from policies.rules.eng.admission_checks import EVERYWHERE, MESHED
from tests.support.admission_cases import BAD, BAD_PODS, BAD_STORES, GOOD, GOOD_STORES, ROOM, STORES, pod, refused
from tests.support.engine_fixtures import ControlPlane, eventually
from tests.support.policy_cases import TODAY

POLICIES: Final = admission.decide(meshed=True)
CHECKS: Final = {check.rule: check for spelling in spelled.SPELLINGS.values() for check in spelling.checks}
FACTS: Final = Facts(environment="prod", limits=limits_of("prod"), today=TODAY)


def test_every_subject_has_a_spelling_and_every_scope_a_selector() -> None:
    subjects = set(AdmissionPolicy.__annotations__["subject"].__args__)
    assert subjects == set(spelled.SPELLINGS) == {policy.subject for policy in POLICIES}
    assert set(spelled.SCOPES) == set(Scope.__args__)  # type: ignore[attr-defined]


def test_every_policy_fails_closed_and_is_bound_to_deny() -> None:
    made = list(spelled.policies(POLICIES))
    policies = {each["metadata"]["name"]: each for each in made if each["kind"] == "ValidatingAdmissionPolicy"}
    bindings = [each for each in made if each["kind"] == "ValidatingAdmissionPolicyBinding"]
    assert {each["spec"]["policyName"] for each in bindings} == set(policies)
    assert all(each["spec"]["validationActions"] == ["Deny"] for each in bindings)
    assert all(each["spec"]["failurePolicy"] == "Fail" for each in policies.values())


def test_every_check_stands_for_a_rule_of_the_pack_and_is_tried() -> None:
    known = {rule.id for rule in RULES}
    assert set(CHECKS) <= known, f"no rule is called {set(CHECKS) - known}"
    assert set(CHECKS) - {"ns-psa-labels", "ns-labels"} == set(BAD_PODS) | set(BAD)


@pytest.mark.parametrize("rule", sorted({*BAD_PODS, *BAD}))
def test_the_pack_refuses_what_the_cluster_refuses(rule: str) -> None:
    judge = Judge(FACTS, RULES)
    for about, tried in refused():
        if about == rule:
            report = judge.everything(list(objects([tried])))
            assert rule in {finding.rule.id for finding in report.findings}, json.dumps(tried)


@pytest.fixture(scope="module")
def walled(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    # We make none of these, so the control plane has no definition of them; whoever runs Istio has.
    control_plane.apply(
        _definition("networking.istio.io", "v1alpha3", "EnvoyFilter"),
        _definition("networking.istio.io", "v1beta1", "ProxyConfig"),
        _definition("extensions.istio.io", "v1alpha1", "WasmPlugin"),
    )
    control_plane.apply(*spelled.policies(POLICIES))
    labels = {**names.MANAGED, f"{names.PREFIX}/owner": "team-tests"}
    control_plane.namespace(
        ROOM,
        **labels,
        **{
            "pod-security.kubernetes.io/enforce": "restricted",
        },
    )
    control_plane.namespace(
        STORES,
        **labels,
        **{names.STORES_LABEL: "tried", "pod-security.kubernetes.io/enforce": "restricted"},
    )
    control_plane.apply(
        *(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "tried", "namespace": namespace}}
            for namespace in (ROOM, STORES)
        )
    )
    for policy in POLICIES:
        # The API server takes up each policy and each binding by itself, a second or two after it has it.
        eventually(f"{policy.name} stands", partial(_stands, control_plane, policy), seconds=60)
    yield control_plane
    for policy in POLICIES:
        control_plane.kubectl("delete", "validatingadmissionpolicybinding", policy.name)
        control_plane.kubectl("delete", "validatingadmissionpolicy", policy.name)


def _stands(plane: ControlPlane, policy: AdmissionPolicy) -> bool:
    """Whether `policy` refuses by now what its first check refuses."""
    if policy.subject == "namespaces":
        said = plane.kubectl("label", "namespace", ROOM, f"{names.PREFIX}/owner-", "--dry-run=server", check=False)
        return "ns-labels:" in said.stderr
    rule = spelled.SPELLINGS[policy.subject].checks[0].rule
    # Not the Pod itself: Pod Security refuses that from the beginning.
    tried = next(tried for about, tried in refused() if about == rule and tried["kind"] != "Pod")
    return f"{rule}:" in _try(plane, tried).stderr


def _definition(group: str, version: str, kind: str) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }


def _try(plane: ControlPlane, tried: dict[str, Any]) -> Any:
    return plane.kubectl(
        "create", "--dry-run=server", "--validate=ignore", "-f", "-", stdin=json.dumps(tried), check=False
    )


@pytest.mark.engine
@pytest.mark.parametrize("rule", sorted({*BAD_PODS, *BAD}))
def test_the_cluster_refuses_it_and_names_the_rule(rule: str, walled: ControlPlane) -> None:
    for about, tried in refused():
        if about != rule:
            continue
        said = _try(walled, tried)
        assert said.returncode != 0, f"{tried['kind']} got in: {json.dumps(tried)}"
        # A Pod meets Pod Security too, and whoever speaks first is heard.
        assert f"{rule}:" in said.stderr or (tried["kind"] == "Pod" and "violates PodSecurity" in said.stderr), (
            said.stderr
        )


@pytest.mark.engine
def test_the_cluster_lets_everything_else_pass(walled: ControlPlane) -> None:
    for tried in GOOD:
        said = _try(walled, tried)
        assert said.returncode == 0, f"{tried['kind']}: {said.stderr}"


@pytest.mark.engine
def test_operators_make_their_pods_beside_a_service_and_nobody_theirs_there(walled: ControlPlane) -> None:
    for tried in GOOD_STORES:
        said = _try(walled, tried)
        assert said.returncode == 0, f"{tried['metadata']['labels']}: {said.stderr}"
    for rule, tried in BAD_STORES:
        said = _try(walled, tried)
        assert f"{rule}:" in said.stderr or "violates PodSecurity" in said.stderr, json.dumps(tried)
    said = walled.kubectl("label", "namespace", ROOM, f"{names.STORES_LABEL}=tried", check=False)
    assert "ns-labels:" in said.stderr, "a service's namespace becomes one of stores, where less is asked"


@pytest.mark.engine
def test_a_namespace_cannot_slip_its_labels(walled: ControlPlane) -> None:
    for label in (f"{names.PREFIX}/owner", *names.MANAGED):
        said = walled.kubectl("label", "namespace", ROOM, f"{label}-", check=False)
        assert said.returncode != 0, f"{label} is gone"
        assert "ns-labels:" in said.stderr
    security = "pod-security.kubernetes.io/enforce"
    for weaker in (f"{security}=baseline", f"{security}-version=v1.0"):
        said = walled.kubectl("label", "namespace", ROOM, "--overwrite", weaker, check=False)
        assert said.returncode != 0, f"the namespace is {weaker} now"
        assert "ns-psa-labels:" in said.stderr


@pytest.mark.engine
def test_a_service_may_change_hands(walled: ControlPlane) -> None:
    said = walled.kubectl("label", "namespace", ROOM, "--overwrite", f"{names.PREFIX}/owner=team-other", check=False)
    assert said.returncode == 0, said.stderr


@pytest.mark.engine
def test_other_peoples_namespaces_are_their_own(walled: ControlPlane) -> None:
    walled.namespace("somebody-else")
    foreign = {**pod(hostNetwork=True), "metadata": {"name": "theirs", "namespace": "somebody-else"}}
    foreign["spec"]["serviceAccountName"] = "default"
    walled.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "somebody-else"}}
    )
    assert _try(walled, foreign).returncode == 0
    assert walled.kubectl("label", "namespace", "somebody-else", "team=theirs", check=False).returncode == 0


def test_the_pack_asks_for_every_check_there_is() -> None:
    # A check that is added here and not there could be taken out again unseen.
    assert set(CHECKS) == {*EVERYWHERE, *MESHED}
