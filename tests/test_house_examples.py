"""The examples: each is a valid catalogue that the policies take, and opens what the system it stands for opens."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from blueprint import design, fitting
from blueprint.reading import read_catalogue
from manifests import everything
from policies.adapters import manifests
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.stacks import ROOT, STACKS, TODAY, settings

EXAMPLES: Final = tuple(sorted((ROOT / "examples").iterdir()))
BOUTIQUE: Final = ROOT / "examples" / "online-boutique"

UPSTREAM: Final = {
    ("frontend", "adservice", 9555),
    ("frontend", "cartservice", 7070),
    ("checkoutservice", "cartservice", 7070),
    ("frontend", "checkoutservice", 5050),
    ("frontend", "currencyservice", 7000),
    ("checkoutservice", "currencyservice", 7000),
    ("checkoutservice", "emailservice", 8080),
    ("checkoutservice", "paymentservice", 50051),
    ("frontend", "productcatalogservice", 3550),
    ("checkoutservice", "productcatalogservice", 3550),
    ("recommendationservice", "productcatalogservice", 3550),
    ("frontend", "recommendationservice", 8080),
    ("frontend", "shippingservice", 50051),
    ("checkoutservice", "shippingservice", 50051),
}
"""Caller, callee and port in upstream's NetworkPolicies (v0.10.6, kustomize/components/network-policies). Those leave
the frontend open to all; here the load generator is its one caller within the cluster."""


ASKED_OF_WHO_PUSHES: Final = {"dev": set(), "staging": {"img-digest"}, "prod": {"img-digest"}}
"""The rules that refuse an example: digests belong to whoever pushes the images."""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_fits_every_stack(example: Path) -> None:
    fitting.check({stack: settings(stack) for stack in STACKS}, read_catalogue(example, today=TODAY))


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_policies_take_an_example(example: Path, stack: str) -> None:
    catalogue = read_catalogue(example, today=TODAY)
    facts = Facts.of_stack(settings(stack), catalogue, limits=limits_of(stack), today=TODAY)
    made = list(manifests.objects(everything(design(settings(stack), catalogue))))
    refused = {finding.rule.id for finding in Judge(facts, RULES).everything(made).mandatory}
    assert refused == ASKED_OF_WHO_PUSHES[stack]


def test_the_boutique_opens_what_upstream_opens_and_nothing_else() -> None:
    catalogue = read_catalogue(BOUTIQUE, today=TODAY)
    opened = {"Ingress": set(_opened("ingress", "from")), "Egress": set(_opened("egress", "to"))}
    for direction, calls in opened.items():
        assert calls == UPSTREAM | {("loadgenerator", "frontend", 8080)}, direction
    assert {caller for caller, _, _ in UPSTREAM} <= set(catalogue.entries)


def _opened(direction: str, peers: str) -> Iterator[tuple[str, str, int]]:
    """Caller, callee and port of each rule between two services."""
    catalogue = read_catalogue(BOUTIQUE, today=TODAY)
    for made in everything(design(settings("dev"), catalogue)):
        if made["kind"] != "NetworkPolicy":
            continue
        own = made["metadata"]["namespace"]
        for rule in made["spec"].get(direction, ()):
            for peer in rule.get(peers, ()):
                far = peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name")
                if {own, far} <= set(catalogue.entries) and own != far:
                    caller, callee = (far, own) if direction == "ingress" else (own, far)
                    yield from ((caller, callee, port["port"]) for port in rule["ports"])


def test_the_boutique_is_as_long_as_it_says() -> None:
    files = sorted(BOUTIQUE.glob("*.yaml"))
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    said = re.search(r"Twelve files, (\d+) lines", (BOUTIQUE / "README.md").read_text(encoding="utf-8"))
    assert said
    assert (len(files), lines) == (12, int(said[1]))
