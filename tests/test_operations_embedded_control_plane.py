"""Starting, stopping and surviving: the embedded control plane as processes and files."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations import embedded, engine
from operations.embedded import processes
from operations.embedded.commands import APISERVER, ETCD, KWOK, SCHEDULER, START_ORDER
from operations.embedded.kinds import KINDS
from operations.embedded.layout import Layout
from tests.support.engine_fixtures import ControlPlane, eventually, say
from tests.test_operations_embedded_cluster import READY_KINDS, sample, says_ready

pytestmark = pytest.mark.engine

STRICT = Path(__file__).resolve().parents[2] / "shared" / "crds"
PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def plane(toolchain: engine.Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One folder for the whole module; each test brings it to the state it needs."""
    plane = ControlPlane(folder=tmp_path_factory.mktemp("life") / "a project" / ".embedded", toolchain=toolchain)
    yield plane
    embedded.stop(plane.folder, toolchain)


def start(plane: ControlPlane, crds: Path | None = None) -> embedded.Status:
    return embedded.start(plane.folder, plane.toolchain, crds=crds, progress=say)


def pids(plane: ControlPlane) -> dict[str, tuple[int, ...]]:
    return dict(processes.running(Layout.of(plane.folder).control_plane, START_ORDER))


def test_nothing_runs_before_the_first_start_and_stopping_nothing_is_all_right(plane: ControlPlane) -> None:
    status = plane.status()
    assert not status.running
    assert status.server is None
    assert not embedded.stop(plane.folder, plane.toolchain), "something was stopped that never ran"
    assert not plane.folder.exists(), "asking and stopping must not leave files behind"


def test_a_second_start_changes_nothing(plane: ControlPlane) -> None:
    first = start(plane)
    before = pids(plane)
    second = start(plane)
    assert first == second
    assert first.running, "start returned before everything ran"
    assert first.nodes == 3
    assert first.crds == len(KINDS)
    assert first.version.startswith("v1.36.")
    assert pids(plane) == before, "the second start replaced processes that ran well"
    assert set(before) == set(START_ORDER)


def test_the_kubeconfig_names_one_cluster_and_is_private(plane: ControlPlane) -> None:
    status = start(plane)
    config = json.loads(status.kubeconfig.read_text(encoding="utf-8"))
    names = [config["current-context"]] + [
        each["name"] for key in ("clusters", "contexts", "users") for each in config[key]
    ]
    assert set(names) == {"embedded"}, "the program refuses a kubeconfig whose cluster has another name"
    for path in (status.kubeconfig, *sorted((plane.folder / "control-plane").glob("*.kubeconfig"))):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, f"{path.name} shows its token to other users"


def test_nothing_listens_beyond_this_machine_and_strangers_are_refused(plane: ControlPlane) -> None:
    status = start(plane)
    assert status.server is not None
    assert status.server.startswith("https://127.0.0.1:")
    port = int(status.server.rpartition(":")[2])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with contextlib.suppress(OSError):  # a machine without any network has no other address to try
            probe.connect(("192.0.2.1", 9))
        own = probe.getsockname()[0]
    if own not in {"127.0.0.1", "0.0.0.0"}:  # noqa: S104 (compared, not bound)
        with pytest.raises(ConnectionRefusedError), socket.create_connection((own, port), timeout=2):
            pass
    stranger = plane.kubectl("get", "nodes", "--token=wrong", check=False)
    assert stranger.returncode != 0, "anybody may talk to the API server"


def test_a_kubeconfig_that_was_spoilt_is_written_again(plane: ControlPlane) -> None:
    status = start(plane)
    before = pids(plane)
    status.kubeconfig.write_text("{}", encoding="utf-8")
    start(plane)
    assert plane.kubectl("get", "nodes").returncode == 0, "the kubeconfig stays spoilt"
    assert pids(plane) == before, "a spoilt kubeconfig restarts servers that run well"


def test_what_was_deployed_survives_a_stop_and_stopping_twice_is_all_right(plane: ControlPlane) -> None:
    before = start(plane)
    plane.namespace("survivor")
    assert embedded.stop(plane.folder, plane.toolchain)
    assert pids(plane) == {}, "stop left processes behind"
    assert not embedded.stop(plane.folder, plane.toolchain), "the second stop claims to have stopped something"
    after = start(plane)
    assert after == before, "the same ports were free: an exported kubeconfig should stay valid"
    assert plane.kubectl("get", "namespace", "survivor").returncode == 0, "a stop forgot what was deployed"


@pytest.mark.parametrize("victim", [APISERVER, ETCD, KWOK, SCHEDULER])
def test_a_killed_component_is_seen_and_the_next_start_recovers(plane: ControlPlane, victim: str) -> None:
    start(plane)
    plane.namespace("kept")
    for pid in pids(plane)[victim]:
        os.kill(pid, signal.SIGKILL)
    eventually(f"{victim} is gone", lambda: victim not in pids(plane))
    assert not plane.status().running, f"status does not see that {victim} is dead"
    status = start(plane)
    assert status.running
    assert plane.kubectl("get", "namespace", "kept").returncode == 0, "recovery lost what was deployed"
    assert all(len(found) == 1 for found in pids(plane).values()), "a component runs twice"


def test_everything_killed_at_once_as_by_a_reboot_is_recovered(plane: ControlPlane) -> None:
    start(plane)
    plane.namespace("rebooted")
    for found in pids(plane).values():
        for pid in found:
            os.kill(pid, signal.SIGKILL)
    eventually("nothing runs", lambda: pids(plane) == {})
    assert start(plane).running
    assert plane.kubectl("get", "namespace", "rebooted").returncode == 0, "what was deployed is lost"


def starter(plane: ControlPlane) -> subprocess.Popen[str]:
    """A process of its own that starts the control plane, with its output in pipes as a test harness would have it."""
    program = (
        "import pathlib, sys; from operations import embedded, engine;"
        "folder = pathlib.Path(sys.argv[1]);"
        "tools = engine.provide(progress=print, only=[engine.CONTROL_PLANE]);"
        "print('ready to start', flush=True);"
        "print(embedded.start(folder, tools, crds=None, progress=print).running, flush=True)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, str(plane.folder)],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("after_seconds", [0.3, 2.0])
def test_a_start_that_is_killed_half_way_is_cleaned_up_by_the_next(plane: ControlPlane, after_seconds: float) -> None:
    embedded.reset(plane.folder, plane.toolchain)
    with starter(plane) as process:
        assert process.stdout is not None
        while "ready to start" not in process.stdout.readline():
            assert process.poll() is None, "the starter ended before it began"
        time.sleep(after_seconds)
        process.kill()
    status = start(plane)
    assert status.running
    assert status.nodes == 3
    assert all(len(found) == 1 for found in pids(plane).values()), "the killed start left a process beside the new one"


def test_two_starts_at_once_end_with_one_control_plane_and_hold_no_pipe(plane: ControlPlane) -> None:
    embedded.reset(plane.folder, plane.toolchain)
    with starter(plane) as first, starter(plane) as second:
        # communicate() returns at the end of the pipe: servers that held it open would let this time out.
        words = [process.communicate(timeout=120)[0] for process in (first, second)]
    assert [text.splitlines()[-1] for text in words] == ["True", "True"], words
    assert sum("starting the control plane" in text for text in words) == 1, "both started one"
    assert any("waiting for another process" in text for text in words), "the second does not say why it waits"
    assert all(len(found) == 1 for found in pids(plane).values())


def test_a_port_that_somebody_took_meanwhile_is_replaced(plane: ControlPlane) -> None:
    before = start(plane)
    embedded.stop(plane.folder, plane.toolchain)
    assert before.server is not None
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", int(before.server.rpartition(":")[2])))
        thief.listen()
        after = start(plane)
        assert after.running
        assert after.server != before.server
        assert plane.kubectl("get", "nodes").returncode == 0, "the kubeconfig does not follow the port"


def test_a_folder_deleted_under_running_servers_is_recovered(plane: ControlPlane) -> None:
    start(plane)
    subprocess.run(["rm", "-rf", str(plane.folder)], check=True)
    assert not plane.status().running
    status = start(plane)
    assert status.running
    assert all(len(found) == 1 for found in pids(plane).values()), "servers of the deleted folder still run"


def test_damaged_data_is_named_with_the_log_and_the_cure(plane: ControlPlane) -> None:
    start(plane)
    embedded.stop(plane.folder, plane.toolchain)
    for file in sorted(Layout.of(plane.folder).data.rglob("*.wal")):
        file.write_bytes(b"\0garbage" * 1000)
    with pytest.raises(engine.EngineError) as caught:
        start(plane)
    assert "etcd of the embedded control plane does not become ready" in str(caught.value)
    assert "etcd.log" in str(caught.value), "the user cannot find out more"
    assert "remove" in caught.value.cure, "there is no way out"
    assert pids(plane) == {}, "a failed start leaves servers running"
    embedded.reset(plane.folder, plane.toolchain)
    assert start(plane).running, "the named cure does not help"


def test_a_damaged_tool_is_thrown_out_of_the_cache(plane: ControlPlane, tmp_path: Path) -> None:
    embedded.stop(plane.folder, plane.toolchain)
    content = "#!/bin/sh\nexit 3\n"
    (tmp_path / "etcd").write_text(content, encoding="utf-8")
    (tmp_path / "etcd").chmod(0o755)
    record = {"etcd": {"size_bytes": len(content), "sha256": "0" * 64}}
    (tmp_path / "manifest.json").write_text(json.dumps({"origin": "built", "files": record}), encoding="utf-8")
    tools = engine.Toolchain(tools={**plane.toolchain.tools, "etcd": tmp_path / "etcd"}, origin={})
    with pytest.raises(engine.EngineError, match="the content of etcd has changed"):
        embedded.start(plane.folder, tools, crds=None, progress=say)
    assert not (tmp_path / "manifest.json").exists(), "the next run would trust it again"


def test_a_folder_that_cannot_be_used_is_named(plane: ControlPlane, tmp_path: Path) -> None:
    (tmp_path / ".embedded").write_text("a file", encoding="utf-8")
    with pytest.raises(engine.EngineError, match=r"Make .* a folder that you may write to"):
        embedded.start(tmp_path / ".embedded", plane.toolchain, crds=None, progress=say)


def test_another_project_is_left_alone(plane: ControlPlane, control_plane: ControlPlane) -> None:
    start(plane)
    embedded.stop(plane.folder, plane.toolchain)
    assert control_plane.status().running, "stopping one project stopped the other's control plane"


def test_nothing_of_the_users_own_kubernetes_setup_is_touched(
    plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "own"))
    start(plane)
    embedded.stop(plane.folder, plane.toolchain)
    written = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert not written, f"the start wrote {written}"


@pytest.mark.skipif(not STRICT.is_dir(), reason="../shared/crds is absent: strict definitions cannot be tried")
def test_with_strict_definitions_every_kind_becomes_ready_and_is_left_alone(plane: ControlPlane) -> None:
    status = start(plane, STRICT)
    assert status.crds >= 113, "not all strict definitions are there"
    again = time.monotonic()
    start(plane, STRICT)
    assert time.monotonic() - again < 3, "unchanged definitions are applied again"
    namespace = plane.namespace("strict")
    plane.apply(*(sample(kind, namespace) for kind in READY_KINDS))
    resources = [f"{kind.plural}.{kind.version}.{kind.group}/sample" for kind in READY_KINDS]

    def objects() -> list[dict[str, object]]:
        found: list[dict[str, object]] = plane.get(*resources, "--namespace", namespace)["items"]
        return found

    def ready() -> bool:
        return all(says_ready(status) for each in objects() if isinstance(status := each.get("status") or {}, dict))

    eventually("every sample is ready", ready)
    time.sleep(1.0)  # a stage that does not see its own work would patch three times in this time
    before = json.dumps([each["metadata"] for each in objects()])
    time.sleep(1.0)
    assert json.dumps([each["metadata"] for each in objects()]) == before, "a stage patches ready objects for ever"
    refused = plane.apply({**sample(READY_KINDS[0], namespace, "wrong"), "spec": {"secretNam": 1}}, check=False)
    assert refused.returncode != 0, "the strict definitions are not in force"
    assert start(plane).crds == status.crds, "a start without strict definitions does not keep those that are there"
    refused = plane.apply({**sample(READY_KINDS[0], namespace, "wrong"), "spec": {"secretNam": 1}}, check=False)
    assert refused.returncode != 0, "a start without strict definitions loosened those that are there"
