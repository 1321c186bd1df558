"""Two properties of reading: whatever one changes in a real file, it is read or every mistake is reported within it.

The shop's own files are the ones changed, because they use nearly every field. Which words are printed is the
subject of test_reading.
"""

import copy
import functools
import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from blueprint.reading import Problem, TextError, read_catalogue
from blueprint.reading.source import read_source

TODAY = date(2026, 11, 20)
SHOP = Path(__file__).parent.parent / "services"
FILES = tuple(sorted(file.stem for file in SHOP.glob("*.yaml")))
WRITTEN: dict[str, Any] = {name: read_source(SHOP / f"{name}.yaml", name).data for name in FILES}
STRANGE: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 10**17, "", "x", "no", "010", "\u043e", "x\ny", "${", [], [None], {}, {"x": 1}, [[]]),
)


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of everything below `value`."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from _places(inner, (*path, key))


def _at(value: Any, path: Sequence[str | int]) -> Any:
    return functools.reduce(lambda inner, part: inner[part], path, value)


PLACES = tuple((name, *place) for name in FILES for place in _places(WRITTEN[name]))
KEYS = tuple(place for place in PLACES if isinstance(place[-1], str))
ITEMS = tuple(place for place in PLACES if isinstance(place[-1], int))

FOREIGN = ("None", "True", "False", "function-", "constrained-", "literal[", "[key]", "pydantic", "dict", "tuple")
"""Words of Python's and pydantic's that no owner wrote."""


def _read(shop: Path, name: str, content: bytes) -> None:
    (shop / "services" / f"{name}.yaml").write_bytes(content)
    read_catalogue(shop / "services", today=TODAY)


def _judged(name: str, content: bytes, shop: Path) -> None:
    """Assert that the shop with `content` for its file `name` is read, or reported within the lines of its files."""
    reported: Sequence[Problem] = ()
    try:
        _read(shop, name, content)
    except TextError as error:
        reported = error.problems or pytest.fail("refused without a word")
    for problem in reported:
        lines = max(1, len((shop / problem.file).read_bytes().split(b"\n")))
        assert 1 <= problem.line <= lines, f"line {problem.line} of {lines}: {problem}"
        assert problem.cause, f"no cause: {problem}"
        assert problem.cure, f"no cure: {problem}"
        assert not [word for word in FOREIGN if word in str(problem)], f"Python's words in {problem}"
    (shop / "services" / f"{name}.yaml").write_bytes((SHOP / f"{name}.yaml").read_bytes())


def _dumped(data: Any) -> bytes:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, encoding="utf-8")


_EXAMPLES = 20
"""Per property, the same in every run: 45 ms each. Raise it for an afternoon to look for more."""
_PROPERTY = hypothesis.settings(max_examples=_EXAMPLES, deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shop to change one file of."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copytree(SHOP, folder / "services")
    return folder


@pytest.mark.parametrize("name", FILES)
def test_a_file_written_anew_from_its_data_is_read(shop: Path, name: str) -> None:
    _read(shop, name, _dumped(WRITTEN[name]))
    (shop / "services" / f"{name}.yaml").write_bytes((SHOP / f"{name}.yaml").read_bytes())


@_PROPERTY
@given(place=st.sampled_from(PLACES), strange=st.sampled_from(STRANGE))
def test_any_value_replaced_by_a_strange_one_is_read_or_reported(
    shop: Path, place: tuple[str, ...], strange: object
) -> None:
    data = copy.deepcopy(WRITTEN)
    _at(data, place[:-1])[place[-1]] = strange
    _judged(place[0], _dumped(data[place[0]]), shop)


@_PROPERTY
@given(place=st.sampled_from(PLACES))
def test_any_key_or_item_deleted_is_read_or_reported(shop: Path, place: tuple[str, ...]) -> None:
    data = copy.deepcopy(WRITTEN)
    del _at(data, place[:-1])[place[-1]]
    _judged(place[0], _dumped(data[place[0]]), shop)


@_PROPERTY
@given(place=st.sampled_from(ITEMS))
def test_any_item_listed_twice_is_read_or_reported(shop: Path, place: tuple[str, ...]) -> None:
    data = copy.deepcopy(WRITTEN)
    _at(data, place[:-1]).append(copy.deepcopy(_at(data, place)))
    _judged(place[0], _dumped(data[place[0]]), shop)


@_PROPERTY
@given(place=st.sampled_from(KEYS), position=st.integers(0, 100), put=st.sampled_from(["", "x", "_", " ", "\u0435"]))
def test_any_key_misspelt_is_read_or_reported(shop: Path, place: tuple[str, ...], position: int, put: str) -> None:
    data = copy.deepcopy(WRITTEN)
    around, key = _at(data, place[:-1]), place[-1]
    at = position % len(key)
    around[f"{key[:at]}{put}{key[at + 1 :]}"] = around.pop(key)
    _judged(place[0], _dumped(data[place[0]]), shop)


@_PROPERTY
@given(name=st.sampled_from(FILES), at=st.integers(0, 8000), cut=st.integers(0, 40), put=st.binary(max_size=12))
def test_any_bytes_anywhere_are_read_or_reported(shop: Path, name: str, at: int, cut: int, put: bytes) -> None:
    content = (SHOP / f"{name}.yaml").read_bytes()
    at %= len(content)
    _judged(name, content[:at] + put + content[at + cut :], shop)


@_PROPERTY
@given(content=st.one_of(st.binary(max_size=200), st.text("ab:-[]{}#&*!|>'\"%@`, \n\t\r?~0\u2028\u0085", max_size=60)))
def test_any_file_at_all_is_read_or_reported(shop: Path, content: str | bytes) -> None:
    _judged("cart-service", content.encode() if isinstance(content, str) else content, shop)
