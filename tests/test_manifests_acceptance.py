"""A real API server with the strict definitions takes every object of every stack, without a word of warning."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from blueprint import Blueprint, design
from blueprint.settings import Acme, Mesh
from blueprint.settings import Gateway as GatewayText
from operations import embedded, engine
from tests.support.engine_fixtures import ControlPlane, eventually, say
from tests.support.stacks import ROOT, STACKS, blueprint_of, catalogue, objects, settings, shop
from tests.support.strange import strange

pytestmark = pytest.mark.engine

STRICT: Final = ROOT.parent / "shared" / "crds"
"""The strict definitions of every custom resource, where the project is worked on; users have no need of them."""

WARNED: Final = {"public-port": "Warning: configuration.konghq.com/v1beta1 TCPIngress is deprecated\n"}
"""What the API server says beside yes (docs/decisions/0033-bytes-enter-by-kongs-tcpingress.md)."""

OPEN: Final = "  service: {ports: {mqtt: {port: 1883, appProtocol: tcp, public: {port: 8883, reason: anybody may}}}}\n"

CASES: Final = (*STACKS, "strange", "strange-without-mesh", "shop-without-mesh", "acme", "public-port")


@pytest.fixture(scope="module")
def strict_plane(toolchain: engine.Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    if not STRICT.is_dir():
        pytest.skip(f"the strict definitions are not beside the project ({STRICT.name}); nothing to be strict with")
    plane = ControlPlane(folder=tmp_path_factory.mktemp("strict") / ".embedded", toolchain=toolchain)
    embedded.start(plane.folder, toolchain, crds=STRICT, progress=say)
    yield plane
    embedded.stop(plane.folder, toolchain)


@pytest.fixture(scope="module")
def blueprints(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Blueprint]:
    odd = strange(tmp_path_factory.mktemp("strange") / "services")
    plain = Mesh(mode="none")
    acme = GatewayText(certificates=Acme(kind="acme", email="platform@example.com"))
    return {
        **{stack: blueprint_of(stack) for stack in STACKS},
        "strange": design(settings("dev"), odd),
        "strange-without-mesh": design(settings("dev", mesh=plain), odd),
        "shop-without-mesh": design(settings("dev", mesh=plain), shop()),
        "acme": design(settings("dev", gateway=acme), shop()),
        "public-port": design(
            settings("dev", gateway=GatewayText(streams=(8883,))),
            catalogue(tmp_path_factory.mktemp("public") / "services", broker=OPEN),
        ),
    }


def _list(made: list[dict[str, Any]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": made})


# First in this file: the next tests lay one stack over another, and a quota of dev over the pods of prod refuses some.
def test_every_pod_of_the_shop_runs_within_its_quota(
    strict_plane: ControlPlane, blueprints: Mapping[str, Blueprint]
) -> None:
    strict_plane.kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        "-f",
        "-",
        stdin=_list(list(objects(blueprints["prod"]).values())),
    )
    wanted = {
        name: load.replicas or (load.autoscaler.least if load.autoscaler else 1)
        for name, load in ((name, plan.workload) for name, plan in blueprints["prod"].services.items())
    }

    def ready() -> bool:
        pods = strict_plane.get("pods", "--all-namespaces")["items"]
        running = [pod["metadata"]["namespace"] for pod in pods if pod["status"].get("phase") == "Running"]
        return all(name in running for name in wanted)

    def spread() -> bool:
        pods = strict_plane.get("pods", "-n", "payment-service")["items"]
        return len({pod["spec"].get("nodeName") for pod in pods if pod["status"].get("phase") == "Running"}) == 3

    eventually("a pod of every service runs", ready, seconds=120)
    eventually("the three pods of a critical service run on three nodes", spread, seconds=120)
    refused = [
        event["message"]
        for event in strict_plane.get("events", "--all-namespaces")["items"]
        if event["reason"] in ("FailedCreate", "FailedScheduling")
    ]
    assert not refused, f"quota, pod security or the scheduler refused: {refused[:3]}"


@pytest.mark.parametrize("case", CASES)
def test_every_object_is_accepted_without_a_warning(
    case: str, strict_plane: ControlPlane, blueprints: Mapping[str, Blueprint]
) -> None:
    made = list(objects(blueprints[case]).values())
    spaces = [manifest for manifest in made if manifest["kind"] == "Namespace"]
    said = strict_plane.apply(*spaces)
    # Into a namespace that is there: quota, pod security and the account are judged as they will be.
    said = strict_plane.kubectl(
        "apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-", stdin=_list(made)
    )
    lines = said.stdout.splitlines()
    assert len(lines) == len(made), f"{len(made)} objects went in, {len(lines)} were answered for"
    assert said.stderr == WARNED.get(case, ""), f"the API server has doubts:\n{said.stderr}"


def test_an_object_with_a_misspelt_field_is_refused(strict_plane: ControlPlane) -> None:
    # The judge of the test above, judged: were it lenient, everything would pass.
    strict_plane.namespace("judged")
    wrong = {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": {"name": "default", "namespace": "judged"},
        "spec": {"mtls": {"mod": "STRICT"}},
    }
    said = strict_plane.kubectl(
        "apply", "--server-side", "--validate=strict", "-f", "-", stdin=_list([wrong]), check=False
    )
    assert said.returncode != 0, "strict definitions take anything"
    assert "mod" in said.stderr
