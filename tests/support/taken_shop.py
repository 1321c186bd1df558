"""The shop as a cluster that runs containers takes it today: without the variables that ask for what nothing makes.

Stores, accounts and secrets stay declared; only their pods no longer wait for Secrets. As soon as everything is made
this is the shop itself, and then it can go.
"""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.support.stacks import SERVICES


@cache
def taken_shop() -> Path:
    """The folder of its services, written once per process."""
    folder = Path(tempfile.mkdtemp(prefix="shop-")) / "services"
    folder.mkdir()
    for beside in ("contracts", "schemas"):
        (folder / beside).symlink_to(SERVICES / beside)
    for file in sorted(SERVICES.glob("*.yaml")):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for spec in (document["spec"], *document["spec"].get("environments", {}).values()):
            _ask_for_nothing(spec)
        (folder / file.name).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return folder


def _ask_for_nothing(spec: dict[str, Any]) -> None:
    for field in ("containers", "initContainers"):
        for container in spec.get(field, {}).values():
            variables = container.get("variables", {})
            kept = {name: text for name, text in variables.items() if "${resources." not in str(text)}
            container["variables"] = kept
