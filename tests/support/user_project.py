"""A user's copy of the project, and what a user does there: commands as processes, kills, looking with kubectl.

The cluster itself is asked what is there, with a kubectl of the tests' own; the program's records are never believed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from manifests import everything
from operations import embedded, engine
from operations.deciding import decide
from operations.guard import members
from operations.project import Project
from tests.support.stacks import MINIMAL, ROOT

COPIED = (
    *("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py", "plat", "requirements.txt"),
    *("blueprint", "components", "manifests", "operations", "policies", "services", "tools"),
)
LEDGER = MINIMAL.format(name="ledger", kind="service").replace(
    "      resources:", "      variables: {PORT: '8080'}\n      resources:"
) + (
    "  service: {ports: {http: {port: 8080}}}\n"
    "  provides:\n"
    "    - api: ledger-v1\n"
    "      type: openapi\n"
    "      version: '1.0.0'\n"
    "      definition: contracts/ledger-v1.openapi.yaml\n"
    "      port: http\n"
    "      operations: [{method: GET, path: /v1/entries, idempotent: true}]\n"
)
TELLER = MINIMAL.format(name="teller", kind="worker") + "  consumes:\n    - {api: ledger/ledger-v1}\n"
CONTRACT = "openapi: 3.1.0\ninfo: {title: ledger, version: 1.0.0}\npaths: {/v1/entries: {get: {responses: {}}}}\n"
SERVICES = {"ledger": LEDGER, "teller": TELLER}
"""Two small services with an edge between them: enough to be interrupted in, quick to bring up a dozen times."""


def _heeding_ctrl_c() -> None:
    """As in a terminal: whoever runs the tests in the background may have made them deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


PATIENCE_SECONDS = 300.0
Key = tuple[str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy of the project at a path with a blank in it, and what a user does there."""

    root: Path
    toolchain: engine.Toolchain
    runs: str = "run"
    """Folder below .embedded with what the stack's runs leave."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of the user's, besides those of this process."""

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command in a process group of its own."""
        command = [sys.executable, "-m", "operations", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.root,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_heeding_ctrl_c,  # noqa: PLW1509  (the tests start no threads)
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        """Runs a command to its end; everything it said."""
        process = self.begin(*arguments)
        words, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == code, f"plat {' '.join(arguments)} ended with {process.returncode}:\n{words}"
        return words

    @property
    def log(self) -> Path:
        return self.root / ".embedded" / self.runs / "events.ndjson"

    def begin_and_reach(self, objects: int, *arguments: str, of: str = "") -> subprocess.Popen[str]:
        """Starts a command and returns when its engine has dealt with `objects` objects (whose address has `of`)."""
        self.log.unlink(missing_ok=True)
        process = self.begin(*arguments)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._heard(of) < objects:
            assert process.poll() is None, f"it ended before it could be killed:\n{process.communicate()[0]}"
            assert time.monotonic() < deadline, "it never got that far"
            time.sleep(0.02)
        return process

    def _heard(self, of: str) -> int:
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return 0
        return sum('"resOutputsEvent":' in line and of in line for line in lines)

    def engine_pid(self) -> int:
        """The process of the last `pulumi`; 0 before the first."""
        record = self.root / ".embedded" / self.runs / "engine.json"
        return int(json.loads(record.read_text())["sessions"][0]) if record.exists() else 0

    def engine_session(self) -> frozenset[int]:
        """Every living process of the engine's session, plugins and program included."""
        return members(self.engine_pid())

    def kill(self, process: subprocess.Popen[str], *pids: int) -> None:
        """SIGKILL for plat and `pids`."""
        for pid in (process.pid, *pids):
            with contextlib.suppress(ProcessLookupError):  # one that was done meanwhile needs no kill
                os.kill(pid, signal.SIGKILL)
        process.wait(timeout=PATIENCE_SECONDS)
        if process.stdout:
            process.stdout.close()

    def kubectl(self, *arguments: str) -> str:
        command = [str(self.toolchain.kubectl), f"--kubeconfig={self.root / '.embedded' / 'kubeconfig'}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def there(self) -> set[Key]:
        """Every object with our mark that nobody else owns: group, kind, namespace, name."""
        kinds = self.kubectl("api-resources", "--verbs=list,delete", "--output=name").split()
        wanted = ",".join(sorted(kind for kind in kinds if not kind.startswith("events") and kind != "endpoints"))
        mark = "--selector=app.kubernetes.io/managed-by=platform"
        items = json.loads(self.kubectl("get", wanted, "--all-namespaces", mark, "--output=json"))["items"]
        return {
            (
                item["apiVersion"].rpartition("/")[0],
                item["kind"],
                item["metadata"].get("namespace", ""),
                item["metadata"]["name"],
            )
            for item in items
            if not item["metadata"].get("ownerReferences")
        }

    def recorded(self) -> int:
        """How many resources the state of `dev` holds."""
        files = (self.root / ".embedded" / "state").rglob("stacks/*/dev.json")
        deployments = [json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"] for file in files]
        return sum(len((deployment or {}).get("resources", ())) for deployment in deployments)

    def wanted(self, services: str = "services") -> set[Key]:
        """What the cluster has to hold, by the manifests alone."""
        project = Project.here(self.root / services, root=self.root)
        return {
            (
                manifest["apiVersion"].rpartition("/")[0],
                manifest["kind"],
                manifest["metadata"].get("namespace", ""),
                manifest["metadata"]["name"],
            )
            for manifest in everything(decide(project, "dev"))
        }


@contextlib.contextmanager
def user_project(toolchain: engine.Toolchain, folder: Path) -> Iterator[Copy]:
    """A copy of the project below `folder`, and the end of whatever it has started."""
    root = folder / "my project"
    root.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, root / name)
    (root / ".venv").symlink_to(sys.prefix)
    for catalogue, names in (("one", ("ledger",)), ("few", ("ledger", "teller"))):
        (root / catalogue / "contracts").mkdir(parents=True)
        (root / catalogue / "contracts" / "ledger-v1.openapi.yaml").write_text(CONTRACT, encoding="utf-8")
        for name in names:
            (root / catalogue / f"{name}.yaml").write_text(SERVICES[name], encoding="utf-8")
    copy = Copy(root=root, toolchain=toolchain)
    yield copy
    for pid in copy.engine_session():
        os.kill(pid, signal.SIGKILL)
    embedded.stop(root / ".embedded", toolchain)
