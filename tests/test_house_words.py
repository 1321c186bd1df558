"""A word has one meaning in the whole program: what docs/glossary.md replaces does not come back as a name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.stacks import ROOT

GLOSSARY: Final = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
KEPT: Final[dict[str, set[str]]] = {
    "blueprint": set(),
    "components": set(),
    "manifests": set(),
    "operations": {"home"},
    "policies": set(),
}
"""Room → replaced words it still uses. operations: PULUMI_HOME and HOME are other people's names for these folders."""


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under `heading` of the glossary, without its head."""
    section = GLOSSARY.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


REPLACED: Final = {word for word, _ in rows("Words we do not use")}


def defined(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of everything `tree` gives a name: classes, functions, arguments, variables, attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname


def words(name: str) -> set[str]:
    """The words of a name in snake_case, UPPER_CASE or CamelCase, in lower case and in the singular."""
    return {word.lower().removesuffix("s") for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def uses(file: Path, banned: set[str]) -> list[str]:
    singular = {word.removesuffix("s") for word in banned}
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [f"{file}:{line}: {name}" for line, name in defined(tree) if words(name) & singular]


@pytest.mark.parametrize("room", sorted(KEPT))
def test_no_name_contains_a_word_the_glossary_replaces(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    found = [use for file in files for use in uses(file, REPLACED - KEPT[room])]
    assert not found, f"{found}: docs/glossary.md says which word to use instead"
    unused = sorted(word for word in KEPT[room] if not any(uses(file, {word}) for file in files))
    assert not unused, f"{room} no longer uses {unused}: take them out of KEPT"


@pytest.mark.parametrize("name", ["Wall", "every_door", "KONG_DOORS", "told_apart", "ToldOnce", "_home", "check_room"])
def test_a_replaced_word_is_found_in_any_spelling(name: str, tmp_path: Path) -> None:
    for line in (f"class {name}: ...", f"def {name}(): ...", f"def f({name}): ...", f"{name} = 1", f"f.{name} = 1"):
        file = tmp_path / "one.py"
        file.write_text(line)
        assert uses(file, REPLACED), f"not found: {line}"


@pytest.mark.parametrize("name", ["unless", "delegate", "wallet", "mushroom", "dooring", "toldo", "cardless"])
def test_a_longer_word_is_not_a_replaced_one(name: str, tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(f"{name} = 1")
    assert not uses(tmp_path / "one.py", REPLACED)


def test_the_tables_of_the_glossary_are_complete_and_sorted() -> None:
    for heading in ("Words of this program", "Words we do not use"):
        listed = [word for word, *_ in rows(heading)]
        assert listed == sorted(set(listed)), f"{heading}: not sorted, or a word twice"
        assert all(len(row) == 2 and row[1] for row in rows(heading)), f"{heading}: a word without a line"
    defined_here = {
        node.name
        for room in (*KEPT, "policies")
        for file in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    gone = set(re.findall(r"`([A-Z]\w+)`", GLOSSARY)) - defined_here
    assert not gone, f"no class of the program is called {sorted(gone)}"
    named = {room.strip("`/") for room, *_ in rows("Six rooms, six verbs")}
    assert named == {*KEPT, "services"}, "the six rooms are not those of the program"
