"""The core rules in the cluster: ValidatingAdmissionPolicies, bound with Deny, failing closed.

One policy per subject; every check carries the id of the rule of `policies/` it stands for, and a test holds both to
the same verdicts.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from blueprint import names
from blueprint.admission import AdmissionPolicy
from manifests.admission.others import ADDRESSES, GRANTS, MESH, NAMESPACES, OWNER, TRAFFIC
from manifests.admission.pods import PODS
from manifests.admission.spelling import Spelling
from manifests.manifest import Manifest, given, manifest

ADMISSION: Final = "admissionregistration.k8s.io/v1"

SPELLINGS: Final[Mapping[str, Spelling]] = {
    "addresses": ADDRESSES,
    "grants": GRANTS,
    "mesh": MESH,
    "namespaces": NAMESPACES,
    "pods": PODS,
    "traffic": TRAFFIC,
}
"""Subject to its spelling; a test proves it total."""

SCOPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "everywhere": {},
    "ours": {"matchLabels": dict(names.MANAGED)},
    "tenants": {"matchExpressions": [{"key": OWNER, "operator": "Exists"}]},
}
"""Scope to the label selector of its namespaces. A Namespace is selected by the labels it is
about to have, so the policy on the labels is bound everywhere and compares with the old object."""


def policies(decided: Sequence[AdmissionPolicy]) -> Iterator[Manifest]:
    """Each policy, and the binding without which it does nothing."""
    for policy in decided:
        spelling = SPELLINGS[policy.subject]
        yield manifest(ADMISSION, "ValidatingAdmissionPolicy", policy.name, None, spec=_policy(spelling))
        binding = {
            "policyName": policy.name,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": dict(SCOPES[policy.scope]), "matchPolicy": "Equivalent"},
        }
        yield manifest(ADMISSION, "ValidatingAdmissionPolicyBinding", policy.name, None, spec=binding)


def _policy(spelling: Spelling) -> Mapping[str, Any]:
    rules = [
        {
            "apiGroups": [group],
            "apiVersions": [version],
            "operations": ["CREATE", "UPDATE"],
            "resources": list(resources),
            "scope": "*",
        }
        for group, version, resources in spelling.resources
    ]
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {"matchPolicy": "Equivalent", "resourceRules": rules},
        **given(variables=[{"name": name, "expression": cel} for name, cel in spelling.variables.items()]),
        "validations": [
            {"expression": check.cel, "message": f"{check.rule}: {check.says}", "reason": "Forbidden"}
            for check in spelling.checks
        ],
    }
