"""Who can reach whom is what was declared, says a tool that did not write it, in both directions.

The analyser (network-config-analyzer) sees the rendered objects; the expectation is computed from the catalogue's
text by `tests.support.reachability`, which knows nothing of the derivation. Each layer is also asked alone, because
two ends of one edge that agree hide a fault in either. What this cannot show:
docs/decisions/0013-isolation-is-proven-by-an-independent-tool.md.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from blueprint import design
from blueprint.reading import read_catalogue, read_settings
from blueprint.settings import Mesh
from manifests import everything
from tests.support.analyser import LAYERS, TOGETHER, Manifest, key
from tests.support.planted_faults import FAULTS, Fault
from tests.support.random_catalogues import written
from tests.support.reachability import compared, expected, pods, proven
from tests.support.stack_text import (
    API_SERVER,
    CACHE,
    INTERNET,
    METADATA,
    NODES,
    PRIVATE,
    Specs,
    Stack,
    specs_of,
    stack_of,
)
from tests.support.stacks import ROOT, SERVICES, STACKS, TODAY
from tests.support.standing import DNS, DNS_CACHE, OPERATORS, PROMETHEUS

RANDOM_CATALOGUES = 60
SAMPLED_POLICIES = 32
PARTS = 4
"""In which the sample is taken, so that two processes share it."""
POLICIES = ("AuthorizationPolicy", "NetworkPolicy")


REACHED_BY_STORES: Final = {DNS.end, DNS_CACHE.end, CACHE, API_SERVER, INTERNET}
"""Names, the object that its pods follow, and a bucket for copies."""
VISITORS: Final = {PROMETHEUS.end, NODES, *(one.end for one in OPERATORS.values())}
"""Metrics, probes, and whoever runs it."""


@cache
def rendered(name: str, *, meshed: bool = True) -> tuple[Manifest, ...]:
    """The shop's objects in the stack `name`."""
    settings = read_settings(ROOT / f"Pulumi.{name}.yaml")
    settings = settings if meshed else settings.model_copy(update={"mesh": Mesh(mode="none")})
    return tuple(everything(design(settings, read_catalogue(SERVICES, today=TODAY), name)))


@cache
def reported(name: str, *, meshed: bool = True) -> tuple[Specs, Stack]:
    """What the shop's text says, and what the stack's settings say."""
    stack = stack_of(ROOT / f"Pulumi.{name}.yaml", meshed=meshed)
    return specs_of(SERVICES, stack.environment), stack


@pytest.mark.parametrize("meshed", [True, False], ids=["with a mesh", "without a mesh"])
@pytest.mark.parametrize("name", STACKS)
def test_the_shop_allows_what_it_declares_and_nothing_else(name: str, meshed: bool) -> None:
    assert proven(rendered(name, meshed=meshed), *reported(name, meshed=meshed)) > 1000, "hardly anything was compared"


@pytest.mark.parametrize("seed", range(RANDOM_CATALOGUES))
def test_a_random_catalogue_allows_what_it_declares_and_nothing_else(seed: int, tmp_path: Path) -> None:
    made = written(seed, tmp_path)
    settings = read_settings(made.settings)
    objects = everything(design(settings, read_catalogue(made.services, today=TODAY)))
    stack = stack_of(made.settings, meshed=made.meshed)
    questions = (TOGETHER, *LAYERS) if seed % 2 else (TOGETHER,)
    proven(objects, specs_of(made.services, stack.environment), stack, questions)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.sentence)
def test_a_planted_fault_is_caught_and_told(fault: Fault) -> None:
    objects = deepcopy(list(rendered("dev")))
    fault.planted(objects)
    differences, _ = compared(objects, *reported("dev"), (fault.by,))
    assert fault.reported in differences[fault.by.name], (
        f"{fault.sentence} went unnoticed, or was reported otherwise: {differences[fault.by.name]}"
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_each_of_the_shops_policies_is_missed_when_it_is_gone(part: int) -> None:
    """A seeded sample; by the whole, or by its own layer where the other end of the edge still denies. Two APIs on one
    port have a rule each between the same ends: without one of the two the other still allows it."""
    policies = {key(made): made["spec"] for made in rendered("dev") if made["kind"] in POLICIES}
    sample = sorted(Random(20).sample(list(policies), SAMPLED_POLICIES))  # noqa: S311  (repeatable, not secret)
    twins = {
        one
        for one, spec in policies.items()
        if any(one[:2] == other[:2] and spec == like for other, like in policies.items() if other != one)
    }
    unnoticed = set(_unnoticed(rendered("dev"), sample[part::PARTS])) - twins
    assert not unnoticed, f"nothing changes without these, so they are not needed or not proven: {sorted(unnoticed)}"


def _unnoticed(objects: tuple[Manifest, ...], policies: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Those of `policies` without which no answer changes."""
    left = policies
    for question in (TOGETHER, *LAYERS):
        named = {f"without {index}": policy for index, policy in enumerate(left)}
        questions = [replace(question, name=name, without=policy) for name, policy in named.items()]
        differences, _ = compared(objects, *reported("dev"), questions)
        left = [policy for name, policy in named.items() if not differences[name]]
        if not left:
            break
    return left


def test_the_expectation_follows_the_text_and_not_the_objects() -> None:
    specs, stack = reported("dev")
    changed: dict[str, Any] = deepcopy(dict(specs))
    gone = changed["order-service"]["consumes"].pop()
    changed["cart-service"]["consumes"].append({"api": "user-service/users-v1", "operations": ["GET /v1/users/{id}"]})
    differences, _ = compared(rendered("dev"), changed, stack, (TOGETHER,))
    assert gone["api"] == "payment-service/payments-v1", "the shop has changed; choose another edge to forget"
    assert differences[TOGETHER.name] == [
        "Extra: order-service/order-service → payment-service/payment-service tcp/50051"
        " POST /payments.v1.Payments/Charge",
        "Missing: cart-service/cart-service → user-service/user-service tcp/8001 GET /v1/users/{*}",
    ], "an edge was taken from the text and one was added; nothing else changed"


@pytest.mark.parametrize("name", STACKS)
def test_what_is_expected_of_the_shop_is_itself_modest(name: str) -> None:
    """The equality above is worth as much as the table it is with."""
    specs, stack = reported(name)
    table = expected(specs, stack, TOGETHER)
    services = {pods(service) for service in specs}
    stores = {target for _, target in table if target.split("/")[0].endswith("-data")}
    inside = {METADATA.name, PRIVATE, NODES}
    wrong = [
        (source, target)
        for source, target in table
        if (source in services | stores and target in inside)
        or (source in stores and target not in {source, *REACHED_BY_STORES})
        or (target in stores and source not in {target, *VISITORS} and not _its_own(source, target))
        or (source in services and target.startswith("kube-system/") and target != "kube-system/kube-dns")
        or (target in services and source in {METADATA.name, PRIVATE, INTERNET})
        or "a-stray" in source
        or "a-stray" in target
    ]
    assert not wrong, f"the expectation itself opens what must be closed: {wrong}"
    called = {(source, target) for source, target in table if {source, target} <= services}
    assert called == _calls(specs), "a service may speak to the services it consumes and to no other"


def _its_own(source: str, store: str) -> bool:
    """Whether `source` is the service whose store that is, or the run that copies it."""
    service = store.split("/", maxsplit=1)[0].removesuffix("-data")
    return source.split("/", maxsplit=1)[0] == service or source == f"{store}-copy"


def _calls(specs: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {
        (pods(name), pods(consume["api"].split("/")[0]))
        for name, spec in specs.items()
        for consume in spec.get("consumes", ())
    }
