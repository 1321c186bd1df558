"""What connects is what was declared, said by kube-router on packets; and whatever else connects is named.

The policies are enforced by a controller that did not write them, between hosts that know nothing of the platform.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import design
from blueprint.reading import read_catalogue, read_settings
from blueprint.settings import Mesh
from manifests import everything
from operations import engine
from operations.laboratory.network import Proof
from policies.core.facts import Facts
from policies.core.limits import limits_of
from tests.support.laboratory import laboratory, network_of
from tests.support.random_catalogues import written
from tests.support.stacks import ROOT, TODAY, settings, shop
from tests.support.user_project import PATIENCE_SECONDS, Copy, user_project

pytestmark = pytest.mark.engine
__all__ = ["laboratory"]

RANDOM_CATALOGUES: Final = 20
ENDED_SECONDS: Final = 10.0
"""How long the kernel may take to end a sandbox: it is at once, but the machine may be busy."""


def shops(**changes: Any) -> tuple[list[dict[str, Any]], Facts]:
    """The shop's objects as `dev` has them, and what is declared."""
    given, catalogue = settings("dev", **changes), shop()
    facts = Facts.of_stack(given, catalogue, limits=limits_of("dev"), today=TODAY)
    return [deepcopy(dict(each)) for each in everything(design(given, catalogue, "dev"))], facts


def said(proof: Proof) -> str:
    return "\n".join(map(str, proof.differences))


@pytest.mark.parametrize("mode", ["sidecar", "none"])
def test_in_the_shop_exactly_the_declared_connections_pass(mode: str, laboratory: engine.Toolchain) -> None:
    objects, facts = shops(mesh=Mesh.model_validate({"mode": mode}))
    proof = network_of(objects, facts, laboratory)
    assert not proof.differences, said(proof)
    assert proof.attempts > 9_000, "hardly anything was tried"
    assert 100 < len(proof.passed) < proof.attempts / 20, "almost everything is refused, and every declared edge is not"


@pytest.mark.parametrize("seed", range(RANDOM_CATALOGUES))
def test_in_a_random_catalogue_exactly_the_declared_connections_pass(
    seed: int, laboratory: engine.Toolchain, tmp_path: Path
) -> None:
    made = written(seed, tmp_path)
    given, catalogue = read_settings(made.settings), read_catalogue(made.services, today=TODAY)
    facts = Facts.of_stack(given, catalogue, limits=limits_of(given.environment), today=TODAY)
    proof = network_of(everything(design(given, catalogue)), facts, laboratory)
    assert not proof.differences, said(proof)
    assert proof.passed, "nothing passes, not even names are resolved"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A mistake in one NetworkPolicy, and what must be said of it."""

    sentence: str
    policy: str
    edit: Callable[[dict[str, Any]], object] | None
    """None: it is taken away."""
    words: tuple[str, ...]


def _egress(made: dict[str, Any]) -> Any:
    return made["spec"]["egress"][0]


def _ingress(made: dict[str, Any]) -> Any:
    return made["spec"]["ingress"][0]


IN: Final = "payment-service/from.order-service.payments-v1"
OUT: Final = "order-service/to.payment-service.payments-v1"
CHARGE: Final = "order-service/order-service-0 → payment-service/payment-service-0 TCP 50051"
FAULTS: Final = (
    Fault(
        sentence="a missing way out",
        policy=OUT,
        edit=None,
        words=(f"{CHARGE} is refused", "order-service consumes", "no NetworkPolicy lets it out of order-service/"),
    ),
    Fault(
        sentence="a missing way in",
        policy=IN,
        edit=None,
        words=(f"{CHARGE} is refused", "no NetworkPolicy lets it in to payment-service/"),
    ),
    Fault(
        sentence="an egress rule without peers and ports",
        policy=OUT,
        edit=lambda made: made["spec"].update(egress=[{}]),
        words=(
            "order-service/order-service-0 → the metadata server TCP 80 passes, and no edge declares it",
            f"NetworkPolicy {OUT}",
        ),
    ),
    Fault(
        sentence="an ingress rule without peers",
        policy=IN,
        edit=lambda made: _ingress(made).pop("from"),
        words=("the internet → payment-service/payment-service-0 TCP 50051 passes", f"NetworkPolicy {IN}"),
    ),
    Fault(
        sentence="a wrong port",
        policy=IN,
        edit=lambda made: _ingress(made)["ports"][0].update(port=50052),
        words=(f"{CHARGE} is refused",),
    ),
    Fault(
        sentence="a protocol that nobody speaks",
        policy="order-service/platform.dns",
        edit=lambda made: _egress(made)["ports"][1].update(protocol="SCTP"),
        words=("order-service/order-service-0 → kube-system/kube-dns UDP 53 is refused",),
    ),
    Fault(
        sentence="addresses without their exceptions",
        policy="payment-service/to.internet",
        edit=lambda made: [peer["ipBlock"].pop("except", None) for peer in _egress(made)["to"]],
        words=("payment-service/payment-service-0 → the metadata server TCP 443 passes",),
    ),
    Fault(
        sentence="a namespace without its default deny",
        policy="order-service/default-deny",
        edit=None,
        words=(
            "order-service/a-stray → the internet TCP 443 passes",
            "no NetworkPolicy closes it for Egress",
        ),
    ),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.sentence)
def test_a_planted_fault_is_observed_and_its_policy_named(fault: Fault, laboratory: engine.Toolchain) -> None:
    objects, facts = shops()
    namespace, _, name = fault.policy.partition("/")
    wanted = ("NetworkPolicy", {"name": name, "namespace": namespace})
    (found,) = [
        each
        for each in objects
        if (each["kind"], {key: each["metadata"].get(key) for key in ("name", "namespace")}) == wanted
    ]
    if fault.edit:
        fault.edit(found)
    else:
        objects.remove(found)
    words = said(network_of(objects, facts, laboratory, "order-service", "payment-service"))
    missing = [each for each in fault.words if each not in words]
    assert not missing, f"{fault.sentence} went unnoticed, or was said otherwise: {missing}\n{words}"


@pytest.fixture(scope="module")
def running(
    toolchain: engine.Toolchain, laboratory: engine.Toolchain, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Copy]:
    """The shop, up on an embedded control plane."""
    del laboratory  # built before a command would
    with user_project(toolchain, tmp_path_factory.mktemp("user")) as copy:
        copy.run("up", "-s", "dev", "--quiet")
        yield copy


def test_the_running_shop_is_proven_by_one_command_and_the_picture_shows_it(running: Copy) -> None:
    before = running.kubectl("get", "pods,networkpolicies", "-A", "-o", "name")
    run = running.kubectl("get", "pods", "-A", "-o", "name", "--field-selector", "status.phase=Running").splitlines()
    found = json.loads(running.run("prove", "-s", "dev", "--json", "--quiet", "--picture", "matrix.svg"))["network"]
    assert found["differences"] == [], "something connects that is not declared, or the other way round"
    assert re.match(r"kube-router \d+\.\d+\.\d+,", found["by"]), f"the judge has no version: {found['by']}"
    assert found["pods"] == len(run), "not every pod of the stack that runs takes part"
    assert len(run) < before.count("pod/"), "no migration has ended: nothing shows that its pod is left out"
    assert found["policies"] == before.count("networkpolicy"), "not every policy is enforced"
    assert running.kubectl("get", "pods,networkpolicies", "-A", "-o", "name") == before, "the stack was changed"
    made = (running.root / "matrix.svg").read_text(encoding="utf-8")
    shown = (ROOT / "docs" / "proof.svg").read_text(encoding="utf-8")
    assert made == shown, "the README shows an older matrix: ./plat prove -s dev --picture docs/proof.svg"


def test_a_policy_deleted_in_the_running_stack_ends_the_command_with_5(running: Copy) -> None:
    saved = running.kubectl("get", "networkpolicy", "-n", "payment-service", IN.partition("/")[2], "-o", "json")
    running.kubectl("delete", "networkpolicy", "-n", "payment-service", IN.partition("/")[2])
    try:
        words = running.run("prove", "-s", "dev", "--only", "order-service,payment-service", code=5)
    finally:
        kept = json.loads(saved)
        kept["metadata"] = {key: kept["metadata"][key] for key in ("name", "namespace", "labels", "annotations")}
        (running.root / "kept.json").write_text(json.dumps(kept), encoding="utf-8")
        running.kubectl("create", "-f", str(running.root / "kept.json"))
    assert "1 not as declared" in words, f"another number of differences:\n{words}"
    assert "no NetworkPolicy lets it in to payment-service/" in words, f"the end is not named:\n{words}"


def test_a_killed_proof_leaves_no_process_and_no_network_behind(running: Copy) -> None:
    process = running.begin("prove", "-s", "dev")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (inside := _inside(running)) or not any("kube-router" in line for line in _all(inside)):
        assert process.poll() is None, f"it ended before it could be killed:\n{process.communicate()[0]}"
        assert time.monotonic() < deadline, "it never got that far"
        time.sleep(0.05)
    running.kill(process)
    deadline = time.monotonic() + ENDED_SECONDS
    while left := _all(inside):
        assert time.monotonic() < deadline, f"a killed proof goes on: {left}"
        time.sleep(0.05)
    names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert names == "", "its hosts are left on this machine"


def test_without_root_user_namespaces_suffice(running: Copy) -> None:
    """The command as user 1000 of a namespace of users, who is nobody special in it."""
    nobody = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    command = [sys.executable, "-m", "operations", "prove", "-s", "dev", "--only", "cart-service", "--json", "--quiet"]
    done = subprocess.run([*nobody, *command], cwd=running.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"it needs root: {done.stderr}"
    assert json.loads(done.stdout)["network"]["passed"], "nothing was observed"


def _inside(running: Copy) -> set[int]:
    """The namespaces of processes that are not ours and in which one works for `running`."""
    ours = _namespace(Path("/proc/self"))
    return {
        number
        for entry in _processes()
        if (number := _namespace(entry)) not in (0, ours) and str(running.root) in _text(entry / "environ")
    }


def _all(namespaces: set[int]) -> list[str]:
    """The command lines of the processes in `namespaces`."""
    return [_text(entry / "cmdline").replace("\0", " ") for entry in _processes() if _namespace(entry) in namespaces]


def _processes() -> Iterator[Path]:
    return (entry for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def _namespace(process: Path) -> int:
    """Of the processes it sees; 0 where it has ended."""
    try:
        return (process / "ns" / "pid").stat().st_ino
    except OSError:
        return 0


def _text(file: Path) -> str:
    """Of a process; "" where it has ended."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
