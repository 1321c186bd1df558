"""A copy of the project whose budgets and caps do not end with one shop, and catalogues of any size beside it."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.catalogue_factory import write_shops
from tests.support.stacks import ROOT

SHOP = 12
"""Services of the catalogue that is copied."""
FACTOR = 1000
"""By how much caps of a stack grow: more than any size measured here."""


class Workplace:
    """A folder for one run of the measurements."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        left_out = shutil.ignore_patterns(".git", ".venv", ".embedded", ".*_cache", ".hypothesis", "__pycache__")
        shutil.copytree(ROOT, self.project, ignore=left_out, symlinks=True)
        for file in self.project.glob("Pulumi.*.yaml"):
            document = yaml.safe_load(file.read_text(encoding="utf-8"))
            document["config"]["platform:settings"].pop("budget", None)
            file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        widen(self.project / "policies" / "config")

    def services(self, size: int) -> Path:
        """A catalogue of `size` services, a multiple of a shop's; written once."""
        folder = self.folder / str(size) / "services"
        return folder if folder.is_dir() else write_shops(folder, size // SHOP)


def widen(config: Path) -> None:
    """Multiplies the caps of a whole stack in the limits of every environment."""
    for file in config.glob("*.json"):
        limits: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps({**limits, "cloud": _wider(limits["cloud"])}), encoding="utf-8")


def _wider(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _wider(part) for key, part in value.items()}
    return value * FACTOR if isinstance(value, int) and not isinstance(value, bool) else value
