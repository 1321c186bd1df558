"""A mesh that really refuses, and that says what is at fault: istiod and Envoy over small catalogues, and faults that
are planted in them."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from blueprint import design
from blueprint.reading import Catalogue, read_catalogue, read_settings
from manifests import everything
from operations import engine
from operations.laboratory import canaries, copies, ejections, mesh, patience
from operations.leftovers import Cluster
from tests.support.engine_fixtures import ControlPlane, eventually, say
from tests.support.mesh_proofs import asked, proof, rendered
from tests.support.random_catalogues import written
from tests.support.stacks import TODAY, catalogue, settings

pytestmark = [
    pytest.mark.engine,
    pytest.mark.laboratory,
    pytest.mark.skipif(os.geteuid() != 0, reason="proxies are users of their own, which takes root"),
]

Manifest = Mapping[str, Any]

ITEMS = """\
  service: {ports: {http: {port: 8002}, grpc: {port: 50051, appProtocol: grpc}}}
  provides:
    - api: items-v1
      type: openapi
      version: "1.0.0"
      definition: contracts/items-v1.openapi.yaml
      port: http
      timeout: 1s
      operations:
        - {method: GET, path: /v1/items, idempotent: true}
        - {method: GET, path: /v1/items/all, idempotent: true}
        - {method: GET, path: /v1/items/feed, idempotent: true, streaming: true}
        - {method: GET, path: "/v1/items/{id}", idempotent: true}
    - api: writes-v1
      type: openapi
      version: "1.0.0"
      definition: contracts/items-v1.openapi.yaml
      port: http
      timeout: 1s
      operations: [{method: POST, path: /v1/items, idempotent: false}]
    - api: items-grpc-v1
      type: grpc
      version: "1.0.0"
      definition: contracts/items-v1.proto
      port: grpc
      timeout: 1s
      operations:
        - {rpc: items.v1.Items/GetItem, idempotent: true}
        - {rpc: items.v1.Items/PutItem, idempotent: false}
"""
READER = """\
  service: {ports: {http: {port: 8001}}}
  consumes:
    - api: items/items-v1
      operations: [GET /v1/items, GET /v1/items/feed, "GET /v1/items/{id}"]
      timeout: 2s
      retries: {attempts: 2, perTryTimeout: 600ms, retryOn: ["503", reset]}
    - api: items/writes-v1
    - api: items/items-grpc-v1
      operations: [items.v1.Items/GetItem]
"""
OUTSIDER = """\
  service: {ports: {http: {port: 8003}}}
  egress: [{host: pay.example.com, port: 443, protocol: TLS}]
"""
"""Consumes nothing of the others."""

CANARY = """\
  service: {{ports: {{{ports}}}}}
  provides:
{provides}  rollout:
    strategy: canary
    canary: {{header: {{name: x-canary, value: "true"}}, steps: [{{setWeight: 20}}, {{pause: 1h}}, {{setWeight: 100}}]}}
"""
PORTS = {
    1: ("http: {port: 8003}",),
    2: ("http: {port: 8003}", "grpc: {port: 50051, appProtocol: grpc}"),
    3: ("http: {port: 8003}", "grpc: {port: 50051, appProtocol: grpc}", "other: {port: 8004}"),
}


RANDOM_CATALOGUES = (2, 6, 10)
"""Those that have shown mistakes of the laboratory itself: prefixes, a port beside the proxy's, HEAD."""


@pytest.fixture(scope="module")
def laboratory() -> engine.Toolchain:
    return engine.provide(progress=say, only=mesh.MESH.groups)


def contracts(folder: Path, *names: str) -> None:
    for name in names:
        (folder / "contracts").mkdir(parents=True, exist_ok=True)
        (folder / "contracts" / name).write_text(
            "openapi: 3.1.0\n" if name.endswith("yaml") else "syntax = 'proto3';\n"
        )


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("items") / "services"
    contracts(folder, "items-v1.openapi.yaml", "items-v1.proto")
    return catalogue(folder, items=ITEMS, reader=READER, outsider=OUTSIDER)


def canary(number: int) -> str:
    """A canary that offers an API on each of its first `number` ports."""
    names = [port.partition(":")[0] for port in PORTS[number]]
    provides = ""
    for name in names:
        kind, file, operation = (
            ("grpc", "a.proto", "{rpc: a.v1.A/Get, idempotent: true}")
            if name == "grpc"
            else ("openapi", "a.openapi.yaml", f"{{method: GET, path: /v1/{name}, idempotent: true}}")
        )
        provides += (
            f'    - {{api: {name}-v1, type: {kind}, version: "1.0.0", definition: contracts/{file}, port: {name},'
            f" operations: [{operation}]}}\n"
        )
    return CANARY.format(ports=", ".join(PORTS[number]), provides=provides)


def canary_catalogue(folder: Path) -> Catalogue:
    """A canary per number of ports, and one who calls all of them."""
    contracts(folder, "a.openapi.yaml", "a.proto")
    consumed = "".join(
        f"    - api: canary-{number}/{port.partition(':')[0]}-v1\n" for number in PORTS for port in PORTS[number]
    )
    caller = f"  service: {{ports: {{http: {{port: 8001}}}}}}\n  consumes:\n{consumed}"
    return catalogue(folder, caller=caller, **{f"canary_{number}": canary(number) for number in PORTS})


@pytest.fixture(scope="module")
def clean(items: Catalogue, laboratory: engine.Toolchain) -> mesh.Proof:
    return proof(items, laboratory)


def test_who_may_ask_what_is_as_declared(clean: mesh.Proof) -> None:
    assert [str(each) for each in clean.differences] == []


def test_what_fails_is_tried_as_often_as_declared(clean: mesh.Proof) -> None:
    tries = {
        str(question): len(answer["tries"])
        for question, answer in zip(clean.requests.questions, clean.requests.answers, strict=True)
        if question.about == patience.RETRIES
    }
    assert tries["reader → items:8002 GET /v1/items/7"] == 3
    assert tries["reader → items:8002 POST /v1/items"] == 1


def test_a_stream_outlives_every_timeout(clean: mesh.Proof) -> None:
    found = [
        answer["seconds"]
        for question, answer in zip(clean.requests.questions, clean.requests.answers, strict=True)
        if question.about == patience.STREAMS
    ]
    assert found
    assert min(found) > 15


def test_a_pod_that_fails_is_left_alone(clean: mesh.Proof) -> None:
    assert ejections.EJECTION in {question.about for question in clean.requests.questions}


def test_a_declared_host_outside_is_reached_by_who_declares_it_alone(clean: mesh.Proof) -> None:
    reached = {
        str(question): bool(answer["by"])
        for question, answer in zip(clean.requests.questions, clean.requests.answers, strict=True)
        if question.server_name == "pay.example.com"
    }
    assert reached == {
        "items → the internet:443 TLS for pay.example.com": False,
        "outsider → the internet:443 TLS for pay.example.com": True,
        "reader → the internet:443 TLS for pay.example.com": False,
    }


def test_every_service_is_admitted_with_a_proxy(clean: mesh.Proof) -> None:
    assert {each.service: each.admitted == each.wanted and each.proxied for each in clean.admissions} == {
        "items": True,
        "outsider": True,
        "reader": True,
    }
    assert all(each.wanted > 1 for each in clean.admissions), "one pod alone fits into any quota"


def test_a_report_says_versions_and_what_was_not_observed(clean: mesh.Proof) -> None:
    text = "\n".join(clean.lines())
    assert "istiod" in text
    assert "Envoy" in text
    assert "not observed: " in text


@pytest.mark.parametrize("seed", RANDOM_CATALOGUES)
def test_in_a_random_catalogue_who_may_ask_what_is_as_declared(
    seed: int, laboratory: engine.Toolchain, tmp_path: Path
) -> None:
    made = written(seed, tmp_path)
    given, declared = read_settings(made.settings), read_catalogue(made.services, today=TODAY)
    found = proof(declared, laboratory, given=given)
    assert [str(each) for each in found.differences] == []
    assert found.requests.answered, "nothing is answered"


Fault = Callable[[dict[str, Any]], None]


def wrong_principal(policy: dict[str, Any]) -> None:
    policy["spec"]["rules"][0]["from"][0]["source"]["principals"] = ["cluster.local/ns/outsider/sa/outsider"]


def too_wide(policy: dict[str, Any]) -> None:
    policy["spec"]["rules"][0]["to"] = [{"operation": {"paths": ["/v1/*"], "ports": ["8002"]}}]


def planted(kind: str, name: str, fault: Fault) -> Callable[[Manifest], Manifest]:
    def change(made: Manifest) -> Manifest:
        if (made["kind"], made["metadata"]["name"]) != (kind, name):
            return made
        changed = copy.deepcopy(dict(made))
        fault(changed)
        return changed

    return change


def without_proxies(quota: dict[str, Any]) -> None:
    """Enough for one pod with its proxy, and not for two."""
    quota["spec"]["hard"]["requests.memory"] = "300Mi"


PERMISSIVE: Manifest = {
    "apiVersion": "security.istio.io/v1",
    "kind": "PeerAuthentication",
    "metadata": {"name": "a-hole", "namespace": "items"},
    "spec": {
        "selector": {"matchLabels": {"app.kubernetes.io/name": "items"}},
        "portLevelMtls": {"8002": {"mode": "PERMISSIVE"}},
    },
}


def test_planted_faults_are_named_with_the_object_at_fault(items: Catalogue, laboratory: engine.Toolchain) -> None:
    objects = [*rendered(items), PERMISSIVE]
    objects = list(map(planted("AuthorizationPolicy", "from.reader.items-grpc-v1", wrong_principal), objects))
    objects = list(map(planted("AuthorizationPolicy", "from.reader.items-v1", too_wide), objects))
    objects = list(map(planted("ResourceQuota", "reader", without_proxies), objects))
    found = {str(each) for each in proof(items, laboratory, objects=objects).differences}
    for sentence in (
        "a stranger without a proxy → items:8002 GET /v1/items is heard in plain text (403 RBAC: access denied):"
        " PeerAuthentication items/a-hole says PERMISSIVE for port 8002",
        "reader → items:8002 GET /v1/items/all is answered, and nothing declares it:"
        " AuthorizationPolicy items/from.reader.items-v1 admits it",
    ):
        assert sentence in found, "\n".join(sorted(found))
    assert any(each.startswith("pod 2 of 5 of reader is refused once it has a proxy: ") for each in found), found
    refused = [
        each for each in found if each.startswith("reader → items:50051 POST /items.v1.Items/GetItem is refused")
    ]
    assert refused
    assert "no AuthorizationPolicy of items admits reader to it" in refused[0]


def test_the_canarys_header_leads_to_the_port_that_was_asked(laboratory: engine.Toolchain, tmp_path: Path) -> None:
    found = proof(canary_catalogue(tmp_path / "services"), laboratory)
    assert [str(each) for each in found.differences] == []
    asked_by_header = [question for question in found.requests.questions if question.about == canaries.HEADER]
    assert sorted((each.target.name, each.port) for each in asked_by_header) == [
        ("canary-1", 8003),
        ("canary-2", 8003),
        ("canary-2", 50051),
        ("canary-3", 8003),
        ("canary-3", 8004),
        ("canary-3", 50051),
    ]


def one_for_all_ports(objects: list[Manifest], service: str) -> list[Manifest]:
    """The routes of all ports of `service` in one VirtualService, as they were once."""
    found = [copy.deepcopy(dict(each)) for each in objects]
    delegates = [
        each
        for each in found
        if each["kind"] == "VirtualService"
        and each["metadata"]["namespace"] == service
        and each["metadata"]["name"].endswith("-weights")
    ]
    delegates.sort(key=lambda each: -int(each["spec"]["http"][0]["match"][0]["port"]))
    names = {each["metadata"]["name"] for each in delegates}
    whole = delegates[0]
    whole["metadata"]["name"] = "all-weights"
    whole["spec"]["http"] = [
        {**route, "name": f"port-{route['match'][0]['port']}"} for each in delegates for route in each["spec"]["http"]
    ]
    left = [each for each in found if each["metadata"]["name"] not in names or each["kind"] != "VirtualService"]
    for each in left:
        if each["kind"] == "VirtualService":
            for route in each["spec"]["http"]:
                if route.get("delegate", {}).get("name") in names:
                    route["delegate"]["name"] = "all-weights"
        if each["kind"] == "Rollout" and each["metadata"]["namespace"] == service:
            routing = each["spec"]["strategy"]["canary"]["trafficRouting"]["istio"]
            routing["virtualServices"] = [{"name": "all-weights"}]
    return list(left)


def test_one_route_by_header_for_several_ports_is_seen_to_lead_astray(
    laboratory: engine.Toolchain, tmp_path: Path
) -> None:
    declared = canary_catalogue(tmp_path / "services")
    objects = one_for_all_ports(rendered(declared), "canary-2")
    found = [str(each) for each in proof(declared, laboratory, objects=objects).differences]
    astray = [each for each in found if each.startswith("caller → canary-2:8003") and "header of the canary" in each]
    assert astray, "\n".join(found)
    assert "VirtualService canary-2/all-weights leads the header to port 50051" in astray[0]


def test_a_running_stack_is_read_and_a_fault_in_it_is_found(
    control_plane: ControlPlane, items: Catalogue, laboratory: engine.Toolchain, tmp_path: Path
) -> None:
    made = [dict(each) for each in everything(design(settings("dev"), items))]
    objects = [each for each in made if not each["apiVersion"].startswith("admissionregistration.")]  # for all tests
    control_plane.apply(*(each for each in objects if each["kind"] == "Namespace"))
    control_plane.apply(*(each for each in objects if each["kind"] != "Namespace"), check=False)
    cluster = Cluster(
        kubectl=control_plane.toolchain.kubectl,
        kubeconfig=control_plane.folder / "kubeconfig",
        context="embedded",
        cache=tmp_path / "kubectl",
    )
    eventually("every service runs", lambda: _running(cluster) >= {"items", "outsider", "reader"}, seconds=90)
    found = mesh.prove(copies.read(cluster), asked(items, laboratory, cluster))
    assert [str(each) for each in found.differences] == []
    patch = '[{"op":"replace","path":"/spec/rules/0/from/0/source/principals/0","value":"cluster.local/ns/x/sa/y"}]'
    policy = ("authorizationpolicies.security.istio.io", "from.reader.items-v1", "--namespace=items")
    control_plane.kubectl("patch", *policy, "--type=json", "--patch", patch)
    again = mesh.prove(copies.read(cluster), asked(items, laboratory, cluster))
    assert any("no AuthorizationPolicy of items admits reader to it" in str(each) for each in again.differences)


def _running(cluster: Cluster) -> set[str]:
    return {
        each["metadata"]["namespace"]
        for each in cluster.listed("pods")
        if each.get("status", {}).get("phase") == "Running"
    }
