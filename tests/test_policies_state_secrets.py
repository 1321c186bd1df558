"""Secrets in plain text in a state: found wherever they lie, and never said."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from policies.credentials.states import SECRET, SIGNATURE, StateError, unmarked_secrets
from policies.rules import RULES

CANARY: Final = "hunter2-canary"
MARKED: Final = {SIGNATURE: SECRET, "ciphertext": "v1:abc"}
URN: Final = "urn:pulumi:prod::platform::type::name"
IN_CLUSTER: Final = "kubernetes:core/v1:Secret"


def export(token: str, inputs: Any = None, outputs: Any = None, **more: Any) -> dict[str, Any]:
    """What `pulumi stack export` writes of one resource."""
    resource = {"urn": URN, "type": token, "inputs": inputs, "outputs": outputs, **more}
    return {"version": 3, "deployment": {"manifest": {}, "resources": [resource]}}


def paths(state: Mapping[str, Any]) -> list[str]:
    """Where secrets lie in plain text."""
    found = list(unmarked_secrets(state))
    assert not any(CANARY in each.message for each in found), "the message gives the secret away"
    return sorted(each.path for each in found)


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (IN_CLUSTER, {"stringData": MARKED, "metadata": {"name": "a"}}),
        (IN_CLUSTER, {"stringData": {"password": MARKED}, "data": {}}),
        (IN_CLUSTER, {"stringData": {"password": {SIGNATURE: SECRET, "plaintext": '"x"'}}, "data": None}),
        ("kubernetes:core/v1:ConfigMap", {"data": {"PORT": "8003"}}),
        ("kubernetes:x/v1:KongPlugin", {"config": {"redis": {"password": "{vault://env/kong-redis}"}}}),
        (
            "kubernetes:x/v1:ExternalSecret",
            {"spec": {"target": {"template": {"data": {"password": "{{ .password }}"}}}}},
        ),
        ("aws:rds/instance:Instance", {"password": MARKED, "manageMasterUserPassword": True, "username": "shop"}),
        ("aws:mq/broker:Broker", {"users": [{"username": "shop", "password": MARKED}]}),
        ("aws:mq/broker:Broker", {"users": MARKED}),
        ("pulumi:providers:kubernetes", {"kubeconfig": "~/.kube/config", "context": "prod"}),
        ("pulumi:providers:kubernetes", {"kubeconfig": MARKED}),
        ("pulumi:pulumi:Stack", {"hosts": ["api.shop.example.com"], "environment": "prod", "password": MARKED}),
        ("aws:s3/bucket:Bucket", None),
    ],
)
def test_what_is_marked_or_no_secret_passes(token: str, inputs: Any) -> None:
    assert paths(export(token, inputs, inputs)) == []


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        (IN_CLUSTER, {"stringData": {"a": CANARY, "b": MARKED}}, ["inputs.stringData.a"]),
        (IN_CLUSTER, {"data": {"a": CANARY}, "stringData": MARKED}, ["inputs.data.a"]),
        (IN_CLUSTER, {"stringData": CANARY}, ["inputs.stringData"]),
        ("kubernetes:acme:Raw", {"apiVersion": "v1", "kind": "Secret", "data": {"a": CANARY}}, ["inputs.data.a"]),
        ("aws:rds/instance:Instance", {"password": CANARY}, ["inputs.password"]),
        ("aws:rds/cluster:Cluster", {"masterPassword": CANARY}, ["inputs.masterPassword"]),
        ("aws:mq/broker:Broker", {"users": [{"password": MARKED}, {"password": CANARY}]}, ["inputs.users[1].password"]),
        ("aws:ssm/parameter:Parameter", {"value": CANARY}, ["inputs.value"]),
        ("pulumi:providers:aws", {"secretKey": CANARY}, ["inputs.secretKey"]),
        ("pulumi:providers:kubernetes", {"kubeconfig": f"users:\n- token: {CANARY}"}, ["inputs.kubeconfig"]),
        ("random:index/randomPassword:RandomPassword", {"result": CANARY}, ["inputs.result"]),
        ("tls:index/privateKey:PrivateKey", {"privateKeyPem": CANARY}, ["inputs.privateKeyPem"]),
        ("random:index/randomBytes:RandomBytes", {"hex": CANARY}, ["inputs.hex"]),
        ("acme:any:Thing", {"pem": f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}"}, ["inputs.pem"]),
        ("pulumi:pulumi:Stack", {"orders": {"apiToken": CANARY}}, ["inputs.orders.apiToken"]),
        ("acme:any:Thing", {"login": [{"adminPassword": CANARY}]}, ["inputs.login[0].adminPassword"]),
        ("pulumi:pulumi:Stack", {"databaseUrl": f"postgres://shop:{CANARY}@db/orders"}, ["inputs.databaseUrl"]),
        # An asset has a signature too, and is no secret.
        (IN_CLUSTER, {"data": {"a": {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17"}}}, ["inputs.data.a"]),
    ],
)
def test_what_is_not_marked_is_found(token: str, inputs: Any, expected: list[str]) -> None:
    assert paths(export(token, inputs)) == expected


def test_outputs_count_and_so_does_the_copy_an_annotation_keeps() -> None:
    copy = {"kubectl.kubernetes.io/last-applied-configuration": f'{{"stringData":{{"a":"{CANARY}"}}}}'}
    outputs = {"data": {"a": CANARY}, "metadata": {"annotations": copy}}
    assert paths(export(IN_CLUSTER, {"stringData": MARKED}, outputs)) == [
        "outputs.data.a",
        'outputs.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]',
    ]


def test_what_an_interrupted_run_was_about_to_make_counts() -> None:
    resource = {"urn": URN, "type": "aws:rds/instance:Instance", "inputs": {"password": CANARY}}
    state = {"deployment": {"manifest": {}, "pending_operations": [{"type": "creating", "resource": resource}]}}
    assert paths(state) == ["inputs.password"]


def test_the_inner_deployment_is_taken_too_and_an_empty_stack_passes() -> None:
    state = export("aws:rds/instance:Instance", {"password": CANARY})
    assert paths(state["deployment"]) == ["inputs.password"]
    assert paths({"version": 3, "deployment": {"manifest": {}}}) == []
    assert paths(json.loads(json.dumps(state))) == ["inputs.password"]


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"deployment": None},
        {"deployment": []},
        {"resources": [None]},
        {"resources": [], "pending_operations": [1]},
        {"a": 1},
    ],
)
def test_what_is_no_state_is_not_passed(state: dict[str, Any]) -> None:
    with pytest.raises(StateError):
        list(unmarked_secrets(state))


def test_a_password_is_said_once() -> None:
    found = list(unmarked_secrets(export("aws:rds/instance:Instance", {"password": CANARY})))
    assert [each.path for each in found] == ["inputs.password"]
    assert found[0].message.startswith("sec-secret-marked: ")


def test_the_rule_is_listed_with_the_others_and_claims_nothing() -> None:
    (rule,) = [rule for rule in RULES if rule.id == "sec-secret-marked"]
    assert set(rule.levels.values()) == {"mandatory"}
    assert list(rule.check(None, None)) == []
