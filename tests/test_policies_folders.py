"""policies/README.md says which folder may import which; here it is held."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from tests.support.stacks import ROOT

README: Final = (ROOT / "policies" / "README.md").read_text(encoding="utf-8")
ORDER: Final = [
    folder
    for row in re.findall(r"^\| (`.*?) \|", README.split("| folder | holds |")[1], flags=re.MULTILINE)
    for folder in re.findall(r"`([a-z]+)`", row)
]
"""Every folder, what is imported before what imports it."""
FILES: Final = sorted(file for folder in ORDER for file in (ROOT / "policies" / folder).rglob("*.py"))


def imported(file: Path) -> set[tuple[str, ...]]:
    """The modules of the pack that `file` imports, below `policies`."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return {tuple(module.split(".")[1:]) for module in modules if module.startswith("policies.")}


def test_the_table_names_every_folder() -> None:
    there = {path.name for path in (ROOT / "policies").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert set(ORDER) == there
    assert len(FILES) > 100


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT / "policies")))
def test_a_folder_imports_only_folders_before_it(file: Path) -> None:
    own, *below = file.relative_to(ROOT / "policies").parts
    for module in imported(file):
        assert ORDER.index(module[0]) <= ORDER.index(own), f"{own} imports {module[0]}, which comes after it"
        if own == module[0] == "rules" and len(below) > 1 and len(module) > 1:
            assert module[1] == below[0], f"the rules of {below[0]} import those of {module[1]}"
