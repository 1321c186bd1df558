"""What is checked before anything is started: which cluster, whose backend, whether somebody agreed."""

import json
import re
import shutil
from pathlib import Path
from typing import get_args

import pytest
import yaml

from blueprint.reading import TextError
from blueprint.settings import Cluster
from blueprint.unmade import pending
from operations import stacks
from operations.console import Console
from operations.deciding import read_both
from operations.doctor import examine
from operations.embedded_files import Files
from operations.exits import Exit, RefusedError
from operations.guard import alone
from operations.leftovers import keys_of
from operations.project import Project
from operations.pulumi_cli import Pulumi, durable
from operations.reports import UpReport
from tests.support import program_run
from tests.support.stacks import ROOT, SERVICES
from tests.support.taken_shop import taken_shop
from tests.test_operations_cli_commands import plat

KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "mine",
    "contexts": [{"name": "mine", "context": {"cluster": "the-cluster", "user": "me"}}],
    "clusters": [{"name": "the-cluster", "cluster": {"server": "https://192.0.2.1:6443"}}],
    "users": [{"name": "me", "user": {}}],
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with the stack `mine` on a cluster that cannot be reached."""
    text = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    text["config"]["platform:settings"] |= {
        "cluster": {"kind": "existing", "name": "the-cluster", "kubeconfig": "kc", "apiServerCidrs": ["10.12.0.0/28"]}
    }
    (tmp_path / "Pulumi.mine.yaml").write_text(yaml.safe_dump(text), encoding="utf-8")
    (tmp_path / "Pulumi.yaml").write_text("name: platform\n", encoding="utf-8")
    (tmp_path / "kc").write_text(yaml.safe_dump(KUBECONFIG), encoding="utf-8")
    return Project.here(taken_shop(), root=tmp_path)


def call(project: Project, command: str, *, assume_yes: bool) -> None:
    if command == "up":
        stacks.up(project, "mine", Console(quiet=True), assume_yes=assume_yes)
    else:
        stacks.down(project, "mine", Console(quiet=True), keep_cluster=False, assume_yes=assume_yes)


def refused(project: Project, command: str, *, assume_yes: bool) -> RefusedError:
    with pytest.raises(RefusedError) as error:
        call(project, command, assume_yes=assume_yes)
    assert not project.embedded.exists(), "something was made before it was refused"
    return error.value


def test_every_way_of_having_a_cluster_can_be_driven() -> None:
    union, *_ = get_args(Cluster)
    assert set(get_args(union)) == set(stacks.DRIVERS), "a kind of cluster that no command can bring up"


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_kubeconfig_that_leads_elsewhere_is_refused_before_anything_starts(project: Project, command: str) -> None:
    wrong = {**KUBECONFIG, "contexts": [{"name": "mine", "context": {"cluster": "production", "user": "me"}}]}
    (project.root / "kc").write_text(yaml.safe_dump(wrong), encoding="utf-8")
    with pytest.raises(TextError, match="production"):
        call(project, command, assume_yes=True)
    assert not project.embedded.exists(), "something was made before it was refused"


@pytest.mark.parametrize("command", ["up", "down"])
def test_without_a_backend_nothing_starts(project: Project, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    error = refused(project, command, assume_yes=True)
    assert error.exit_code == Exit.USAGE, "a missing setting is not a usage error"
    assert "PULUMI_BACKEND_URL" in str(error), "what to set is not named"


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_cluster_of_others_is_never_touched_unasked(
    project: Project, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///nowhere")
    error = refused(project, command, assume_yes=False)
    assert error.exit_code == Exit.USAGE, "it went on without an answer"
    assert "the-cluster" in str(error), "the cluster is not named"
    assert "--yes" in str(error), "it does not say how to agree"


def test_down_of_what_was_never_up_does_nothing(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    report = stacks.down(
        Project.here(SERVICES, root=tmp_path), "dev", Console(quiet=True), keep_cluster=False, assume_yes=False
    )
    assert "nothing to do" in report.text(), "it does not say that there was nothing"
    assert not report.looked, "a cluster was asked that does not exist"
    assert not (tmp_path / ".embedded").exists(), "looking has made something"


def test_a_second_embedded_stack_is_refused_while_another_is_up(project: Project) -> None:
    (project.embedded / "run" / "project").mkdir(parents=True)
    (project.embedded / "run" / "project" / "Pulumi.other.yaml").touch()
    text = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    (project.root / "Pulumi.dev.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RefusedError, match=r"plat down -s other"):
        stacks.up(project, "dev", Console(quiet=True), assume_yes=False)


def test_the_passphrase_is_made_once_and_for_its_owner_alone(project: Project) -> None:
    project.embedded.mkdir()
    files = Files(project=project, stack="dev")
    first = files.passphrase()
    assert len(first) > 40, "it could be guessed"
    assert files.passphrase() == first, "a second one would lock the state away"
    assert (project.embedded / "passphrase").stat().st_mode & 0o777 == 0o600, "others could read it"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("file:///var/state", "file:///var/state?metadata=skip"),
        ("file://~", "file://~?metadata=skip"),
        ("file:///var/state?no_tmp_dir=true", "file:///var/state?no_tmp_dir=true&metadata=skip"),
        ("file:///var/state?metadata=", "file:///var/state?metadata="),
        ("s3://bucket?region=eu-west-1", "s3://bucket?region=eu-west-1"),
        ("https://api.pulumi.com", "https://api.pulumi.com"),
    ],
)
def test_a_backend_in_a_folder_keeps_no_attributes_that_a_kill_could_spoil(given: str, used: str) -> None:
    assert durable(given) == used


def test_the_doctor_reports_an_interrupted_run(project: Project) -> None:
    (project.embedded / "run").mkdir(parents=True)
    assert "last run" not in {check.subject for check in examine(project)}, "an interruption that was none"
    (project.embedded / "run" / "unfinished").touch()
    (found,) = [check for check in examine(project) if check.subject == "last run"]
    assert "same command" in found.cure, "it does not say what to do"


def test_the_keys_of_a_record_are_those_of_the_objects() -> None:
    record = [
        {"type": "kubernetes:core/v1:ConfigMap", "id": "space/name"},
        {"type": "kubernetes:apps/v1:Deployment", "id": "space/name"},
        {"type": "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "id": "system:name"},
        {"type": "platform:services:Service", "id": ""},
        {"type": "pulumi:providers:kubernetes", "id": "x"},
    ]
    assert keys_of(record) == {
        ("", "ConfigMap", "space", "name"),
        ("apps", "Deployment", "space", "name"),
        ("rbac.authorization.k8s.io", "ClusterRole", "", "system:name"),
    }, "an object of ours would be taken for an orphan, and removed"


def test_exit_codes_are_those_of_the_help() -> None:
    words = " ".join(plat("--help").stdout.split())
    for code in Exit:
        assert f" {code.value} " in words.replace("codes:", "codes: "), f"the help does not explain {code!r}"


def test_what_a_provider_leaves_in_temporary_files_is_gone_after_the_run(tmp_path: Path) -> None:
    # The Kubernetes provider writes the kubeconfig, keys included, into a temporary file and forgets it.
    fake = tmp_path / "pulumi"
    fake.write_text('#!/bin/sh\necho key > "$TMPDIR/kubeconfig"; echo "$TMPDIR" > "$(dirname "$0")/where"\n')
    fake.chmod(0o755)
    (tmp_path / "folder").mkdir()
    with alone(tmp_path / "lock", "a test", Console(quiet=True)) as guard:
        pulumi = Pulumi(binary=fake, folder=tmp_path / "folder", environment={"PATH": "/usr/bin:/bin"}, guard=guard)
        pulumi.work("up", cwd=tmp_path, watch=lambda _: None)
    left = Path((tmp_path / "where").read_text().strip())
    assert left.is_relative_to(tmp_path)
    assert not left.exists()


def test_a_migration_that_failed_is_named_with_its_last_words_and_where_the_others_are(tmp_path: Path) -> None:
    job = "order-service/Job/db-migrations-c88114b950"
    urn = f"urn:pulumi:prod::platform::platform:service:Service$kubernetes:batch/v1:Job::{job}"
    words = (  # as provider and engine say it
        f'resource "order-service/{job.rpartition("/")[2]}" was successfully created, but the Kubernetes API server'
        " reported that it failed to fully initialize or become live: [BackoffLimitExceeded] Job has reached the"
        ' specified backoff limit [Pod order-service/x]: [Error] relation "orders" already exists'
    )
    said = [
        {"resOpFailedEvent": {"metadata": {"urn": urn, "op": "create"}}},
        {"diagnosticEvent": {"urn": urn, "message": words, "severity": "error"}},
    ]
    (tmp_path / "said").write_text("".join(f"{json.dumps(each)}\n" for each in said))
    fake = tmp_path / "pulumi"
    fake.write_text(f'#!/bin/sh\nfor last; do :; done\ncat {tmp_path}/said > "$last"\nexit 1\n')
    fake.chmod(0o755)
    (tmp_path / "folder").mkdir()
    with alone(tmp_path / "lock", "a test", Console(quiet=True)) as guard:
        pulumi = Pulumi(binary=fake, folder=tmp_path / "folder", environment={"PATH": "/usr/bin:/bin"}, guard=guard)
        with pytest.raises(RefusedError) as error:
            pulumi.work("up", cwd=tmp_path, watch=lambda _: None)
    printed = str(error.value)
    assert error.value.exit_code == Exit.RESOURCE
    assert f"Job {job}" in printed
    assert 'relation "orders" already exists' in printed, "its last words are lost"
    assert "order-service goes on with the version it has" in printed
    assert "kubectl logs --namespace order-service job/db-migrations-c88114b950" in printed


def test_what_a_policy_refuses_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    shutil.copytree(SERVICES, tmp_path / "services")
    file = tmp_path / "services" / "cart-service.yaml"
    text = re.sub(r"image: ghcr\.io/acme/cart-service\S+", "image: docker.io/somebody/cart:1.7.0", file.read_text())
    file.write_text(text, encoding="utf-8")
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    project = Project.here(None, root=tmp_path)
    with pytest.raises(RefusedError, match=r"nothing was touched, because\n1 rule is broken in 1 place:") as error:
        stacks.up(project, "dev", Console(quiet=True), assume_yes=True)
    assert error.value.exit_code == Exit.POLICY
    assert "img-registry: Deployment cart-service/cart-service" in str(error.value)
    assert not project.embedded.exists(), "something was made before it was refused"


def test_pods_that_would_wait_for_ever_are_refused_before_anything_starts(project: Project) -> None:
    waiting = Project.here(SERVICES, root=project.root)
    with pytest.raises(
        TextError, match=r"analytics-service\.yaml:52: spec\.resources\.events: is a broker account, which comes with"
    ):
        call(waiting, "up", assume_yes=True)
    assert not project.embedded.exists(), "something was made before it was refused"


def test_the_program_refuses_pods_that_would_wait_for_ever() -> None:
    settings = program_run.written_settings("prod")
    with program_run.project() as folder:
        program_run.lead(folder, settings)
        done = program_run.run(folder, "prod", settings)
    assert done.exit_code != 0, "pods that never start look like a success"
    assert [each.kind for each in done.registrations] == ["pulumi:pulumi:Stack"], (
        "half a stack was made before it was refused"
    )
    (said,) = done.reported
    assert said.startswith("nothing was touched, because\nservices/"), said
    assert (
        "analytics-service.yaml:52: spec.resources.events: is a broker account, which comes with brokers (0.4)" in said
    )


def test_a_stack_that_is_up_says_what_its_files_declare_and_nothing_makes() -> None:
    settings, catalogue = read_both(Project.here(root=ROOT), "dev")
    report = UpReport(
        stack="dev",
        services=("cart-service",),
        objects={"Deployment": 1},
        changes={},
        pods_ready=1,
        pods=1,
        server="https://127.0.0.1:6443",
        cluster="simulated",
        kubeconfig="kc",
        context="embedded",
        next_commands={"plat down": "remove it all"},
        pending=pending(settings, catalogue, "dev"),
        details_command="./plat validate --verbose",
        elapsed_seconds=1.0,
    )
    said = [line for line in report.text(Console(quiet=True)).splitlines() if "not made yet" in line]
    assert len(said) == 1, said
    assert said[0].startswith("declared, not made yet: ")
    assert ", 13 broker accounts, " in said[0]
    programs = json.loads(json.dumps(report.record()))["pending"]
    assert {each["waiting"] for each in programs if each["subject"] == "broker account"} >= {"analytics-service"}
