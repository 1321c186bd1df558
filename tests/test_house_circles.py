"""No two modules of the house need each other: every one can be read, and changed, after those below it."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
ROOMS: Final = ("blueprint", "components", "manifests", "operations", "policies")


def modules() -> dict[str, Path]:
    """Every module by its dotted name; a package is its `__init__`."""
    files = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]
    named = {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in files}
    return {name.removesuffix(".__init__"): file for name, file in named.items()}


def imported(file: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules `file` imports, also inside functions: a late import hides a circle, it does not break it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield from [name for name in (inner if inner in known else node.module,) if name in known]


def test_no_module_needs_itself_through_others() -> None:
    known = modules()
    graph = {name: {other for other in imported(file, known) if other != name} for name, file in known.items()}
    assert sum(map(len, graph.values())) > len(graph), "the imports were not found"
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(f"a circle of imports: {' → '.join(error.args[1])}") from None
