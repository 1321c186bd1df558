"""The real engine with a program of three lines: our executor, the provider, and waiting on the control plane."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from manifests.operators.fragments import trusted
from operations import engine
from tests.support.engine_fixtures import ControlPlane, eventually

pytestmark = pytest.mark.engine


@dataclass(frozen=True, kw_only=True)
class Project:
    """A Pulumi project in a temporary folder, with a stack `test` on a backend beside it."""

    folder: Path
    environment: dict[str, str]
    pulumi: Path

    def program(self, text: str) -> None:
        (self.folder / "__main__.py").write_text(textwrap.dedent(text), encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        return [str(self.pulumi), *arguments, "--stack=test", "--non-interactive"]

    def up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("up", "--yes", "--skip-preview", *arguments)

    def begun(self) -> subprocess.Popen[str]:
        """An `up` that runs on while the test does something else."""
        return subprocess.Popen(
            self.command("up", "--yes", "--skip-preview"),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def outputs(self) -> dict[str, Any]:
        done = subprocess.run(
            self.command("stack", "output", "--json"),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def project(toolchain: engine.Toolchain, tmp_path: Path) -> Project:
    (tmp_path / "state").mkdir()
    folder = tmp_path / "a project"
    folder.mkdir()
    settings = {"name": "sample", "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}
    (folder / "Pulumi.yaml").write_text(json.dumps(settings), encoding="utf-8")
    home = tmp_path / "home"
    engine.install_plugins(toolchain, home)
    backend = f"file://{tmp_path / 'state'}"
    made = Project(
        folder=folder,
        environment=engine.environment(toolchain, home, backend=backend, passphrase=""),
        pulumi=toolchain.pulumi,
    )
    assert made.run("stack", "init").returncode == 0
    return made


def test_a_program_knows_its_stack_configuration_folder_and_operations_at_once(project: Project) -> None:
    project.program(
        """
        import asyncio, os, sys
        import pulumi
        pulumi.export("stack", pulumi.get_stack())
        pulumi.export("project", pulumi.get_project())
        pulumi.export("greeting", pulumi.Config().require("greeting"))
        pulumi.export("root", pulumi.runtime.get_root_directory())
        pulumi.export("here", os.getcwd())
        pulumi.export("importable", os.getcwd() in sys.path)
        pulumi.export("threads", asyncio.get_event_loop()._default_executor._max_workers)
        """
    )
    assert project.run("config", "set", "greeting", "hello").returncode == 0
    done = project.up("--parallel=16")
    assert done.returncode == 0, done.stdout
    here = str(project.folder)
    assert project.outputs() == {
        "stack": "test",
        "project": "sample",
        "greeting": "hello",
        "root": here,
        "here": here,
        "importable": True,
        "threads": 64,  # four per operation: with Python's own default registrations queue up
    }


def test_a_failing_program_shows_its_own_frames_once_and_nothing_of_the_runner(project: Project) -> None:
    project.program("def inner():\n    raise ValueError('boom')\ninner()\n")
    done = project.up()
    assert done.returncode != 0
    assert "ValueError: boom" in done.stdout
    assert "in inner" in done.stdout, "the user cannot see where it happened"
    assert "runpy" not in done.stdout
    assert "pulumi-language-python-exec" not in done.stdout, "frames of the runner bury the program's"
    assert "non-zero exit code" not in done.stdout, "the host adds a second, empty message"


def test_a_message_for_the_user_is_shown_without_a_traceback(project: Project) -> None:
    project.program("import pulumi\nraise pulumi.RunError('set the region in Pulumi.test.yaml')\n")
    done = project.up()
    assert done.returncode != 0
    assert "error: set the region in Pulumi.test.yaml" in done.stdout
    assert "Traceback" not in done.stdout


KUBERNETES = """
    import pulumi, pulumi_kubernetes
    provider = pulumi_kubernetes.Provider(
        "embedded", kubeconfig={kubeconfig!r}, cluster_identifier="embedded",
        opts=pulumi.ResourceOptions(version="4.25.0"),
    )
    pulumi.CustomResource(
        "kubernetes:cert-manager.io/v1:Issuer", "issuer",
        {{
            "apiVersion": "cert-manager.io/v1", "kind": "Issuer",
            "metadata": {{
                "name": "engine", "namespace": "default",
                "annotations": {{"pulumi.com/waitFor": "condition={condition}"}},
            }},
            "spec": {{"selfSigned": {{}}}},
        }},
        pulumi.ResourceOptions(provider=provider, version="4.25.0"),
    )
"""


def test_the_real_provider_waits_for_a_custom_resource_and_takes_it_away_again(
    project: Project, control_plane: ControlPlane
) -> None:
    kubeconfig = str(control_plane.folder / "kubeconfig")
    project.program(KUBERNETES.format(kubeconfig=kubeconfig, condition="Ready"))
    done = project.up()
    assert done.returncode == 0, done.stdout
    assert "has no .status.conditions" in done.stdout.lower(), "the resource was ready at once: nothing was waited for"
    again = project.run("preview", "--expect-no-changes")
    assert again.returncode == 0, f"what the stage writes looks like a change: {again.stdout}"
    gone = project.run("destroy", "--yes", "--skip-preview")
    assert gone.returncode == 0, gone.stdout
    assert control_plane.get("issuers", "--namespace", "default")["items"] == []


WEBHOOK = """
    import pulumi, pulumi_kubernetes
    provider = pulumi_kubernetes.Provider(
        "embedded", kubeconfig={kubeconfig!r}, cluster_identifier="embedded",
        opts=pulumi.ResourceOptions(version="4.25.0"),
    )
    def made(token, name, after=(), **manifest):
        options = pulumi.ResourceOptions(provider=provider, version="4.25.0", depends_on=list(after))
        return pulumi.CustomResource("kubernetes:" + token, name, manifest, options)
    guard = made(
        "admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration", "guard",
        apiVersion="admissionregistration.k8s.io/v1", kind="ValidatingWebhookConfiguration",
        metadata={{"name": "guard", "annotations": {annotations!r}}},
        webhooks=[
            {{
                "name": name + ".example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "clientConfig": {{"service": {{"name": "guard", "namespace": "default"}}}},
                "rules": [
                    {{
                        "apiGroups": ["nothing.example.com"], "apiVersions": ["v1"], "resources": ["things"],
                        "operations": ["CREATE"],
                    }}
                ],
            }}
            for name in ("one", "two")
        ],
    )
    made(
        "core/v1:ConfigMap", "guarded", [guard],
        apiVersion="v1", kind="ConfigMap", metadata={{"name": "guarded", "namespace": "default"}},
    )
"""


def test_what_a_webhook_guards_is_made_when_its_certificate_is_known(
    project: Project, control_plane: ControlPlane
) -> None:
    def there(*what: str) -> bool:
        return control_plane.kubectl("get", *what, check=False).returncode == 0

    def inject() -> None:
        """As cert-manager's injector does, whenever no certificate is there."""
        written = [
            {"op": "add", "path": f"/webhooks/{index}/clientConfig/caBundle", "value": certificate} for index in (0, 1)
        ]
        control_plane.kubectl("patch", *configuration, "--type=json", f"--patch={json.dumps(written)}")

    certificate = b64encode(b"of the webhook").decode()
    configuration = ("validatingwebhookconfiguration", "guard")
    kubeconfig = str(control_plane.folder / "kubeconfig")
    project.program(WEBHOOK.format(kubeconfig=kubeconfig, annotations=trusted()))
    with project.begun() as running:
        eventually("the configuration is there", lambda: there(*configuration), seconds=60)
        time.sleep(5)
        early = there("configmap", "guarded")
        inject()
        said, _ = running.communicate(timeout=60)
    assert running.returncode == 0, said
    assert not early, "what the webhook guards was made before the API server could trust it"
    assert there("configmap", "guarded")
    again = project.run("preview", "--expect-no-changes")
    assert again.returncode == 0, f"the certificate somebody else wrote looks like a change: {again.stdout}"
    project.program(WEBHOOK.format(kubeconfig=kubeconfig, annotations={**trusted(), "example.com/changed": "yes"}))
    with ThreadPoolExecutor() as beside:
        update = beside.submit(project.up)
        while not update.done():
            inject()
            time.sleep(1)
    assert update.result().returncode == 0, update.result().stdout
    changed = control_plane.get(*configuration)
    assert changed["metadata"]["annotations"]["example.com/changed"] == "yes"
    assert changed["webhooks"][0]["clientConfig"]["caBundle"] == certificate, "an update ends without the certificate"
    gone = project.run("destroy", "--yes", "--skip-preview")
    assert gone.returncode == 0, gone.stdout


def test_a_cancelled_run_ends_quietly(project: Project, control_plane: ControlPlane) -> None:
    kubeconfig = str(control_plane.folder / "kubeconfig")
    project.program(KUBERNETES.format(kubeconfig=kubeconfig, condition="Never"))
    with project.begun() as process:
        assert process.stdout is not None
        words = ""
        while "creating" not in words:
            line = process.stdout.readline()
            assert line, f"the run ended before it could be cancelled: {words}"
            words += line
        process.send_signal(signal.SIGINT)
        words += process.communicate(timeout=60)[0]
    assert process.returncode != 0
    assert "Traceback" not in words, f"a cancellation prints a traceback: {words}"
    project.run("destroy", "--yes", "--skip-preview")
