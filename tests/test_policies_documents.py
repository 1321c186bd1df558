"""YAML as Kubernetes reads it: the judge's reading of a text is the one that is applied, or none.

`golden/kubernetes-yaml.txt` was written by kubectl's own reader. Where this one refuses what that one takes, the test
says so by name: each of those hides something.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint.reading import Problem
from operations.wire_yaml import text as rendered
from policies.documents import Budget, Document, documents

GOLDEN: Final = Path(__file__).parent / "golden" / "kubernetes-yaml.txt"
ROWS: Final = dict(
    line.rsplit(" → ", 1) for line in GOLDEN.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
)
"""Text as JSON → what kubectl's reader makes of it as JSON, or `refused`."""

HIDES: Final = {
    "a: 1\na: 2": "a second time",
    'a: 1\n"a": 2': "a second time",
    '1: a\n"1": b': "a second time",
    "a: &x {p: 1}\nb: {p: 3, <<: *x}": "merges it again",
    "1.5: x": "a fraction for a key",
    **{
        f"a: {tag} {value}": "tag"
        for tag, value in (
            ("!!binary", "aGVsbG8="),
            ("!!merge", "x"),
            ("!!python/object:os.system", "{b: 1}"),
            ("!!set", "{b}"),
            ("!!str", "{b: 1}"),
            ("!foo", "10"),
            ("!foo", "{b: 1}"),
        )
    },
}
"""What kubectl takes and this reader refuses, with a word of why: one of two readings would go unjudged."""
MORE: Final = {"--- {a: 1}\n---\n{b: 2}"}
"""What kubectl reads only the first document of. All are judged here."""


def read(text: str, weight: int = 100_000) -> list[Document | Problem]:
    return list(documents(text, "x.yaml", Budget(weight)))


def values(text: str) -> list[Any]:
    """The values of a text without problems."""
    found = read(text)
    assert all(isinstance(each, Document) for each in found), f"refused: {found}"
    return [each.value for each in found if isinstance(each, Document)]


def problem(text: str, weight: int = 100_000) -> str:
    """The one problem of a text."""
    (found,) = [str(each) for each in read(text, weight) if isinstance(each, Problem)]
    return found


@pytest.mark.parametrize("row", sorted(ROWS), ids=str)
def test_a_text_means_what_it_means_to_kubernetes(row: str) -> None:
    text, theirs = json.loads(row), ROWS[row]
    if theirs == "refused":
        assert isinstance(read(text)[0], Problem), "kubectl would not apply it, and this judge reads something into it"
    elif text in HIDES:
        assert HIDES[text] in problem(text)
    else:
        found = values(text)
        assert len(found) == 1 or text in MORE
        assert json.dumps(found[0], sort_keys=True) == json.dumps(json.loads(theirs), sort_keys=True)


def test_what_hides_something_is_still_in_the_golden_file() -> None:
    assert {json.dumps(text) for text in {*HIDES, *MORE}} <= set(ROWS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "x.yaml:1: is not YAML: "),
        ("a: 1\n---\n\n\nb: 2\nb: 3", "x.yaml:6: says 'b' a second time; one of the two would be lost. Keep one."),
        ("a: &x [*x]", "x.yaml:1: uses *x within &x: it would hold itself. Write the value out."),
        ("a: *x", "x.yaml:1: uses *x, and no &x is above it. Write the value out."),
        ("a: .inf", "x.yaml:1: holds .inf, which JSON has no word for. Write a number."),
        ("a: !!int x", "x.yaml:1: calls something !!int that is none. Delete the tag."),
        ("a: !!js/function x", "x.yaml:1: uses the tag !!js/function, which Kubernetes does not know. Delete it."),
        ("? {a: 1}\n: 2", "x.yaml:1: has a map or list for a key. "),
        ("~: 2", "x.yaml:1: has nothing for a key. "),
        ("a: {<<: x}", "x.yaml:1: merges something else than a map with <<. Name a map, or a list of maps."),
        ("a: {<<: {b: 1}, <<: {c: 1}}", "x.yaml:1: says << a second time. Merge a list: <<: [*one, *other]."),
        ('{"a": 1, "a": 2}', "x.yaml:1: says 'a' a second time; one of the two would be lost. Keep one."),
        ('{"a": NaN, "a": 2}', "x.yaml:1: says 'a' a second time; one of the two would be lost. Keep one."),
        ('\n{"a": "\\ud83d"}', "x.yaml:2: is not YAML: "),
        ("%YAML 1.2\n---\na: 1", "x.yaml:1: is not YAML: "),
    ],
)
def test_what_cannot_be_read_is_reported_with_its_line_and_a_cure(text: str, said: str) -> None:
    assert problem(text).startswith(said)
    assert re.fullmatch(r"\S+:\d+: .+\. .+\.", problem(text))


def test_a_document_that_cannot_be_read_takes_no_other_with_it() -> None:
    first, broken, last = read("a: 1\n--- # note\nb: [\n---\nc: 3\n")
    assert (first, last) == (Document(line=1, value={"a": 1}), Document(line=5, value={"c": 3}))
    assert isinstance(broken, Problem)
    assert broken.line in (3, 4)


def test_empty_documents_are_passed_over_and_lines_still_counted() -> None:
    found = read("# nothing\n---\n\n---\n---\n# more\n---\n~\n...\n---\na: 1\n--- \r\n{b: 2}\n")
    assert found == [Document(line=11, value={"a": 1}), Document(line=13, value={"b": 2})]


def test_json_is_read_as_json_one_value_after_the_other() -> None:
    assert values('{"a": "\\ud83d\\ude00"}\n{"b": 1.0}') == [{"a": "\U0001f600"}, {"b": 1}]
    assert [each.line for each in read('\n{"a": 1}\n\n[2]') if isinstance(each, Document)] == [2, 4]
    assert values("{a: 'x', b: [yes]}") == [{"a": "x", "b": [True]}], "flow YAML is no JSON, and is read all the same"


def test_an_alias_is_the_value_and_no_copy_and_counts_as_much_as_one() -> None:
    (value,) = values("a: &a [1, 2, 3]\nb: [*a, *a]")
    assert value["b"][0] is value["b"][1] is value["a"]
    # Three keys or items for [1, 2, 3], one list, two keys, one list around two aliases of four, one map: 16.
    text = "a: &a [1, 2, 3]\nb: [*a, *a]"
    assert not isinstance(read(text, 16)[0], Problem)
    assert "goes beyond the 15 keys and values of a file" in problem(text, 15)


def test_long_text_counts_for_more_than_one() -> None:
    text = f"a: &a {'x' * 6400}\nb: [{', '.join(['*a'] * 10)}]"
    assert isinstance(read(text, 1000)[0], Problem), "text could be repeated without end"
    assert not isinstance(read(text, 1200)[0], Problem)


def test_aliases_nest_as_deep_as_they_are_read() -> None:
    levels = "\n".join(f"a{level}: &a{level} [*a{level - 1}]" for level in range(1, 100))
    assert "nests deeper than 64 levels" in problem(f"a0: &a0 [x]\n{levels}")


LEAF: Final = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(-1e15, 1e15) | st.text()
PROPERTY: Final = hypothesis.settings(max_examples=60, deadline=None, derandomize=True, database=None)


def tree(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(leaf, lambda part: st.lists(part) | st.dictionaries(st.text(), part), max_leaves=20)


@PROPERTY
@given(tree(LEAF))
def test_json_is_read_back_whatever_it_holds(value: Any) -> None:
    found = read(json.dumps([value]))
    assert [each.value for each in found if isinstance(each, Document)] == [[value]]


@PROPERTY
@given(st.text(alphabet="ab:- \n\t[]{}&*!|>'\"#,?%<~.0123456789eE_\x85\u2028", max_size=60))
def test_any_text_is_read_or_refused_and_lines_are_within_it(text: str) -> None:
    for each in read(text):
        assert 1 <= each.line <= text.count("\n") + 1 + sum(text.count(sign) for sign in "\r\x85\u2028")


WORDS: Final = st.text(alphabet="yYnNoOfFesxX01234567._:+-~<=*&eE", max_size=6)


@PROPERTY
@given(tree(st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | WORDS))
def test_what_plat_render_writes_means_the_same_to_kubernetes(value: Any) -> None:
    assert values(rendered({"a": value})) == [{"a": value}]
