"""The parts of the laboratory that move Rollouts, before anything starts: what is declared, copied and answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from blueprint import design
from blueprint.catalogue.delivering import Analysis
from blueprint.settings import Mesh
from manifests import everything
from operations.laboratory.copied import copies, within
from operations.laboratory.deliveries import BlueGreenDeclared, CanaryDeclared, Declared, declared
from operations.laboratory.delivery import ANSWERS, KINDS
from operations.laboratory.inside.delivery import MOMENTS
from operations.laboratory.inside.measurements import Measurements
from policies.core.facts import Facts
from policies.core.limits import limits_of
from tests.support.stacks import TODAY, catalogue, settings, shop

QUERY = 'sum(rate(a{pod=~"b-{{args.canary-hash}}-.*"}[2m])) / sum(rate(a{pod=~"b-{{args.canary-hash}}-.*"}[2m]))'


def facts(services: Any = None, **changes: Any) -> Facts:
    return Facts.of_stack(settings("dev", **changes), services or shop(), limits=limits_of("dev"), today=TODAY)


def test_what_the_shop_declares_is_read_from_its_files() -> None:
    canary, green = declared(facts(), ())
    assert isinstance(canary, CanaryDeclared)
    assert isinstance(green, BlueGreenDeclared)
    assert canary.weights == (0, 10, 25, 50, 100, 0)
    assert canary.weights_taken_back == (0, 10, 0)
    assert canary.pauses_seconds == (600.0, 600.0, 600.0)
    assert list(canary.routes) == [f"order-service-{port}-weights" for port in (8003, 9090, 50051)]
    assert (canary.header, canary.measurements) == (("x-canary", "true"), ("success-rate",))
    assert (green.active, green.preview) == ("user-service-active", "user-service-preview")
    assert (green.promotes_itself, green.delay_seconds) == (False, 30)
    assert [each.service for each in declared(facts(), ["user-service"])] == ["user-service"]


def test_without_a_mesh_nothing_splits_requests_and_the_own_service_is_the_active_one() -> None:
    canary, green = declared(facts(mesh=Mesh.model_validate({"mode": "none"})), ())
    assert isinstance(canary, CanaryDeclared)
    assert isinstance(green, BlueGreenDeclared)
    assert (dict(canary.routes), canary.header, canary.measurements) == ({}, None, ())
    assert green.active == "user-service"


def test_what_is_declared_is_what_is_rendered() -> None:
    """The two ways from the catalogue to a Rollout know nothing of each other, and say the same."""
    made = list(everything(design(settings("dev"), shop(), "dev")))
    rollouts = {each["metadata"]["name"]: each["spec"]["strategy"] for each in made if each["kind"] == "Rollout"}
    expected = declared(facts(), ())
    assert {each.service: each.strategy for each in expected} == {name: next(iter(it)) for name, it in rollouts.items()}


def test_a_canary_on_bytes_alone_has_no_routes(tmp_path: Path) -> None:
    text = "  service: {ports: {main: {port: 4000, appProtocol: tcp}}}\n  rollout: {strategy: canary}\n"
    (canary,) = declared(facts(catalogue(tmp_path / "services", ledger=text)), ())
    assert isinstance(canary, CanaryDeclared)
    assert not canary.routes
    assert canary.weights == (0, 10, 25, 50, 100, 0)


def test_everything_that_can_be_declared_can_be_moved_and_measured() -> None:
    assert {each.strategy for each in get_args(Declared)} == set(MOMENTS)
    (literal, _) = get_args(Analysis.model_fields["templates"].annotation)
    assert set(get_args(literal)) == set(ANSWERS), "an analysis whose good and bad answers are not known"


def test_a_copy_holds_nothing_of_the_cluster_it_was_read_from() -> None:
    read: list[dict[str, Any]] = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": "a",
                "namespace": "a",
                "uid": "1",
                "resourceVersion": "2",
                "labels": {"x": "y"},
                "annotations": {"argo-rollouts.argoproj.io/managed-by-rollouts": "a", "own": "word"},
                "ownerReferences": [{}],
            },
            "spec": {
                "clusterIP": "10.96.0.7",
                "clusterIPs": ["10.96.0.7"],
                "ports": [{"port": 1, "nodePort": 30001}],
                "selector": {"app": "a", "rollouts-pod-template-hash": "abc"},
            },
            "status": {"loadBalancer": {}},
        },
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}, "spec": {"finalizers": ["kubernetes"]}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt", "namespace": "a"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "a"}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "b", "namespace": "b"}},
    ]
    assert copies(within(read, ["a"]), KINDS) == [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "a", "namespace": "a", "labels": {"x": "y"}, "annotations": {"own": "word"}},
            "spec": {"ports": [{"port": 1}], "selector": {"app": "a"}},
        },
    ]
    assert "clusterIP" in read[0]["spec"], "the copy has changed what it was made from"


@pytest.mark.parametrize(("bad", "value"), [(False, 1.0), (True, 0.5)])
def test_an_analysis_own_question_is_answered_and_no_other(bad: bool, value: float) -> None:
    known = {"namespace": "b", "template": "success-rate", "query": QUERY, "good": 1.0, "bad": 0.5}
    measurements = Measurements([known])
    measurements.turn("b", "latency-p99", bad=not bad)
    measurements.turn("b", "success-rate", bad=bad)
    assert measurements.answer(QUERY.replace("{{args.canary-hash}}", "7f6c")) == value
    assert (
        measurements.answer(QUERY.replace("{{args.canary-hash}}", "7f6c", 1).replace("{{args.canary-hash}}", "x"))
        is None
    )
    assert measurements.answer("up") is None
    assert measurements.asked("b") == [{"template": "success-rate", "arguments": {"canary_hash": "7f6c"}, "times": 1}]
    assert len(measurements.unknown()) == 2
