"""A canary on several ports, moved by the real Argo Rollouts: every port keeps its own, in every step."""

import copy
from collections.abc import Iterator
from typing import Any, Final

import pytest

from blueprint import design
from manifests import everything
from operations import engine
from tests.support.engine_fixtures import ControlPlane, eventually
from tests.support.rollouts_controller import running
from tests.support.stacks import catalogue, settings

pytestmark = pytest.mark.engine

Manifest = dict[str, Any]
PORTS: Final = {
    1: "http: {port: 8003}",
    2: "grpc: {port: 50051, appProtocol: grpc}, http: {port: 8003}",
    3: "binary: {port: 4000, appProtocol: tcp}, grpc: {port: 50051, appProtocol: grpc}, http: {port: 8003}",
}
"""How many → what the service listens on. TCP has no header, and a delegate no routes for it."""
HTTP_PORTS: Final = {1: [8003], 2: [8003, 50051], 3: [8003, 50051]}
HEADER: Final = [{"headers": {"x-canary": {"exact": "true"}}}]
SERVICE: Final = """\
  service: {{ports: {{{ports}}}}}
  rollout:
    strategy: canary
    canary:
      header: {{name: x-canary, value: "true"}}
      steps: [{{setWeight: 20}}, {{pause: 1h}}, {{setWeight: 60}}, {{pause: 1h}}, {{setWeight: 100}}]
"""
NAMES: Final = {number: f"canary-{number}" for number in PORTS}


@pytest.fixture(scope="module")
def rollouts(toolchain: engine.Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with running(toolchain, tmp_path_factory.mktemp("rollouts")) as plane:
        yield plane


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    services = {name: SERVICE.format(ports=PORTS[number]) for number, name in NAMES.items()}
    found = catalogue(tmp_path_factory.mktemp("catalogue") / "services", **services)
    return list(everything(design(settings("dev"), found)))


def of(rendered: list[Manifest], service: str) -> list[Manifest]:
    """What a canary needs of the service's namespace. Without its measurements: no Prometheus answers here."""
    kinds = ("DestinationRule", "Rollout", "Service", "VirtualService")
    made = [
        copy.deepcopy(each)
        for each in rendered
        if each["metadata"].get("namespace") == service and each["kind"] in kinds
    ]
    for each in made:
        if each["kind"] == "Rollout":
            each["spec"]["strategy"]["canary"].pop("analysis", None)
            # What else a pod asks for (priority, config, spread) is of no concern here.
            containers = [{"name": "main", "image": "registry.test/sample:1"}]
            each["spec"]["template"]["spec"] = {"containers": containers}
    return made


class Canary:
    """One Rollout on the control plane and the routes it writes."""

    def __init__(self, plane: ControlPlane, service: str) -> None:
        self.plane, self.service = plane, service

    def status(self) -> Manifest:
        found = self.plane.get(f"rollout.argoproj.io/{self.service}", "--namespace", self.service)
        status: Manifest = found.get("status") or {}
        return status

    def reaches(self, phase: str, step: int) -> None:
        def there() -> bool:
            status = self.status()
            return (status.get("phase"), status.get("currentStepIndex")) == (phase, step)

        eventually(f"{self.service} is {phase} at step {step}", there, seconds=90)

    def changes(self, image: str) -> None:
        path = "/spec/template/spec/containers/0/image"
        patch = f'[{{"op":"replace","path":"{path}","value":"{image}"}}]'
        self._patch("--type=json", patch)

    def goes_on(self) -> None:
        self._patch("--type=merge", '{"status":{"pauseConditions":null}}', "--subresource=status")

    def aborts(self) -> None:
        self._patch("--type=merge", '{"status":{"abort":true}}', "--subresource=status")

    def _patch(self, kind: str, patch: str, *more: str) -> None:
        where = (f"rollout.argoproj.io/{self.service}", "--namespace", self.service)
        self.plane.kubectl("patch", *where, kind, "--patch", patch, *more)

    def routes(self) -> dict[str, list[Manifest]]:
        found = self.plane.get("virtualservices.networking.istio.io", "--namespace", self.service)["items"]
        return {each["metadata"]["name"]: each["spec"]["http"] for each in found if "hosts" not in each["spec"]}


def weights(route: Manifest) -> dict[str, int]:
    return {end["destination"]["subset"]: end["weight"] for end in route["route"]}


@pytest.mark.parametrize("number", PORTS)
def test_every_port_of_a_canary_keeps_its_own_until_it_is_promoted(
    rollouts: ControlPlane, rendered: list[Manifest], number: int
) -> None:
    service = NAMES[number]
    made = of(rendered, service)
    rollouts.namespace(service)
    rollouts.apply(*made)
    canary = Canary(rollouts, service)
    canary.reaches("Healthy", 8)
    before = canary.routes()
    assert sorted(before) == sorted(f"{service}-{port}-weights" for port in HTTP_PORTS[number])
    for image in ("registry.test/sample:2", "registry.test/sample:3"):
        canary.changes(image)
        canary.reaches("Paused", 4)
        for port in HTTP_PORTS[number]:
            by_header, by_weight = canary.routes()[f"{service}-{port}-weights"]
            (end,) = by_header["route"]
            assert by_header["match"] == HEADER
            assert (end["destination"]["port"]["number"], end["destination"]["subset"]) == (port, "canary")
            assert by_weight["match"] == [{"port": port}]
            assert weights(by_weight) == {"stable": 80, "canary": 20}
        canary.goes_on()
        canary.reaches("Paused", 6)
        for routes in canary.routes().values():
            assert weights(routes[-1]) == {"stable": 40, "canary": 60}
        canary.goes_on()
        eventually("it is promoted", lambda: canary.status().get("phase") == "Healthy", seconds=90)
        eventually("the routes are as rendered", lambda: canary.routes() == before, seconds=30)
    canary.changes("registry.test/sample:4")
    canary.reaches("Paused", 4)
    canary.aborts()
    eventually("the routes are as rendered after an abort", lambda: canary.routes() == before, seconds=30)
