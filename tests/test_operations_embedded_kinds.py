"""The table of kinds: one row is enough, and it says the same as the strict schemas do. Needs no engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.embedded import KINDS, Kind
from operations.embedded.crds import permissive
from operations.embedded.readiness import Conditions
from operations.embedded.stages import document, stages
from tests.support.strictness import NOT_BESIDE

STRICT = Path(__file__).resolve().parents[2] / "shared" / "crds"


@pytest.fixture(scope="module")
def strict() -> dict[str, dict[str, Any]]:
    """Name -> strict definition."""
    if not STRICT.is_dir():
        pytest.skip("../shared/crds is absent: there is nothing to compare the table with")
    texts = [file.read_text(encoding="utf-8") for file in sorted(STRICT.glob("*.yaml"))]
    documents = [each for text in texts for each in yaml.load_all(text, yaml.CSafeLoader) if each]
    return {each["metadata"]["name"]: each for each in documents}


def test_the_table_is_sorted_and_names_each_kind_once() -> None:
    coordinates = [(kind.group, kind.version, kind.kind) for kind in KINDS]
    assert coordinates == sorted(set(coordinates)), "a row is out of order or there twice"
    assert len({kind.definition_name for kind in KINDS}) == len(KINDS), "two rows would be one definition"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.definition_name)
def test_a_row_agrees_with_the_strict_definition(kind: Kind, strict: dict[str, dict[str, Any]]) -> None:
    if kind.group in NOT_BESIDE:
        pytest.skip(f"no definition of {kind.group} is beside the project")
    definition = strict[kind.definition_name]["spec"]
    versions = {each["name"]: each for each in definition["versions"] if each["served"]}
    assert definition["scope"] == kind.scope
    assert definition["names"]["kind"] == kind.kind
    assert kind.version in versions, f"served are {sorted(versions)}"
    if kind.readiness is None:
        return
    version = versions[kind.version]
    assert "status" in version.get("subresources", {}), "the stage writes a subresource that is not there"
    if isinstance(kind.readiness, Conditions):
        conditions = version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]["conditions"]["items"]
        written = {"type", "status", "reason", "message", "lastTransitionTime", "observedGeneration"}
        assert written <= set(conditions["properties"]), "a pruned field would let the stage patch for ever"
        assert set(conditions["required"]) <= written, "the server would refuse the stage's status"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.definition_name)
def test_a_permissive_definition_carries_the_rows_coordinates(kind: Kind) -> None:
    definition = permissive(kind)
    (version,) = definition["spec"]["versions"]
    assert definition["metadata"]["name"] == f"{kind.plural}.{kind.group}", "the server refuses any other name"
    assert version["schema"]["openAPIV3Schema"]["x-kubernetes-preserve-unknown-fields"], "Kong's kinds have no spec"
    assert "status" in version["subresources"], "without the subresource every status is lost on the next apply"


def test_every_kind_with_readiness_has_one_stage_per_state() -> None:
    staged = [stage["spec"]["resourceRef"] for stage in stages()]
    for kind in KINDS:
        count = staged.count({"apiGroup": kind.api_version, "kind": kind.kind})
        states = 0 if kind.readiness is None else 1 + len(kind.readiness.before)
        assert count == states, f"{kind.definition_name} has {count} stages"


def test_a_mongodb_is_seen_initializing_before_it_is_ready() -> None:
    named = "perconaservermongodbs.psmdb.percona.com-v1"
    first, last = (stage for stage in stages() if stage["metadata"]["name"].startswith(named))
    assert "state: initializing" in json.dumps(first["spec"]["steps"])
    assert "state: ready" in json.dumps(last["spec"]["steps"])


@pytest.mark.parametrize(
    "named",
    ["clickhouseinstallations.clickhouse.altinity.com", "clickhousekeeperinstallations.clickhouse-keeper.altinity.com"],
)
def test_a_clickhouse_and_its_keepers_are_seen_in_progress_before_they_are_completed(named: str) -> None:
    first, last = (stage for stage in stages() if stage["metadata"]["name"].startswith(f"{named}-v1"))
    assert "status: InProgress" in json.dumps(first["spec"]["steps"])
    assert "status: Completed" in json.dumps(last["spec"]["steps"])


def test_stage_names_are_unique_and_the_document_is_stable() -> None:
    names = [stage["metadata"]["name"] for stage in stages()]
    assert len(names) == len(set(names)), "kwok would take the last of two stages with one name"
    assert document() == document(), "an unstable document restarts kwok on every start"
    parsed = [json.loads(text) for text in document().split("---\n") if text]
    assert parsed == list(stages())
