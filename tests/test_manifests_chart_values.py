"""Chart values: every key looked up, plain data, no secret, a function for every kind of installation."""

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blueprint.operators import Operator, kong
from manifests.operators import SPELLINGS, values
from tests.support.installations import EVERY_STACK

RECORDED = Path(__file__).parent / "golden" / "chart-keys"


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Dotted path and value of everything that is not a filled mapping."""
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from leaves(value[key], (*path, key))
    else:
        yield ".".join(path), value


def recorded(installation: str) -> set[str]:
    lines = (RECORDED / f"{installation}.txt").read_text().splitlines()
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def covers(record: set[str], path: str) -> str | None:
    """The recorded path that allows `path`: itself, or a recorded map with free keys above it."""
    parts = path.split(".")
    above = (".".join([*parts[:depth], "*"]) for depth in range(1, len(parts)))
    return next((known for known in (path, *above) if known in record), None)


def test_every_value_key_is_recorded_as_found_in_its_chart() -> None:
    unknown = {
        f"{operator.name}: {path}"
        for stack in EVERY_STACK.values()
        for operator in stack.charts
        for path, _ in leaves(values(operator))
        if covers(recorded(operator.name), path) is None
    }
    assert not unknown, (
        f"the chart is not known to read these keys, and Helm ignores an unknown key silently: {sorted(unknown)}. Open"
        " the chart's repository at the tag in blueprint/operators, find the path in values.yaml, its schema or a"
        " template, render the chart with it, and add the path with that file's name to tests/golden/chart-keys/."
    )


def test_no_recorded_key_outlives_its_use() -> None:
    used: dict[str, set[str | None]] = {}
    for stack in EVERY_STACK.values():
        for operator in stack.charts:
            record = recorded(operator.name)
            used.setdefault(operator.name, set()).update(covers(record, path) for path, _ in leaves(values(operator)))
    stale = {name: sorted(recorded(name) - found) for name, found in used.items() if recorded(name) - found}
    assert not stale, f"recorded, but set by no stack any more; delete the lines: {stale}"
    assert {file.stem for file in RECORDED.glob("*.txt")} == set(used), "one record per installation, no other file"


def test_every_record_names_the_tag_that_is_pinned() -> None:
    for operator in EVERY_STACK["prod-mesh-None"].charts:
        head = (RECORDED / f"{operator.name}.txt").read_text().split("\n# Second column")[0]
        assert operator.chart.version in head, (
            f"{operator.name} is pinned at {operator.chart.version}, but its keys were looked up elsewhere: look every"
            f" path up again at the new version, then change the head of its record: {head}"
        )


def test_the_table_of_values_is_total() -> None:
    kinds = {kind for kind in Operator.__subclasses__() if dataclasses.is_dataclass(kind)}
    assert set(SPELLINGS) == kinds, "an installation without values would run on defaults that were not reviewed"
    used = {type(operator) for operator in EVERY_STACK["prod-mesh-None"].charts}
    assert used == kinds, "a kind that production does not install is never tested"


def test_a_kind_without_values_is_refused_by_name() -> None:
    stranger = Operator(name="stranger", namespace="elsewhere", chart=kong.CHART)
    with pytest.raises(TypeError, match=r"'stranger' has no chart values.*beside: ArgoRollouts, CertManager"):
        values(stranger)


def test_values_are_json_and_the_same_on_every_call() -> None:
    for stack in EVERY_STACK.values():
        for operator in stack.charts:
            first, second = values(operator), values(operator)
            assert json.loads(json.dumps(first)) == first == second, f"{operator.name}: not JSON, or not stable"
            assert all(value is not None for _, value in leaves(first)), (
                f"{operator.name}: Helm and the engine disagree about what a null value means"
            )


def test_a_caller_that_changes_values_changes_nothing_for_the_next() -> None:
    def spoil(value: Any) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                spoil(inner)
            value["spoilt"] = True

    for operator in EVERY_STACK["prod-mesh-None"].charts:
        spoil(values(operator))
        assert "spoilt" not in json.dumps(values(operator)), f"{operator.name}: values share a module-level mapping"


def test_no_value_carries_a_secret() -> None:
    telling = re.compile(r"password|secret|token|private|key$", re.IGNORECASE)
    names_only = re.compile(r"[a-z0-9-]+|/etc/secrets/[a-z./-]+")
    for stack in EVERY_STACK.values():
        for operator in stack.charts:
            text = json.dumps(values(operator))
            assert "BEGIN " not in text, f"{operator.name}: a PEM block in values ends up in the state"
            for path, value in leaves(values(operator)):
                if isinstance(value, str) and telling.search(path.rsplit(".", 1)[-1]):
                    assert names_only.fullmatch(value), f"{operator.name}: {path} is {value!r}, not a Secret's name"
