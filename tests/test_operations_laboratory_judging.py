"""What a mesh's proof expects: from the catalogue's own words, and from nothing that is derived."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from operations.laboratory import copies, ejections, gateway, mesh, opening
from operations.laboratory.access import Access
from operations.laboratory.blaming import Blame
from operations.laboratory.canaries import ByWeight, Canaries
from operations.laboratory.judging import Judge, Request
from operations.laboratory.members import Members, assemble
from operations.laboratory.missing import missing, reachable
from operations.laboratory.patience import Ended, Endurance, Retried
from operations.laboratory.questions import Answered, Forbidden, Question, Refused, normal
from operations.laboratory.wire import Wire
from tests.support.mesh_proofs import facts, rendered
from tests.support.stacks import catalogue, shop


@cache
def copied() -> copies.Copied:
    return copies.of(rendered(shop()))


@cache
def members() -> Members:
    return assemble(copied(), facts(shop()), ())


@cache
def wire() -> Wire:
    return Wire(Judge(facts(shop())), copied().addresses(), "a-token")


@cache
def questions() -> tuple[Question, ...]:
    return (*Access(members(), wire()).questions(), *Endurance(members(), facts(shop()), wire()).questions())


def allowed(source: str, target: str, port: int, method: str, path: str, *, token: bool = False) -> bool:
    services = {**members().services, "gateway": members().gateway}
    request = Request(method=method, path=path)
    return wire().judge.allows(services[source], services[target], port, request, token=token)


def asked(text: str) -> list[Question]:
    return [question for question in questions() if str(question) == text]


def test_who_may_ask_for_one_may_not_for_that_ask_for_all() -> None:
    assert allowed("storefront-bff", "product-service", 8002, "GET", "/v1/products/7")
    assert not allowed("storefront-bff", "product-service", 8002, "GET", "/v1/products/search")


def test_the_gateway_needs_a_users_token_where_the_route_asks_for_one() -> None:
    assert allowed("gateway", "product-service", 8002, "GET", "/v1/products/search", token=True)
    assert not allowed("gateway", "product-service", 8002, "GET", "/v1/products/search")
    assert allowed("gateway", "auth-service", 8011, "POST", "/v1/auth/login")


def test_a_pod_with_a_strange_account_is_still_asked_for_what_its_service_may() -> None:
    strange = replace(members().services["storefront-bff"], account="default")
    judge, target = wire().judge, members().services["product-service"]
    assert judge.allows(strange, target, 8002, Request(method="GET", path="/v1/products/7"))
    question = next(each for each in asked("storefront-bff → product-service:8002 GET /v1/products/7"))
    blamed = Blame(copied().objects, facts(shop())).of(replace(question, source=strange), answered=False)
    assert "storefront-bff (whose pod has the account default) to it" in blamed[-1]


def test_every_operation_that_is_consumed_is_asked_and_must_be_answered() -> None:
    for text in (
        "order-service → payment-service:50051 POST /payments.v1.Payments/Charge",
        "order-service → inventory-service:8005 PUT /v1/stock/7/reservations/7",
        "storefront-bff → cart-service:8008 DELETE /v1/carts/7",
    ):
        assert [type(each) for each in asked(text)][:1] == [Answered]


@pytest.mark.parametrize(
    "text",
    [
        "storefront-bff → product-service:8002 DELETE /v1/products/7",
        "storefront-bff → product-service:8002 GET /v1/products/7/neighbour",
        "storefront-bff → product-service:8002 GET //v1//products//search",
        "storefront-bff → product-service:8002 GET /v1/products/searc%68",
        "storefront-bff → product-service:50051 POST /products.v1.ProductService/GetProduct",
        "cart-service → payment-service:50051 POST /payments.v1.Payments/Charge",
        "a stranger with a proxy → payment-service:50051 POST /payments.v1.Payments/Charge",
        "payment-service → the internet:80 GET /",
    ],
)
def test_a_neighbour_of_what_is_declared_must_be_refused(text: str) -> None:
    found = asked(text)
    assert found, "nobody asks it"
    assert all(isinstance(each, Refused) for each in found)


def test_no_question_is_asked_twice_with_two_meanings() -> None:
    meaning: dict[tuple[object, ...], set[bool]] = {}
    for each in questions():
        if isinstance(each, Answered | Refused):
            key = (str(each), tuple(sorted(each.headers.items())))
            meaning.setdefault(key, set()).add(isinstance(each, Answered))
    assert [key for key, several in meaning.items() if len(several) > 1] == []


def test_a_charge_is_tried_once_and_a_price_twice() -> None:
    tries = {str(each): each.tries for each in questions() if isinstance(each, Retried)}
    assert tries["order-service → payment-service:50051 POST /payments.v1.Payments/Charge"] == 1
    assert tries["order-service → product-service:8002 GET /v1/products/7"] == 2


def test_a_callers_own_timeout_ends_what_hangs() -> None:
    ended = {str(each): each.patience.timeout_seconds for each in questions() if isinstance(each, Ended)}
    assert ended["order-service → user-service:8001 GET /v1/users/7"] == 0.5
    assert ended["the gateway → storefront-bff:8080 POST /v1/shop/checkout"] == 8.0


def test_the_headers_route_of_each_port_leads_to_that_port() -> None:
    (scene,) = Canaries(members(), facts(shop()), copied(), wire()).scenes()
    ports = {
        each["metadata"]["name"]: [route["route"][0]["destination"]["port"]["number"] for route in each["spec"]["http"]]
        for each in scene.replaced
        if each["kind"] == "VirtualService"
    }
    assert ports["order-service-8003-weights"] == [8003, 8003]
    assert ports["order-service-50051-weights"] == [50051, 50051]


@pytest.mark.parametrize(("path", "meant"), [("//a///%37", "/a/7"), ("/a/%2e", "/a/."), ("/a/b", "/a/b")])
def test_a_path_is_meant_without_encoding_and_doubled_slashes(path: str, meant: str) -> None:
    assert normal(path) == meant


NOBODY = {"by": "", "at": 0, "seen": "", "status": 0, "grpc": "", "words": "", "error": ""}


@pytest.mark.parametrize("text", ["GET /v1/products/search", "POST /products.v1.ProductService/GetProduct"])
def test_who_knows_a_host_is_forbidden_by_a_policy_and_by_nothing_else(text: str) -> None:
    port = 50051 if text.startswith("POST") else 8002
    found = asked(f"a stranger with a proxy → product-service:{port} {text}")
    assert [type(each) for each in found] == [Forbidden]
    assert not found[0].wrong({**NOBODY, "status": 403})
    assert not found[0].wrong({**NOBODY, "status": 200, "grpc": "7"})
    assert found[0].wrong({**NOBODY, "status": 503, "words": "no healthy upstream"}) == (
        "is decided by no policy (503 no healthy upstream)"
    )
    assert found[0].wrong({**NOBODY, "error": "nothing came"}) == "is decided by no policy (nothing came)"


def test_a_consumer_is_forbidden_the_neighbours_of_what_it_consumes() -> None:
    for text in ("DELETE /v1/products/7", "GET /v1/products/7/neighbour", "GET /v1/products/search"):
        found = asked(f"storefront-bff → product-service:8002 {text}")
        assert {type(each) for each in found if "//" not in each.path} == {Forbidden}, text


def test_once_scopes_are_open_every_other_identity_is_forbidden() -> None:
    (scene,) = opening.scene(members(), copied(), wire())
    assert {type(each) for each in scene.questions} == {Forbidden}


def test_a_pod_that_is_being_deleted_or_not_ready_stands_for_no_service() -> None:
    pod = next(each for each in copied().of("Pod") if each["metadata"]["namespace"] == "order-service")
    named = {name: {**pod, "metadata": {**pod["metadata"], "name": name}} for name in ("a", "b", "c")}
    named["a"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    named["b"] = {**named["b"], "status": {**pod["status"], "conditions": [{"type": "Ready", "status": "False"}]}}
    named["c"] = {**named["c"], "status": {**pod["status"], "conditions": [{"type": "Ready", "status": "True"}]}}

    def chosen(*names: str) -> list[str]:
        found = assemble(copies.of([named[name] for name in names]), facts(shop()), ("order-service",)).services
        return [each.pod["metadata"]["name"] for each in found.values() if each.pod]

    assert chosen("a", "b", "c") == ["c"]
    assert chosen("a", "b") == ["b"]
    assert chosen("a") == []


def test_a_weight_is_judged_by_all_requests_that_came_to_a_pod() -> None:
    (scene,) = Canaries(members(), facts(shop()), copied(), wire()).scenes()
    question = next(each for each in scene.questions if isinstance(each, ByWeight))
    own, other = question.second.name, question.target.name
    assert not question.wrong({**NOBODY, "tries": [own] * 50 + [other] * 16})
    assert question.wrong({**NOBODY, "tries": [own] * 51 + [other] * 15})
    assert question.wrong({**NOBODY, "tries": [own] * 31 + [other] * 32})


def test_a_pod_that_comes_back_while_it_is_counted_is_not_counted() -> None:
    def asked_of(seconds: str) -> int:
        given = facts(shop())
        for service in given.services or ():
            object.__setattr__(service.spec.resilience.outlier_detection, "base_ejection_time", seconds)
        return len(list(ejections.scene(members(), given, copied(), wire(), made=True)))

    assert (asked_of("30s"), asked_of("5s")) == (1, 0)


def lacking(objects: Sequence[copies.Manifest]) -> list[str]:
    found = copies.of(objects)
    return list(missing(assemble(found, facts(shop()), ()), facts(shop()), found))


def without(kind: str, namespace: str) -> list[copies.Manifest]:
    place = (kind, namespace)
    return [each for each in copied().objects if (each["kind"], each["metadata"].get("namespace")) != place]


def test_of_a_whole_stack_nothing_is_missing() -> None:
    assert lacking(list(copied().objects)) == []


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("Pod", "order-service has no running pod, so nothing was asked of it or by it"),
        (
            "Service",
            "Service order-service/order-service does not exist or has no address, so nothing was asked of"
            " order-service or by it",
        ),
        (
            "Rollout",
            "order-service is a canary, and no Rollout order-service/order-service has weights that the mesh sets, so"
            " none was asked",
        ),
    ],
)
def test_what_cannot_be_asked_is_a_difference(kind: str, sentence: str) -> None:
    assert lacking(without(kind, "order-service")) == [sentence]


def test_a_public_service_without_a_pod_is_a_difference_of_the_gateway() -> None:
    left = assemble(copies.of(without("Pod", "auth-service")), facts(shop()), ())
    assert list(gateway.unasked(left, facts(shop()))) == [
        "auth-service is public and has no running pod, so nothing of it was asked"
    ]


def test_a_service_without_an_address_is_not_asked() -> None:
    found = copies.of(without("Service", "order-service"))
    left = reachable(assemble(found, facts(shop()), ()), facts(shop()), found)
    asking = Wire(Judge(facts(shop())), found.addresses(), "a-token")
    assert list(Access(left, asking).questions())
    assert "order-service" not in {*left.services, *left.seconds}


def test_a_pod_whose_proxy_captures_less_than_the_copys_is_a_difference() -> None:
    def marked(port: str) -> list[str]:
        changed = copy.deepcopy([dict(each) for each in copied().objects])
        pod = next(
            each for each in changed if (each["kind"], each["metadata"].get("namespace")) == ("Pod", "cart-service")
        )
        pod["metadata"]["annotations"] = {"traffic.sidecar.istio.io/excludeInboundPorts": port}
        return lacking(changed)

    assert marked("15020") == []
    (found,) = marked("8008")
    assert "has traffic.sidecar.istio.io/excludeInboundPorts: 8008: the copy's proxy captures everything" in found


ALONE = """\
  service: {ports: {http: {port: 8002}}}
  provides:
    - api: stock-v1
      type: openapi
      version: "1.0.0"
      definition: contracts/a.openapi.yaml
      port: http
      operations: [{method: GET, path: "/v1/stock/{id}", idempotent: true}]
"""


def test_an_operation_that_nobody_consumes_is_a_neighbour_of_everything(tmp_path: Path) -> None:
    (tmp_path / "services" / "contracts").mkdir(parents=True)
    (tmp_path / "services" / "contracts" / "a.openapi.yaml").write_text("openapi: 3.1.0\n")
    alone = catalogue(tmp_path / "services", alone=ALONE)
    found = copies.of(rendered(alone))
    asking = Wire(Judge(facts(alone)), found.addresses(), "")
    asked_of = list(map(str, Access(assemble(found, facts(alone), ()), asking).questions()))
    assert "a stranger with a proxy → alone:8002 GET /v1/stock/7" in asked_of


def test_a_route_for_users_takes_the_tokens_of_its_issuer_for_its_audience_alone() -> None:
    forged = mesh.forged_of(facts(shop()))
    assert sorted(forged) == [mesh.ANOTHER_AUDIENCE, mesh.ANOTHER_ISSUER]
    asking = Wire(Judge(facts(shop())), copied().addresses(), mesh.user_of(facts(shop())), forged)
    text = "the gateway → product-service:8002 GET /v1/products/search"
    found = [each for each in Access(members(), asking).questions() if str(each) == text]
    refused = {each.about: each.headers.get("authorization") for each in found if type(each) is Refused}
    assert refused["no token"] is None
    for about, token in forged.items():
        assert refused[about] == f"Bearer {token}"
    assert [each.headers for each in found if type(each) is Answered] == [{"authorization": f"Bearer {asking.token}"}]
