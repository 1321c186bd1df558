"""Faults planted into the secrets of a stack, each found by a rule that refuses it."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest

from blueprint import design
from manifests import Manifest, everything
from policies.adapters.manifests import from_manifest
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.secret_stacks import known
from tests.support.stacks import TODAY, settings, shop


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One mistake of the kind a person or a careless program makes."""

    sentence: str
    kind: str
    namespace: str
    name: str
    edit: Callable[[dict[str, Any]], object]
    rule: str
    at: str
    """Where the finding is."""
    store: str = "aws"
    """Where the shop's secrets are."""


AUTH, PAYMENT = "auth-service", "payment-service"
ROLE: Final = "eks.amazonaws.com/role-arn"


def _provider(made: Manifest, name: str) -> dict[str, Any]:
    found: dict[str, Any] = made["spec"]["provider"][name]
    return found


FAULTS: Final = (
    Fault(
        sentence="the reader of one service takes the role of another",
        kind="ServiceAccount",
        namespace=PAYMENT,
        name="secret-reader",
        edit=lambda made: made["metadata"]["annotations"].update(
            {ROLE: "arn:aws:iam::111122223333:role/secrets-auth-service"}
        ),
        rule="iam-one-role-per-service",
        at=f'metadata.annotations["{ROLE}"]',
    ),
    Fault(
        sentence="a store takes the role of another service in a Vault",
        kind="SecretStore",
        namespace=PAYMENT,
        name="vault",
        edit=lambda made: _provider(made, "vault")["auth"]["kubernetes"].update(role=AUTH),
        rule="sec-store-identity",
        at="spec.provider.vault.auth.kubernetes.role",
        store="vault",
    ),
    Fault(
        sentence="a store reads as the account of another namespace",
        kind="SecretStore",
        namespace=AUTH,
        name="aws",
        edit=lambda made: _provider(made, "aws")["auth"]["jwt"]["serviceAccountRef"].update(namespace=PAYMENT),
        rule="sec-store-identity",
        at="spec.provider.aws.auth.jwt.serviceAccountRef.namespace",
    ),
    Fault(
        sentence="a store leads to the Secrets beside another service's stores",
        kind="SecretStore",
        namespace=AUTH,
        name="stores",
        edit=lambda made: _provider(made, "kubernetes").update(remoteNamespace=f"{PAYMENT}-data"),
        rule="sec-store-identity",
        at="spec.provider.kubernetes.remoteNamespace",
    ),
    Fault(
        sentence="a store without an account reads as the controller",
        kind="SecretStore",
        namespace=AUTH,
        name="aws",
        edit=lambda made: _provider(made, "aws").pop("auth"),
        rule="sec-store-identity",
        at="spec.provider",
    ),
    Fault(
        sentence="what another service keeps",
        kind="ExternalSecret",
        namespace=AUTH,
        name="auth-service-secrets",
        edit=lambda made: made["spec"]["data"][0]["remoteRef"].update(key=f"commerce/{PAYMENT}"),
        rule="sec-no-cross-namespace",
        at="spec.data[0].remoteRef.key",
    ),
    Fault(
        sentence="what another service keeps where names know no slash",
        kind="ExternalSecret",
        namespace=AUTH,
        name="auth-service-secrets",
        edit=lambda made: made["spec"]["data"][0]["remoteRef"].update(key=f"commerce--{PAYMENT}--STRIPE_API_KEY"),
        rule="sec-no-cross-namespace",
        at="spec.data[0].remoteRef.key",
        store="gcp",
    ),
    Fault(
        sentence="Reloader sees what it must not",
        kind="Role",
        namespace=AUTH,
        name="reloader.restarts",
        edit=lambda made: made["rules"][0]["verbs"].append("get"),
        rule="rbac-no-secret-read",
        at="rules[0]",
    ),
    Fault(
        sentence="Reloader's right is somebody else's",
        kind="RoleBinding",
        namespace=AUTH,
        name="reloader.restarts",
        edit=lambda made: made["subjects"][0].update(name="kong-gateway", namespace="kong"),
        rule="rbac-cross-namespace",
        at="subjects[0].namespace",
    ),
    Fault(
        sentence="a pod runs as the reader",
        kind="Deployment",
        namespace=AUTH,
        name=AUTH,
        edit=lambda made: made["spec"]["template"]["spec"].update(serviceAccountName="secret-reader"),
        rule="sa-dedicated",
        at="spec.template.spec.serviceAccountName",
    ),
)


GROUPS: Final = ("CLOUD", "RBAC", "SEC")


def judged(store: str, plant: Fault | None) -> set[tuple[str, str]]:
    """Rule and path of what refuses the shop, whose secrets are in `store`."""
    stack, catalogue = settings("prod", secrets=known(store)), shop()
    objects = copy.deepcopy(list(everything(design(stack, catalogue, "prod"))))
    if plant:
        wanted = (plant.kind, plant.namespace, plant.name)
        (found,) = [
            each
            for each in objects
            if (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) == wanted
        ]
        plant.edit(found)
    facts = Facts.of_stack(stack, catalogue, limits=limits_of("prod"), today=TODAY)
    report = Judge(facts, RULES).everything([from_manifest(each) for each in objects])
    refused = [each for each in report.findings if each.level == "mandatory" and each.rule.group in GROUPS]
    return {(each.rule.id, each.path) for each in refused}


@pytest.mark.parametrize("store", ["aws", "gcp", "generated", "openbao", "vault"])
def test_the_shop_passes_wherever_its_secrets_are(store: str) -> None:
    assert not judged(store, None)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.sentence)
def test_a_planted_fault_is_refused(fault: Fault) -> None:
    assert (fault.rule, fault.at) in judged(fault.store, fault)
