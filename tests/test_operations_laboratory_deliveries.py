"""The parts of the laboratory that move Rollouts, before anything starts: what is declared, copied and answered."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, get_args

import pytest

from blueprint import design
from blueprint.catalogue.delivering import Analysis
from blueprint.settings import Mesh
from manifests import everything
from operations.laboratory.copied import copies, within
from operations.laboratory.deliveries import BlueGreenDeclared, CanaryDeclared, Declared, declared, pause_seconds
from operations.laboratory.delivery import ANSWERS, KINDS
from operations.laboratory.delivery_faults import differences
from operations.laboratory.inside.client import Client, Resource
from operations.laboratory.inside.delivery import MOMENTS
from operations.laboratory.inside.failing import FailedError
from operations.laboratory.inside.measurements import Measurements
from operations.laboratory.inside.recorded import KEPT, SERVICE, Recorder
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
    assert canary.weights_at_pauses == (10, 25, 50)
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


@pytest.mark.parametrize(
    ("pause", "length"),
    [
        ({}, None),
        ({"duration": 30}, 30),
        ({"duration": "30"}, 30),
        ({"duration": "1h0m30s"}, 3630),
        ({"duration": "500ms"}, 0.5),
        ({"duration": "a while"}, 0),
    ],
)
def test_a_pause_is_read_in_every_way_it_is_written(pause: dict[str, Any], length: float | None) -> None:
    assert pause_seconds({"pause": pause}) == length


def test_a_canary_on_bytes_alone_has_no_routes(tmp_path: Path) -> None:
    text = "  service: {ports: {main: {port: 4000, appProtocol: tcp}}}\n  rollout: {strategy: canary}\n"
    (canary,) = declared(facts(catalogue(tmp_path / "services", ledger=text)), ())
    assert isinstance(canary, CanaryDeclared)
    assert not canary.routes
    assert canary.weights == (0, 10, 25, 50, 100, 0)


def test_a_route_by_header_that_nobody_declares_is_named() -> None:
    canary, _ = declared(facts(), ())
    assert isinstance(canary, CanaryDeclared)
    route = next(iter(canary.routes))
    by_header = [{"match": [{"headers": {"x-canary": {"exact": "true"}}}]}]
    state = {"new": "b", "stable": "b", "services": dict.fromkeys(canary.services, "b"), "analyses": [], "routes": {}}
    pause = {"step": 0, "routes": {route: by_header}}
    moment = {"moment": "promotion", "reached": True, "pauses": [pause], "routes": {}, "state": state}
    rollout = {"spec": {"strategy": {"canary": {"steps": [{"pause": {"duration": "600s"}}]}}}}
    seen = {"moments": [moment], "asked": []}
    words = f"VirtualService order-service/{route} has a route by header; declared is none"
    assert words in "\n".join(map(str, differences(replace(canary, header=None), seen, rollout)))
    assert words not in "\n".join(map(str, differences(canary, seen, rollout)))


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


class Answering(Client):
    """A client whose API server gives these answers, one after the other."""

    def __init__(self, *answers: tuple[int, Mapping[str, Any]]) -> None:
        self._answers = list(answers)
        self._paths = {Resource("v1", "Pod"): ("pods", True)}

    def _asked(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, bytes]:
        del method, path, body
        status, words = self._answers.pop(0)
        return status, json.dumps({"kind": "Status", **words}).encode()


POD: Final = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "a", "name": "b"}}


def test_what_is_there_already_stays_and_no_other_conflict_passes_for_it() -> None:
    Answering((409, {"reason": "AlreadyExists"})).create([POD])
    asked_again = Answering((409, {"reason": "Conflict"}), (201, {}))
    asked_again.create([POD])
    assert not asked_again._answers, "a pod that a quota could not count is not created"
    with pytest.raises(FailedError, match="refuses Pod a/b"):
        Answering((409, {"reason": "Gone"})).create([POD])


class Watched(Client):
    """A client whose watches send these lines and end."""

    def __init__(self, *lines: Mapping[str, Any], there: Sequence[Mapping[str, Any]] = ()) -> None:
        self._lines, self._there = [json.dumps(each).encode() for each in lines], there
        self._paths = {kind: (kind.name, True) for kind in KEPT}
        self._token = ""

    def listed(self, kind: Resource, namespace: str = "") -> Sequence[Mapping[str, Any]]:
        del namespace
        return [each for each in self._there if each["kind"] == kind.name]

    def _connection(self, *, timeout_seconds: float) -> Any:
        del timeout_seconds
        return SimpleNamespace(
            request=lambda *_, **__: None, getresponse=lambda: Lines(self._lines), close=lambda: None
        )


class Lines(list[bytes]):
    """An answer, line by line."""

    status = 200


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "Services are watched no longer: the API server has closed the connection"),
        ([{"type": "ERROR", "object": {"message": "too old"}}], "Services are watched no longer: too old"),
    ],
)
def test_a_watch_that_ends_is_no_silence(lines: list[dict[str, Any]], words: str) -> None:
    recorder = Recorder()
    recorder.begin(Watched(*lines))
    deadline = time.monotonic() + 10
    while len(recorder._ended) < len(KEPT) and time.monotonic() < deadline:
        time.sleep(0.05)
    with pytest.raises(FailedError, match=words):
        recorder.alive()


def test_what_is_written_and_not_heard_is_no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.laboratory.inside.recorded.REST_SECONDS", 0.2)
    monkeypatch.setattr("operations.laboratory.inside.recorded.HEARD_SECONDS", 0.2)
    recorder = Recorder()
    place = {"namespace": "a", "name": "b"}
    service = {"kind": "Service", "metadata": {**place, "resourceVersion": "8"}, "spec": {}}
    recorder._hear(KEPT[SERVICE], {**service, "metadata": {**place, "resourceVersion": "7"}})
    with pytest.raises(FailedError, match="does not hear of what is written in a"):
        recorder.rest("a", Watched(there=[service]))
    recorder._hear(KEPT[SERVICE], service)
    recorder.rest("a", Watched(there=[service]))
