"""The list of kinds: where it comes from, and that no rule and no object of this program is of another."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from blueprint.operators import OPERATORS as INSTALLED
from policies.kubernetes.kinds import BUILT_IN, LISTED, OPERATORS, READ, nearest
from policies.objects import BUILT_IN as GROUPS
from tests.support.stacks import ROOT
from tests.support.strictness import NOT_BESIDE

STRICT: Final = ROOT.parent / "shared" / "crds"
MODULES: Final = Path.home() / "go" / "pkg" / "mod" / "k8s.io"
SOURCES: Final = ("api@v0.36.4", "apiextensions-apiserver@v0.36.4/pkg/apis", "kube-aggregator@v0.36.4/pkg/apis")
NO_GROUP_OF_OBJECTS: Final = frozenset({"apidiscovery.k8s.io", "imagepolicy.k8s.io"})
"""What the API server answers or asks webhooks with; nobody applies any."""
NO_OBJECTS: Final = frozenset({"RangeAllocation", "SerializedReference", "Status", "WatchEvent"})
SORT: Final = re.compile(r"\"([A-Z][A-Za-z0-9]+\.[a-z0-9-]+(?:\.[a-z0-9-]+)+)\"")


def registered() -> Iterator[tuple[str, str]]:
    """Group and kind of everything a version of the API adds to its scheme."""
    for source in SOURCES:
        for file in (MODULES / source).rglob("register.go"):
            text = file.read_text(encoding="utf-8")
            group = re.search(r'GroupName = "([^"]*)"', text)
            if not group or not re.fullmatch(r"v[0-9]+((alpha|beta)[0-9]+)?", file.parent.name):
                continue
            for kind in re.findall(r"&([A-Za-z]+)\{\}", text[text.index("AddKnownTypes") :]):
                if not kind.endswith(("List", "Options")) and kind not in NO_OBJECTS:
                    yield group[1], kind


def test_the_kinds_of_kubernetes_are_those_its_api_registers() -> None:
    if not all((MODULES / source).is_dir() for source in SOURCES):
        pytest.skip("the modules of the Kubernetes API are not in the module cache; nothing to compare with")
    found: dict[str, set[str]] = {}
    for group, kind in registered():
        if group not in NO_GROUP_OF_OBJECTS:
            found.setdefault(group, set()).add(kind)
    assert {group: set(kinds.split()) for group, kinds in BUILT_IN.items()} == found


def test_the_kinds_of_operators_are_those_their_definitions_name() -> None:
    if not STRICT.is_dir():
        pytest.skip("../shared/crds is absent; nothing to compare with")
    found: dict[str, set[str]] = {}
    for file in sorted(STRICT.glob("*.yaml")):
        for written in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
            if written and written.get("kind") == "CustomResourceDefinition":
                found.setdefault(written["spec"]["group"], set()).add(written["spec"]["names"]["kind"])
    assert NOT_BESIDE.isdisjoint(found), "it lies beside the project now: compare it, too"
    named = {group: set(kinds.split()) for group, kinds in OPERATORS.items() if group not in NOT_BESIDE}
    assert named == found


def test_every_group_of_the_api_server_has_kinds() -> None:
    assert set(BUILT_IN) - {"admission.k8s.io"} == GROUPS


def test_the_tables_are_sorted_and_say_nothing_twice() -> None:
    tables = (BUILT_IN, OPERATORS, READ)
    for table in tables:
        assert list(table) == sorted(table)
        for group, kinds in table.items():
            assert kinds.split() == sorted(set(kinds.split())), group
    assert sum(len(kinds.split()) for table in tables for kinds in table.values()) == len(LISTED)


def test_what_installed_operators_own_and_what_rules_and_the_program_name_is_listed() -> None:
    owned = {sort for operator in INSTALLED.values() for sort in operator.owns}
    spelled: dict[str, str] = {}
    for room in ("policies", "manifests", "blueprint", "components", "operations"):
        for file in sorted((ROOT / room).rglob("*.py")):
            spelled |= dict.fromkeys(SORT.findall(file.read_text(encoding="utf-8")), file.name)
    assert len(spelled) > 100, "the program spells its kinds otherwise than this test reads them"
    assert owned <= LISTED
    assert {sort: file for sort, file in spelled.items() if sort not in LISTED} == {}


def test_whoever_misspells_a_kind_is_told_the_nearest_of_its_group() -> None:
    assert nearest("NetworkPolcy", "networking.k8s.io") == "NetworkPolicy.networking.k8s.io"
    assert nearest("configmap", "") == "ConfigMap"
    assert nearest("Gateways", "networking.istio.io") == "Gateway.networking.istio.io"
    assert nearest("Whatever", "acme.example.com") is None
    assert nearest("", "") is None


def test_ten_thousand_unknown_kinds_are_answered_in_seconds() -> None:
    began = time.process_time()
    for index in range(10_000):
        nearest(f"NetworkPolic{index:x}", "networking.k8s.io")
    assert time.process_time() - began < 10
