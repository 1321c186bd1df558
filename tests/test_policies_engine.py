"""The pack behind the real engine: what passes, what is refused with which words, and what an exported record says."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from manifests import everything
from operations import engine
from tests.support.engine_fixtures import ControlPlane
from tests.support.own_platform import facts, judged
from tests.support.policy_servicer import addressed, expected
from tests.support.recorded_state import PACK, Analyst, recorded
from tests.support.stacks import blueprint_of
from tests.support.user_project import LEDGER, Copy, user_project

pytestmark = pytest.mark.engine


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A project with a stack on a backend beside it, and the pack."""

    root: Path
    stack: str
    environment: dict[str, str]
    toolchain: engine.Toolchain

    def run(self, *arguments: str, pack: Path | None = PACK) -> subprocess.CompletedProcess[str]:
        given = ["--policy-pack", str(pack)] if pack else []
        return subprocess.run(
            [str(self.toolchain.pulumi), *arguments, *given, f"--stack={self.stack}", "--non-interactive"],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def preview(self, *, pack: Path | None = PACK) -> tuple[int, list[tuple[str, str]]]:
        """Exit code, and level and message of every violation, sorted."""
        done = self.run("preview", "--json", pack=pack)
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert any("policyLoadEvent" in event for event in events), (
            f"the pack was not asked:\n{done.stdout}{done.stderr}"
        )
        violations = [event["policyEvent"] for event in events if "policyEvent" in event]
        return done.returncode, sorted((each["enforcementLevel"], _reported(each["message"])) for each in violations)


def _reported(message: str) -> str:
    return message.partition("\n")[2].strip()


def workspace(root: Path, stack: str, toolchain: engine.Toolchain, beside: Path) -> Workspace:
    """The project in `root` as `stack`, with its record and Pulumi's home `beside` it."""
    (beside / "state").mkdir()
    engine.install_plugins(toolchain, beside / "home")
    environment = engine.environment(toolchain, beside / "home", backend=(beside / "state").as_uri(), passphrase="")
    made = Workspace(
        root=root,
        stack=stack,
        environment={**environment, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"},
        toolchain=toolchain,
    )
    done = made.run("stack", "init", pack=None)
    assert done.returncode == 0, done.stderr
    return made


# ---------------------------------------------------------------------- our own platform


@pytest.fixture(scope="module")
def project(
    toolchain: engine.Toolchain, control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Copy, Workspace]]:
    folder = tmp_path_factory.mktemp("judged")
    with user_project(toolchain, folder) as copy:
        (copy.root / ".embedded").mkdir()
        kubeconfig = (control_plane.folder / "kubeconfig").read_bytes()
        (copy.root / ".embedded" / "kubeconfig").write_bytes(kubeconfig)
        yield copy, workspace(copy.root, "dev", toolchain, folder)


def test_the_engine_reports_of_our_platform_what_the_judge_says(project: tuple[Copy, Workspace]) -> None:
    copy, our = project
    code, violations = our.preview(pack=copy.root / "policies")
    wanted = expected(facts("dev"), addressed(judged("dev")))
    # Only the engine knows options and providers, which rules of this group read.
    assert [each for each in violations if not each[1].startswith("eng-")] == [
        each for each in wanted if not each[1].startswith("eng-")
    ]
    assert (code == 0) == ("mandatory" not in {level for level, _ in violations}), violations


def test_a_service_that_breaks_a_rule_is_refused_with_the_line_to_mend(project: tuple[Copy, Workspace]) -> None:
    copy, our = project
    folder = copy.root / "one"
    (folder / "ledger.yaml").write_text(
        LEDGER.replace("image: ghcr.io/acme/ledger:", "image: docker.io/elsewhere/ledger:"), encoding="utf-8"
    )
    # As plat does it: only the engine tells the pack which catalogue this run is about.
    config = yaml.safe_load((copy.root / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    config["config"]["platform:services"] = str(folder)
    file = copy.root / ".embedded" / "config.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    done = our.run("preview", f"--config-file={file}", pack=copy.root / "policies")
    words = done.stdout + done.stderr
    assert done.returncode != 0, words
    assert "img-registry" in words
    assert "one/ledger.yaml:10: spec.containers.main.image" in words, (
        "the message does not say where the owner mends it"
    )


# ---------------------------------------------------------------------- somebody else's program


@pytest.fixture
def other(toolchain: engine.Toolchain, tmp_path: Path) -> Workspace:
    root = tmp_path / "a project"
    root.mkdir()
    text = {"name": "sample", "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}
    (root / "Pulumi.yaml").write_text(json.dumps(text), encoding="utf-8")
    return workspace(root, "test", toolchain, tmp_path)


PROGRAM = """
    import pulumi, pulumi_kubernetes
    provider = pulumi_kubernetes.Provider(
        "embedded", kubeconfig={kubeconfig!r}, cluster_identifier="embedded",
        opts=pulumi.ResourceOptions(version="4.25.0"),
    )

    def made(kind, name, **fields):
        metadata = {{"name": name, "namespace": {namespace!r}}}
        manifest = {{"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}}
        options = pulumi.ResourceOptions(provider=provider, version="4.25.0")
        return pulumi.CustomResource(f"kubernetes:core/v1:{{kind}}", name, manifest, options)

    later = made("ConfigMap", "source").id
    container = {{
        "name": "main",
        "image": "ghcr.io/acme/main:1.0.0",
        "securityContext": {{"allowPrivilegeEscalation": False, "capabilities": {{"drop": ["ALL"]}}}},
    }}
    security = {{"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {{"type": "RuntimeDefault"}}}}
    {change}
    made("Pod", "pod", spec={{"securityContext": security, "containers": [container]}})
"""


def written(other: Workspace, control_plane: ControlPlane, namespace: str, change: str) -> None:
    """Gives `other` the program with one `change`."""
    control_plane.namespace(namespace)
    text = PROGRAM.format(kubeconfig=str(control_plane.folder / "kubeconfig"), namespace=namespace, change=change)
    (other.root / "__main__.py").write_text(textwrap.dedent(text), encoding="utf-8")


def of_pods(violations: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Level and beginning of what concerns Pod Security, which states every outcome exactly."""
    standard = ("wl-privileged", "wl-run-as-user", "wl-capabilities", "wl-seccomp", "wl-host-", "eng-unknown-values")
    return [(level, message.partition(": is")[0]) for level, message in violations if message.startswith(standard)]


def test_an_unknown_value_a_security_rule_reads_is_refused_and_any_other_is_not(
    other: Workspace, control_plane: ControlPlane
) -> None:
    environment = 'container["env"] = [{"name": "SOURCE", "value": later}]'
    written(other, control_plane, "judged-unknown", environment)
    _, violations = other.preview()
    assert of_pods(violations) == []

    behind = f'{environment}; security["runAsUser"] = later.apply(len)'
    written(other, control_plane, "judged-unknown", behind)
    code, violations = other.preview()
    assert code != 0
    assert of_pods(violations) == [
        ("mandatory", "eng-unknown-values: Pod judged-unknown/pod spec.securityContext.runAsUser"),
    ]


def test_what_is_refused_is_not_made_and_what_was_made_without_the_pack_is_found(
    other: Workspace, control_plane: ControlPlane, toolchain: engine.Toolchain, tmp_path: Path
) -> None:
    written(other, control_plane, "judged-up", 'container["securityContext"]["privileged"] = True; later = None')
    there = ("pods", "--namespace=judged-up")
    done = other.run("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    privileged = "wl-privileged: Pod judged-up/pod spec.containers[0].securityContext.privileged: is true."
    assert privileged in done.stdout, done.stdout
    assert control_plane.get(*there)["items"] == [], "it was made all the same"

    written(other, control_plane, "judged-up", 'container["securityContext"]["privileged"] = True')
    text = (other.root / "__main__.py").read_text(encoding="utf-8")
    (other.root / "__main__.py").write_text(text.replace('"allowPrivilegeEscalation": False, ', ""), encoding="utf-8")
    done = other.run("up", "--yes", "--skip-preview", pack=None)
    assert done.returncode == 0, done.stdout
    assert len(control_plane.get(*there)["items"]) == 1
    exported = tmp_path / "exported.json"
    assert other.run("stack", "export", f"--file={exported}", pack=None).returncode == 0
    done = Analyst(folder=tmp_path, toolchain=toolchain).analyze(json.loads(exported.read_text(encoding="utf-8")))
    assert done.returncode != 0
    assert privileged in done.stdout
    assert "client-key-data" not in done.stdout + done.stderr, "the provider's kubeconfig was printed"
    other.run("destroy", "--yes", "--skip-preview", pack=None)


# ---------------------------------------------------------------------- records nobody's program made


def test_a_record_of_our_platform_is_judged_without_program_provider_or_cluster(
    toolchain: engine.Toolchain, tmp_path: Path
) -> None:
    analyst = Analyst(folder=tmp_path, toolchain=toolchain)
    ours = list(everything(blueprint_of("dev")))
    done = analyst.analyze(recorded(ours))
    wanted = expected(facts("dev"), addressed(judged("dev")))
    assert [message for level, message in wanted if level == "mandatory" and message not in done.stdout] == []
    (deployment,) = [
        each for each in ours if (each["kind"], each["metadata"]["name"]) == ("Deployment", "cart-service")
    ]
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container["securityContext"] = {**container["securityContext"], "privileged": True}  # what all pods share stays
    done = analyst.analyze(recorded(ours))
    assert done.returncode != 0
    place = "Deployment cart-service/cart-service spec.template.spec.containers[0]"
    assert f"wl-privileged: {place}.securityContext.privileged: is true." in done.stdout, done.stdout


def test_a_record_of_a_stack_without_settings_is_refused_with_the_missing_file(
    toolchain: engine.Toolchain, tmp_path: Path
) -> None:
    done = Analyst(folder=tmp_path, toolchain=toolchain).analyze(recorded([], stack="nosuch"))
    assert done.returncode != 0
    assert "Pulumi.nosuch.yaml:1: cannot be read" in done.stdout, done.stdout
