"""What a mesh's proof takes of a stack, and how it finds the object at fault."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, cast

from operations.laboratory import copies, injection, tokens
from operations.laboratory.access import Access
from operations.laboratory.blaming import Blame
from operations.laboratory.judging import Judge
from operations.laboratory.members import assemble
from operations.laboratory.questions import Question
from operations.laboratory.wire import Wire
from operations.leftovers import Cluster, Served
from tests.support.mesh_proofs import facts, rendered
from tests.support.stacks import shop

GRANTS: Final = "gateway.networking.k8s.io"

Manifest = Mapping[str, Any]


@cache
def objects() -> tuple[Manifest, ...]:
    return tuple(rendered(shop()))


def question(text: str) -> Question:
    copied = copies.of(objects())
    members = assemble(copied, facts(shop()), ())
    asked = Access(members, Wire(Judge(facts(shop())), copied.addresses(), "")).questions()
    return next(each for each in asked if str(each) == text)


def blame(*more: Manifest) -> Blame:
    return Blame([*objects(), *more], facts(shop()))


def policy(name: str, **changes: Any) -> Manifest:
    named = [each for each in objects() if each["metadata"]["name"] == name]
    found = next(each for each in named if each["kind"] == "AuthorizationPolicy")
    rule = {**found["spec"]["rules"][0], **changes}
    return {**found, "metadata": {**found["metadata"], "name": "planted"}, "spec": {**found["spec"], "rules": [rule]}}


def test_a_copy_says_nothing_of_what_its_server_wrote() -> None:
    made = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": "a",
            "uid": "1",
            "resourceVersion": "2",
            "labels": {"pod-security.kubernetes.io/enforce": "restricted", "istio-injection": "enabled"},
        },
        "status": {"phase": "Active"},
    }
    (found,) = copies.of([made]).copies(set(), set())
    assert found["metadata"] == {"name": "a", "labels": {"istio-injection": "enabled"}}
    assert "status" not in found


def test_endpoints_are_those_of_the_pods_that_take_part() -> None:
    copied = copies.of(objects())
    members = assemble(copied, facts(shop()), ("payment-service",))
    addresses = {member.address for member in members.all}
    found = {
        address
        for each in copied.copies({"payment-service"}, addresses)
        if each["kind"] == "EndpointSlice"
        for endpoint in each["endpoints"]
        for address in endpoint["addresses"]
    }
    assert found == {members.services["payment-service"].address}


def test_the_service_range_holds_every_address_of_a_foreign_cluster() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "b"}}
    copied = copies.of([{**service, "spec": {"clusterIP": "172.20.13.1", "clusterIPs": ["172.20.13.1"]}}])
    assert copied.service_range == "172.16.0.0/12"


def test_the_api_servers_own_service_is_left_out() -> None:
    own = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default"},
        "spec": {},
    }
    assert copies.of([own]).objects == []


def test_a_kind_is_copied_in_the_version_the_program_writes_whatever_the_cluster_prefers() -> None:
    """istiod watches ReferenceGrants in v1beta1, and waits for ever where only v1 is defined."""

    class Serving:
        """A cluster that prefers a newer version, as the strict definitions of the Gateway API do."""

        def kinds(self) -> list[Served]:
            return [
                Served(group=GRANTS, version="v1", kind="ReferenceGrant", plural="referencegrants", namespaced=True)
            ]

        def listed(self, *names: str) -> list[dict[str, Any]]:
            assert f"referencegrants.v1beta1.{GRANTS}" in names, f"it is listed otherwise: {names}"
            return []

    (made,) = copies.read(cast("Cluster", Serving())).definitions
    assert [version["name"] for version in made["spec"]["versions"]] == ["v1beta1"], "istiod would never be ready"


def test_a_template_is_asked_for_with_the_labels_of_its_pods() -> None:
    copied = copies.of(objects())
    members = assemble(copied, facts(shop()), ("order-service",))
    ((pod, _),) = injection.pods(copied, dict.fromkeys(members.services, 1))
    assert pod["metadata"]["labels"]["app.kubernetes.io/name"] == "order-service"
    assert pod["spec"]["containers"][0]["name"] == "main"


def test_as_many_pods_are_asked_for_as_the_quota_promises() -> None:
    copied = copies.of(objects())
    (quota,) = [each for each in copied.of("ResourceQuota") if each["metadata"]["namespace"] == "order-service"]
    promised = int(quota["spec"]["hard"]["pods"])
    assert promised > 1
    assert [wanted for _, wanted in injection.pods(copied, {"order-service": 1})] == [promised]
    assert [wanted for _, wanted in injection.pods(copied, {"order-service": promised + 1})] == [promised + 1]


def test_a_service_of_which_no_pod_was_asked_for_is_not_passed_over() -> None:
    answered = {"namespace": "a", "wanted": 3, "admitted": 3, "proxied": True, "words": ""}
    short = {"namespace": "b", "wanted": 3, "admitted": 2, "proxied": True, "words": "exceeded quota"}
    found = injection.admissions([answered, short], ["a", "b", "c"])
    assert [each.wrong() for each in found] == [
        "",
        "pod 3 of 3 of b is refused once it has a proxy: exceeded quota",
        "no workload of c has its name, so no pod of it was asked for",
    ]


def test_the_laboratory_signs_with_a_key_that_the_stack_does_not_have() -> None:
    authentication = next(each for each in objects() if each["kind"] == "RequestAuthentication")
    before = copy.deepcopy(dict(authentication))
    changed = tokens.with_own_key(authentication)
    assert authentication == before
    for rule, own in zip(authentication["spec"]["jwtRules"], changed["spec"]["jwtRules"], strict=True):
        assert (rule["issuer"], rule.get("audiences")) == (own["issuer"], own.get("audiences"))
        assert rule["jwks"] != own["jwks"]


def test_a_policy_that_admits_another_identity_is_named() -> None:
    principal = {"source": {"principals": ["cluster.local/ns/cart-service/sa/cart-service"]}}
    planted = policy("from.order-service.payments-v1", **{"from": [principal]})
    asked = question("cart-service → payment-service:50051 POST /payments.v1.Payments/Charge")
    assert blame(planted).of(asked, answered=True) == ("AuthorizationPolicy payment-service/planted admits it",)


def test_where_no_policy_admits_what_is_declared_that_is_said() -> None:
    left = [each for each in objects() if each["metadata"]["name"] != "from.order-service.payments-v1"]
    asked = question("order-service → payment-service:50051 POST /payments.v1.Payments/Charge")
    assert Blame(left, facts(shop())).of(asked, answered=False) == (
        "order-service consumes payment-service/payments-v1",
        "no AuthorizationPolicy of payment-service admits order-service to it",
    )


def test_the_peer_authentication_that_takes_plain_text_is_named() -> None:
    hole = {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": {"name": "a-hole", "namespace": "user-service"},
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": "user-service"}},
            "portLevelMtls": {"8001": {"mode": "PERMISSIVE"}},
        },
    }
    asked = question("a stranger without a proxy → user-service:8001 GET /v1/users")
    assert blame(hole).of(asked, answered=False) == (
        "PeerAuthentication user-service/a-hole says PERMISSIVE for port 8001",
    )


def test_the_sidecar_that_knows_too_much_is_named() -> None:
    asked = question("cart-service → the internet:80 GET /")
    assert blame().of(asked, answered=True) == ("Sidecar cart-service/default says REGISTRY_ONLY",)
