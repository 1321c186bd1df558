"""Versions replace each other as declared, said by Argo Rollouts' own controller; and whatever else it does is named.

Its objects are the rendered ones; nothing of the catalogue's derivation knows what is expected of them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import pytest

from blueprint.reading import read_catalogue
from blueprint.settings import Mesh
from operations import engine
from operations.console import Console
from operations.laboratory.delivery import DELIVERY, Delivered, prove
from policies.core.facts import Facts
from tests.support.declared_shop import declared_shop
from tests.support.engine_fixtures import say
from tests.support.stacks import SERVICES, TODAY
from tests.support.user_project import Copy, user_project

pytestmark = [pytest.mark.engine, pytest.mark.laboratory]

Manifest = dict[str, Any]
CANARY: Final = "order-service"
GREEN: Final = "user-service"
OTHER: Final = "other"
ROUTES: Final = [f"order-service-{port}-weights" for port in (50051, 8003, 9090)]


@pytest.fixture(scope="session")
def tools() -> engine.Toolchain:
    """The tools of the part; built when there is no other way (five minutes the first time)."""
    return engine.provide(progress=say, only=DELIVERY.groups)


def moved(objects: list[Manifest], facts: Facts, tools: engine.Toolchain, *only: str) -> Delivered:
    with Console().phase("delivery") as phase:
        return prove(objects, facts, tools, phase, only)


def said(found: Delivered) -> str:
    return "\n".join(map(str, found.differences))


@pytest.fixture(scope="module")
def whole(tools: engine.Toolchain) -> Delivered:
    """The shop as it is, moved once."""
    return moved(*declared_shop(), tools)


def moments(found: Delivered, service: str) -> dict[str, Any]:
    (rollout,) = [each for each in found.moved if each["name"] == service]
    return {each["moment"]: each for each in rollout["moments"]}


def test_in_the_shop_every_version_replaces_the_other_as_declared(whole: Delivered) -> None:
    assert not whole.differences, said(whole)
    assert list(moments(whole, CANARY)) == ["start", "promotion", "abort", "failure"]
    assert list(moments(whole, GREEN)) == ["start", "preview", "promotion", "abort"]


def test_a_canarys_weights_are_moved_on_every_port_at_once(whole: Delivered) -> None:
    routes = moments(whole, CANARY)["promotion"]["routes"]
    given = {
        name: [route["route"][1]["weight"] for state in states for route in state if route["name"] == "weights"]
        for name, states in routes.items()
        if name in ROUTES
    }
    for name in ROUTES:
        steps = [each for number, each in enumerate(given[name]) if not number or given[name][number - 1] != each]
        assert steps == [0, 10, 25, 50, 100, 0], f"{name}: {steps}"


def test_an_analysis_asks_for_the_pods_of_the_new_version_and_takes_a_bad_one_back(whole: Delivered) -> None:
    seen = moments(whole, CANARY)
    phases = {run["version"]: run["phase"] for run in seen["failure"]["state"]["analyses"]}
    good, bad = seen["promotion"]["state"]["new"], seen["failure"]["state"]["new"]
    assert (phases[good], phases[bad]) == ("Successful", "Failed"), phases
    assert seen["failure"]["state"]["stable"] == good, "the bad version has stayed"


@pytest.fixture(scope="module")
def one_blind_measurement(tools: engine.Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """A canary of two measurements and of pauses of two seconds; one measurement takes everything for good."""
    folder = tmp_path_factory.mktemp("catalogue") / "services"
    shutil.copytree(SERVICES, folder)
    file = folder / f"{CANARY}.yaml"
    text = file.read_text(encoding="utf-8")
    for before, after in (("pause: 10m", "pause: 2s"), ("[success-rate]", "[success-rate, latency-p99]")):
        assert before in text, f"{CANARY} does not say {before} any more"
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")
    objects, facts = declared_shop(read_catalogue(folder, today=TODAY))
    (template,) = [each for each in objects if _thing(each) == ("AnalysisTemplate", CANARY, "latency-p99")]
    template["spec"]["metrics"][0].update(successCondition="true")
    return moved(objects, facts, tools, CANARY)


def test_a_bad_measurement_does_not_hide_one_that_takes_everything_for_good(one_blind_measurement: Delivered) -> None:
    (rollout,) = one_blind_measurement.moved
    failures = [(each["measurement"], each["reached"]) for each in rollout["moments"] if each["moment"] == "failure"]
    assert failures == [("success-rate", True), ("latency-p99", False)]
    assert "is Paused at step 4, not aborted by a bad latency-p99" in said(one_blind_measurement)


def test_a_pause_of_seconds_is_seen_although_it_would_end_by_itself(one_blind_measurement: Delivered) -> None:
    assert [each.moment for each in one_blind_measurement.differences] == ["failure"], said(one_blind_measurement)
    assert len(moments(one_blind_measurement, CANARY)["promotion"]["pauses"]) == 3


def test_without_a_mesh_a_canary_is_a_share_of_the_pods(tools: engine.Toolchain) -> None:
    found = moved(*declared_shop(mesh=Mesh.model_validate({"mode": "none"})), tools, CANARY)
    assert not found.differences, said(found)
    assert "by the share of pods" in "\n".join(found.lines())


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A mistake in one object, and what must be said of it."""

    sentence: str
    thing: tuple[str, str, str]
    """Kind, namespace and name."""
    edit: Callable[[Manifest], object]
    words: tuple[str, ...]


def _canary(made: Manifest) -> Any:
    return made["spec"]["strategy"]["canary"]


def _blue_green(made: Manifest) -> Any:
    return made["spec"]["strategy"]["blueGreen"]


def _step(made: Manifest, what: str) -> Any:
    """The first step of a kind."""
    return next(step for step in _canary(made)["steps"] if what in step)


def _all_before_the_last_pause(made: Manifest) -> None:
    """The same weights in the same order, the same pauses, and nobody looks before all requests are led over."""
    steps = _canary(made)["steps"]
    last = max(number for number, step in enumerate(steps) if "pause" in step)
    (whole,) = [step for step in steps if step.get("setWeight") == 100]
    steps.remove(whole)
    steps.insert(last, whole)


def _for_port(route: Manifest, number: int) -> Manifest:
    """`route`, for another port. As the first, its port is the controller's for every request with the header."""
    made = deepcopy(route)
    made |= {"name": OTHER, "match": [{"port": number}]}
    for end in made["route"]:
        end["destination"]["port"] = {"number": number}
    return made


RUNS: Final = {
    "one": (
        Fault(
            sentence="a version that takes over by itself",
            thing=("Rollout", GREEN, GREEN),
            edit=lambda made: _blue_green(made).update(autoPromotionEnabled=True),
            words=(
                "user-service, preview: Rollout user-service/user-service (autoPromotionEnabled: true) let Service"
                " user-service/user-service-active take the new version by itself; declared is that a person promotes",
            ),
        ),
        Fault(
            sentence="another weight",
            thing=("Rollout", CANARY, CANARY),
            edit=lambda made: _step(made, "setWeight").update(setWeight=40),
            words=(
                f"VirtualService order-service/{ROUTES[1]} gave the new version 0, 40, 25, 50, 100, 0 %;"
                " declared is 0, 10, 25, 50, 100, 0 %",
            ),
        ),
        Fault(
            sentence="a port that keeps all its requests with the old version",
            thing=("Rollout", CANARY, CANARY),
            edit=lambda made: _canary(made)["trafficRouting"]["istio"]["virtualServices"].pop(),
            words=(f"VirtualService order-service/{ROUTES[0]} gave the new version 0 %; declared is 0, 10, 25",),
        ),
        Fault(
            sentence="a pause that is shorter",
            thing=("Rollout", CANARY, CANARY),
            edit=lambda made: _step(made, "pause")["pause"].update(duration="300s"),
            words=("order-service pauses 300 s, 600 s, 600 s; declared is 600 s, 600 s, 600 s",),
        ),
        Fault(
            sentence="a header that leads nowhere",
            thing=("Rollout", CANARY, CANARY),
            edit=lambda made: _canary(made)["steps"].remove(_step(made, "setHeaderRoute")),
            words=("does not lead requests with x-canary: true to the new version's port 8003",),
        ),
        Fault(
            sentence="an analysis that takes everything for good",
            thing=("AnalysisTemplate", CANARY, "success-rate"),
            edit=lambda made: made["spec"]["metrics"][0].update(successCondition="true"),
            words=("order-service, failure: Rollout order-service/order-service is Paused at step", "not aborted"),
        ),
    ),
    "two": (
        Fault(
            sentence="old pods that stay too long",
            thing=("Rollout", GREEN, GREEN),
            edit=lambda made: _blue_green(made).update(scaleDownDelaySeconds=300),
            words=("Rollout user-service/user-service ends the old version's pods after", "; declared is after 30 s"),
        ),
        Fault(
            sentence="a version that takes over by itself when nobody looks any more",
            thing=("Rollout", GREEN, GREEN),
            edit=lambda made: _blue_green(made).update(autoPromotionSeconds=600),
            words=(
                "user-service, preview: Rollout user-service/user-service (autoPromotionSeconds: 600) takes over by"
                " itself later; declared is that a person promotes",
            ),
        ),
        Fault(
            sentence="a last pause that comes too late",
            thing=("Rollout", CANARY, CANARY),
            edit=_all_before_the_last_pause,
            words=(
                f"VirtualService order-service/{ROUTES[1]} gives the new version 100 % at pause 3; declared is 50 %",
            ),
        ),
        Fault(
            sentence="a VirtualService with a route for a second port",
            thing=("VirtualService", CANARY, ROUTES[1]),
            edit=lambda made: made["spec"]["http"].insert(0, _for_port(made["spec"]["http"][0], 50051)),
            words=(),
        ),
        Fault(
            sentence="one VirtualService for two ports",
            thing=("Rollout", CANARY, CANARY),
            edit=lambda made: _canary(made)["trafficRouting"]["istio"]["virtualServices"][0]["routes"].insert(0, OTHER),
            words=("does not lead requests with x-canary: true to the new version's port 8003", "'port': 50051"),
        ),
    ),
    "three": (
        Fault(
            sentence="a route that the Rollout does not know",
            thing=("VirtualService", CANARY, ROUTES[1]),
            edit=lambda made: made["spec"]["http"][0].update(name="wights"),
            words=("order-service, start: Rollout order-service/order-service is Degraded, not Healthy: ", "weights"),
        ),
        Fault(
            sentence="a quota that leaves no pod for a new version",
            thing=("ResourceQuota", GREEN, GREEN),
            edit=lambda made: made["spec"]["hard"].update(pods="1"),
            words=("user-service, preview: Rollout user-service/user-service is Progressing", "exceeded quota"),
        ),
    ),
}
"""Faults that do not hide each other are planted together: moving a canary takes a minute."""


@pytest.mark.parametrize("run", RUNS)
def test_a_planted_fault_is_observed_and_its_object_named(run: str, tools: engine.Toolchain) -> None:
    objects, facts = declared_shop()
    for fault in RUNS[run]:
        (found,) = [each for each in objects if _thing(each) == fault.thing]
        fault.edit(found)
    words = said(moved(objects, facts, tools))
    for fault in RUNS[run]:
        missing = [each for each in fault.words if each not in words]
        assert not missing, f"{fault.sentence} went unnoticed, or was said otherwise: {missing}\n{words}"


def _thing(made: Manifest) -> tuple[str, str, str]:
    return made["kind"], made["metadata"].get("namespace", ""), made["metadata"]["name"]


def test_a_rollout_that_is_not_there_or_is_of_another_kind_is_not_moved(tools: engine.Toolchain) -> None:
    objects, facts = declared_shop()
    kept = [each for each in objects if each["kind"] != "Rollout" or each["metadata"]["name"] != CANARY]
    (green,) = [each for each in kept if each["kind"] == "Rollout"]
    other = deepcopy(green)
    other["metadata"].update(name="stranger", namespace="cart-service")
    green["spec"]["strategy"] = {"canary": {"steps": [{"setWeight": 100}]}}
    found = moved([*kept, other], facts, tools)
    assert said(found).splitlines() == [
        "order-service, start: Rollout order-service/order-service is not in the stack; declared is canary",
        "user-service, start: Rollout user-service/user-service delivers by canary; declared is blueGreen",
        "cart-service, start: Rollout cart-service/stranger is in the stack; declared is none",
    ]


@pytest.fixture(scope="module")
def running(
    toolchain: engine.Toolchain, tools: engine.Toolchain, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Copy]:
    """The shop, up on an embedded control plane."""
    del tools  # built before a command would
    with user_project(toolchain, tmp_path_factory.mktemp("user")) as copy:
        copy.run("up", "-s", "dev", "--quiet")
        yield copy


def test_the_running_shop_is_proven_and_left_as_it_is(running: Copy) -> None:
    kinds = "rollouts.argoproj.io,services,virtualservices.networking.istio.io,destinationrules.networking.istio.io"
    before = running.kubectl("get", kinds, "-A", "-o", "jsonpath={.items[*].metadata.resourceVersion}")
    found = json.loads(running.run("prove", "-s", "dev", "delivery", "certificates", "--json", "--quiet"))
    assert {part: found[part]["differences"] for part in ("delivery", "certificates")} == {
        "delivery": [],
        "certificates": [],
    }
    assert {each["name"] for each in found["delivery"]["rollouts"]} == {CANARY, GREEN}
    assert running.kubectl("get", kinds, "-A", "-o", "jsonpath={.items[*].metadata.resourceVersion}") == before


def test_a_fault_planted_in_the_running_stack_ends_the_command_with_5(running: Copy) -> None:
    patch = '{"spec":{"strategy":{"blueGreen":{"autoPromotionEnabled":%s}}}}'
    rollout = ("rollout.argoproj.io", GREEN, "--namespace", GREEN, "--type=merge")
    running.kubectl("patch", *rollout, "--patch", patch % "true")
    try:
        words = running.run("prove", "-s", "dev", "delivery", "--only", GREEN, code=5)
    finally:
        running.kubectl("patch", *rollout, "--patch", patch % "false")
    assert "1 not as declared" in words, f"another number of differences:\n{words}"
    assert "(autoPromotionEnabled: true) let Service user-service/user-service-active take" in words
