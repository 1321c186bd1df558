"""The values of a text without its lines: never others than the tree has, and none where the tree refuses something."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blueprint.reading import TextError
from blueprint.reading.source import Source, read_source
from blueprint.reading.values import MAX_DEPTH, values
from tests.support.stacks import ROOT, SERVICES

FILES = tuple(sorted([*SERVICES.glob("*.yaml"), *ROOT.glob("Pulumi*.yaml")]))

PIECES = (
    *("a", "b", "key", ": ", ":", "- ", "-", "? ", "\n", "\n  ", "\n    ", "\n- ", " ", "[", "]", "{", "}", ", ", ","),
    *('"', "'", "&a ", "*a", "!t ", "!!str ", "<<", "|\n", ">\n", "#", " #c", "---\n", "...\n", "%YAML 1.1\n", "\t"),
    *("1", "-1", "1.5", "010", "0x1", "null", "~", "true", "yes", "1e3", "\\", '"\\u200b"', '"\\x41"', "\r\n", "\r"),
    *("a: 1\n", "b:\n  - x\n", "c: {d: e}\n", "f: [g, h]\n", 'i: "*/5 * * * *"\n', "é", "\u2028", "'''", "\\\\"),
)


def reading(folder: Path, text: str) -> Source | None:
    """`text` as read, or None where it is refused."""
    file = folder / "text.yaml"
    file.write_bytes(text.encode())
    try:
        return read_source(file, "text.yaml")
    except TextError:
        return None


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_of_the_repository_is_read_without_its_lines_and_as_the_tree_has_it(file: Path) -> None:
    found = values(file.read_text(encoding="utf-8"))
    assert found is not None, "the file takes the slow path, which is for files with a mistake"
    assert repr(found) == repr(read_source(file, file.name).root.plain()), "values and tree differ"


@settings(max_examples=1500, deadline=None)
@given(text=st.one_of(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.text(max_size=20)))
def test_any_text_that_is_taken_has_the_values_of_its_tree(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    source = reading(tmp_path_factory.getbasetemp(), text)
    if source is not None:
        assert repr(source.data) == repr(source.root.plain()), "values and tree differ"


@pytest.mark.parametrize(
    "text",
    [
        *("a: &b 1", "a: *b", "&a b: 1", "a: !!str 1", "a: ! 1", "{a: &b 1}", '{"a":&b 1}', "[&a b]", "- &a"),
        *(
            "a: 1\na: 2",
            "a: 1\n'a': 2",
            "[1]",
            "a",
            "",
            "a: 1\n---\nb: 2",
            "? [a]\n: 1",
            '"\\u200b": 1',
            "a: [",
            "<<: *b",
        ),
        "a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH,
        "a:\n  " + "- " * MAX_DEPTH + "b",
        "a: " + "[" * 100_000,
        "- " * 100_000,
    ],
    ids=lambda text: text[:20],
)
def test_what_the_tree_refuses_has_no_values(text: str) -> None:
    assert values(text) is None, "it was taken without a closer look"


def test_the_tree_is_made_only_where_a_line_is_asked_for(tmp_path: Path) -> None:
    source = reading(tmp_path, "a: 1\nb:\n  c: 2\n")
    assert source is not None, "a plain text was refused"
    assert "root" not in vars(source), "the tree was made without need"
    assert source.line(("b", "c")) == 3, "the line is wrong"
    assert "root" in vars(source), "the tree is made anew for every line"


def test_without_libyaml_every_file_has_the_same_values() -> None:
    program = (
        "import sys, yaml; del yaml.CSafeLoader\n"
        "from pathlib import Path\n"
        "from blueprint.reading.values import LOADER, values\n"
        "assert LOADER is yaml.SafeLoader\n"
        "for name in sys.argv[1:]: print(repr(values(Path(name).read_text(encoding='utf-8'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, FILES)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    expected = [repr(values(file.read_text(encoding="utf-8"))) for file in FILES]
    assert done.stdout.splitlines() == expected, "the pure loader reads otherwise"
