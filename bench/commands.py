"""The commands of `plat` that need no engine, over catalogues of any size, and what they are compared with.

They run in a copy of the program whose stacks have no budget, because a budget is for one shop.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any, Final

import yaml

from bench.timing import Work, process
from manifests import everything
from operations.deciding import decide
from operations.exits import Exit
from operations.project import Project
from policies.core.limits import CHARTS
from tests.support.catalogue_factory import write_shops
from tests.support.stacks import ROOT

SERVICES_OF_A_SHOP: Final = 12
STACK: Final = "dev"
FACTOR: Final = 1000
"""By how much caps grow: more than any size measured here."""
IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108  (a folder with a random name is made in it)
"""Where Linux keeps files in memory. ext4 steps around what was deleted within the last minute, by whomever: to make a
file took up to ten times as long as to write its text, and twice as long in one run as in the next."""
PARTS: Final = ("blueprint", "manifests", "components", "operations", "policies")
BARE: Final = """\
import json, sys
from pathlib import Path
import yaml
from blueprint.catalogue import Service
loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
for file in sorted(Path(sys.argv[1]).glob("*.yaml")):
    Service.model_validate_json(json.dumps(yaml.load(file.read_bytes(), loader)), by_name=False)
"""
"""Each file through the fast loader and the models, once: no lines, no environments, no checks between files."""
CDK8S: Final = Path(__file__).with_name("cdk8s_app.py")


def copy_of_the_program(folder: Path) -> Path:
    """Makes `folder` a project like ours, without budgets. Its path."""
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in sorted(ROOT.glob("Pulumi*.yaml")):
        text = yaml.safe_load(file.read_text(encoding="utf-8"))
        if file.name != "Pulumi.yaml":
            text["config"]["platform:settings"].pop("budget", None)
        (folder / file.name).write_text(yaml.safe_dump(text), encoding="utf-8")
    widen(folder / "policies" / "config")
    return folder


def widen(config: Path) -> None:
    """Multiplies the policies' caps on a whole stack, which are for one shop as well."""
    for file in (each for each in config.glob("*.json") if each.name != CHARTS):
        limits = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps({**limits, "cloud": _wider(limits["cloud"])}), encoding="utf-8")


def _wider(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _wider(part) for key, part in value.items()}
    return value * FACTOR if isinstance(value, int) and not isinstance(value, bool) else value


def catalogue(folder: Path, services: int) -> Path:
    """A catalogue of so many `services`, a multiple of the shop's, below `folder`; written once. Its path."""
    made = folder / f"{services}-services"
    return made if made.is_dir() else write_shops(made, services // SERVICES_OF_A_SHOP)


def command(project: Path, name: str, services: Path, *more: str) -> Work:
    """`plat <name>` over `services`. A judgement that refuses something takes as long as one that does not."""
    arguments = [sys.executable, "-m", "operations", name, "--services", services, *more, "-q"]
    return process(list(map(str, arguments)), folder=project, accepted=(Exit.OK, Exit.POLICY))


def render(project: Path, services: Path, output: Path) -> Work:
    """`plat render` over `services` into an empty folder."""
    work = command(project, "render", services, "-s", STACK, "-o", str(output))

    def anew() -> float:
        shutil.rmtree(output, ignore_errors=True)
        return work()

    return anew


def bare(project: Path, services: Path) -> Work:
    """Loader and models alone, over `services`."""
    return process([sys.executable, "-c", BARE, str(services)], folder=project)


def cdk8s(python: Path, project: Path, services: Path, output: Path) -> Work:
    """The objects `plat render` writes, by cdk8s in the interpreter `python`; it is given them as JSON."""
    objects = output.with_suffix(".json")
    blueprint = decide(Project(root=project, services=services), STACK)
    objects.write_text(json.dumps(list(everything(blueprint))), encoding="utf-8")
    return process([str(python), str(CDK8S), str(objects), str(output)], folder=project)
