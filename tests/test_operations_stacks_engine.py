"""`plat up` and `plat down` on the real engine and a real API server: what comes up, what goes, and what a kill leaves.

Every run is a process of its own in a copy of the project, so that killing it is killing what a user would see die.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import time
from collections.abc import Iterator, Sequence

import pytest

from operations import embedded, engine
from policies.credentials.states import unmarked_secrets
from tests.support.stacks import MINIMAL
from tests.support.user_project import PATIENCE_SECONDS, Copy, user_project

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def project(toolchain: engine.Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    with user_project(toolchain, tmp_path_factory.mktemp("user")) as copy:
        yield copy


FEW: Sequence[str] = ("--services", "few")
UP: Sequence[str] = ("up", "-s", "dev", *FEW)
DOWN: Sequence[str] = ("down", "-s", "dev", "--keep-cluster")


def test_the_whole_shop_comes_up_stays_as_it_is_and_goes_without_a_trace(project: Copy) -> None:
    text = (project.root / "Pulumi.dev.yaml").read_bytes()
    report = json.loads(project.run("up", "-s", "dev", "--json", "--quiet"))
    assert project.there() == project.wanted(), "the cluster does not hold exactly what the manifests say"
    assert sum(report["objects"].values()) == len(project.wanted()), "the report counts something else"
    assert len(report["services"]) == 12, "a service is missing"
    assert report["pods"] == report["pods_ready"] > 0, "a pod is not ready"
    (record,) = (project.root / ".embedded" / "state").rglob("stacks/*/dev.json")
    state = json.loads(record.read_text(encoding="utf-8"))["checkpoint"]["latest"]
    assert list(unmarked_secrets(state)) == [], "a secret lies in the record in plain text"

    started = time.monotonic()
    words = project.run("up", "-s", "dev")
    assert "no changes" in words, f"a second run found something to change:\n{words}"
    assert "API server" in words, "it does not say where the platform is"
    assert "get pods -A" in words, "it does not say what to do next"
    assert not re.search(r"[\x1b\r]", words), "a piped run shows control characters"
    assert time.monotonic() - started < 60, "an unchanged stack takes longer than a changed one may"

    words = project.run(*DOWN)
    assert "nothing of ours remains" in words, f"it was not looked whether something remains:\n{words}"
    assert project.there() == set(), "objects remain, cluster-wide ones included"
    assert (project.root / "Pulumi.dev.yaml").read_bytes() == text, "the user's stack file was changed"

    project.run("up", "-s", "dev", *FEW)
    assert "The control plane is stopped" in project.run("down", "-s", "dev"), "the control plane still runs"
    assert not embedded.status(project.root / ".embedded", project.toolchain).components, "some of it still runs"
    assert "nothing to do" in project.run("down", "-s", "dev"), "there was something to do a second time"


def test_the_next_step_that_is_printed_keeps_the_platform_and_another_catalogue_asks(project: Copy) -> None:
    words = project.run(*UP)
    (again,) = re.findall(r"^  \./plat (up .*?)  ", words, re.MULTILINE)
    assert "no changes" in project.run(*shlex.split(again)), f"typing what was printed changed something: {again}"

    other = project.root / "other"
    other.mkdir()
    (other / "clerk.yaml").write_text(MINIMAL.format(name="clerk", kind="worker"), encoding="utf-8")
    words = project.run("up", "-s", "dev", "--services", "other", code=2)
    assert "REMOVE every service of 'dev', because" in words, words
    assert f"`./plat {again}`" in words, f"how to go on with the platform that is there is not said:\n{words}"
    assert project.there() == project.wanted("few"), "something was touched before it was asked"
    project.run("up", "-s", "dev", "--services", "other", "--yes")
    assert project.there() == project.wanted("other"), "what was agreed to was not done"
    project.run(*DOWN)


def test_up_killed_with_its_engine_goes_on_with_the_same_command(project: Copy) -> None:
    process = project.begin_and_reach(40, *UP)
    project.kill(process, project.engine_pid())
    assert project.engine_session(), "no plugin has outlived its engine: this test would prove nothing"
    words = project.run(*UP)
    assert project.there() == project.wanted("few"), f"the cluster is not as it would be without the kill:\n{words}"
    assert "no changes" in project.run(*UP), "the record does not agree with the cluster"


def test_objects_of_a_killed_up_do_not_outlive_their_place_in_the_catalogue(project: Copy) -> None:
    project.run(*DOWN)
    process = project.begin_and_reach(5, *UP, of="teller")
    project.kill(process, *project.engine_session())
    assert any("teller" in key for key in project.there()), "it was killed before it made the service"
    words = project.run("up", "-s", "dev", "--services", "one")
    assert project.there() == project.wanted("one"), f"something unrecorded was left behind:\n{words}"


def test_up_killed_without_its_engine_is_waited_for(project: Copy) -> None:
    process = project.begin_and_reach(20, *UP)
    engine = project.engine_pid()
    os.kill(engine, signal.SIGSTOP)  # or it would be done before the next command has decided anything
    project.kill(process)
    after = project.begin(*UP)
    words = ""
    assert after.stdout is not None
    while "waiting for the engine of an interrupted run" not in words:
        line = after.stdout.readline()
        assert line, f"two engines worked at once:\n{words}"
        words += line
    os.kill(engine, signal.SIGCONT)
    words += after.communicate(timeout=PATIENCE_SECONDS)[0]
    assert after.returncode == 0, f"it did not go on:\n{words}"
    assert project.there() == project.wanted("few"), "the cluster is not as it would be without the kill"


def test_a_killed_engine_is_reported_and_the_same_command_goes_on(project: Copy) -> None:
    project.run("up", "-s", "dev", "--services", "one")
    process = project.begin_and_reach(5, *UP, of="teller")
    os.kill(project.engine_pid(), signal.SIGKILL)
    words, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1, f"a killed engine went unnoticed:\n{words}"
    assert "Run the same command again" in words, "it does not say what to do"
    assert not project.engine_session(), "plugins of the killed engine were left running"
    project.run(*UP)
    assert project.there() == project.wanted("few"), "the cluster is not as it would be without the kill"


def test_down_killed_in_the_middle_goes_on_with_the_same_command(project: Copy) -> None:
    process = project.begin_and_reach(15, *DOWN)
    project.kill(process, project.engine_pid())
    words = project.run(*DOWN)
    assert project.there() == set(), f"something was left behind:\n{words}"


def test_up_after_a_killed_down_makes_everything_again(project: Copy) -> None:
    project.run(*UP)
    process = project.begin_and_reach(25, *DOWN)
    project.kill(process, *project.engine_session())
    words = project.run(*UP)
    assert project.there() == project.wanted("few"), f"what was deleted unrecorded is missing:\n{words}"


def test_down_after_a_killed_up_leaves_nothing(project: Copy) -> None:
    project.run(*DOWN)
    process = project.begin_and_reach(60, *UP)
    project.kill(process, *project.engine_session())
    assert project.there(), "it was killed before it made anything"
    words = project.run(*DOWN)
    assert project.there() == set(), f"something unrecorded was left behind:\n{words}"


def test_ctrl_c_lets_the_engine_finish_and_ends_with_8(project: Copy) -> None:
    process = project.begin_and_reach(30, *UP)
    os.killpg(process.pid, signal.SIGINT)
    words, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 8, f"an interruption ended with {process.returncode}:\n{words}"
    assert "Traceback" not in words, "a user was shown a traceback"
    assert project.recorded(), "the engine could not write its record"
    words = project.run(*UP)
    assert "mending what an interrupted run has left" in words, f"what the engine gave up is not looked for:\n{words}"
    assert project.there() == project.wanted("few"), "the cluster is not as it would be without the interruption"


def test_two_runs_at_once_work_one_after_the_other(project: Copy) -> None:
    # Begun together: a run without changes may be over before one that is begun later has decided anything.
    both = [project.begin(*UP) for _ in range(2)]
    words = {process.pid: process.communicate(timeout=PATIENCE_SECONDS)[0] for process in both}
    assert [process.returncode for process in both] == [0, 0], f"one was disturbed:\n{words}"
    # The command as its user would type it, so that it can be told from other projects' runs.
    one, other = (rf"waiting for \./plat {' '.join(UP)} \(pid {process.pid}" for process in reversed(both))
    said = [bool(re.search(one, words[both[0].pid])), bool(re.search(other, words[both[1].pid]))]
    assert sorted(said) == [False, True], f"not exactly one says whom it waits for:\n{words}"


def test_an_object_the_cluster_refuses_ends_with_4_and_names_it(project: Copy) -> None:
    refusing = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none", "namespace": "ledger"},
        "spec": {"hard": {"count/configmaps": "0"}},
    }
    project.run("up", "-s", "dev", "--services", "one")
    project.kubectl("delete", "configmaps", "--all", "--namespace=ledger")
    file = project.root / "quota.json"
    file.write_text(json.dumps(refusing), encoding="utf-8")
    project.kubectl("create", f"--filename={file}")
    (project.root / ".embedded" / "run" / "unfinished").touch()  # so that the missing object is noticed
    words = project.run("up", "-s", "dev", "--services", "one", code=4)
    assert "ConfigMap" in words, f"what was refused is not named:\n{words}"
    assert "exceeded quota" in words, "the reason of the refusal is missing"
    project.kubectl("delete", "resourcequota", "none", "--namespace=ledger")
    project.run("up", "-s", "dev", "--services", "one")
    assert project.there() == project.wanted("one"), "it did not recover"
