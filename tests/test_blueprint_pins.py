"""Versions of other people's software: exact, public, and raised by a bot."""

import ast
import re
from importlib import import_module

from blueprint import kong_redis, pins
from blueprint.operators import OPERATORS, istio_base, istio_cni, istiod
from tests.support.installations import EVERY_STACK
from tests.support.stacks import ROOT

MODULES = [pins, kong_redis, *(import_module(f"blueprint.operators.{name.replace('-', '_')}") for name in OPERATORS)]


def test_every_pin_is_exact() -> None:
    kinds = pins.Chart | pins.CrdBundle | pins.Image
    held = {value for module in MODULES for value in vars(module).values() if isinstance(value, kinds)}
    for pin in held:
        version = pin.tag if isinstance(pin, pins.Image) else pin.version
        plain, _, digest = version.partition("@")
        assert re.fullmatch(r"v?\d+\.\d+\.\d+(-alpine)?", plain), f"{pin}: a range installs two things from one commit"
        assert re.fullmatch(r"(sha256:[0-9a-f]{64})?", digest), f"{pin}: no digest of an image"
    assert len(held) == 27, "a new pin: count it here, so that none is added unseen"


def test_every_pinned_version_stands_below_its_renovate_line() -> None:
    seen = 0
    for file in sorted((ROOT / "blueprint").rglob("*.py")):
        source = file.read_text()
        lines = source.splitlines()
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        pinning = [call for call in calls if ast.unparse(call.func) in {"Chart", "CrdBundle", "Image"}]
        versions = [word for call in pinning for word in call.keywords if word.arg in {"tag", "version"}]
        for word in versions:
            assert isinstance(word.value, ast.Constant), f"{file.name}:{word.lineno}: no bot reads an expression"
            above = lines[word.lineno - 2].strip()
            assert re.fullmatch(r"# renovate: datasource=\S+ depName=\S+( registryUrl=https://\S+/?)?", above), (
                f"{file.name}:{word.lineno}: no bot will ever raise this version; the line above is {above!r}"
            )
        seen += len(versions)
    assert seen == 44, "the scan must see every pin, or it proves nothing"


def test_charts_and_bundles_come_from_public_https_addresses() -> None:
    for chart in (operator.chart for operator in EVERY_STACK["prod-mesh-None"].charts):
        assert chart.repository.startswith(("https://", "oci://")), f"{chart}: not a public chart repository"
    for bundle in EVERY_STACK["prod-mesh-None"].crds:
        assert bundle.url.startswith("https://"), f"{bundle}: not fetched over https"
        assert bundle.version in bundle.url, f"{bundle}: the address does not follow the version"
        assert "{" not in bundle.url, f"{bundle}: part of the address was not filled in"


def test_the_three_istio_charts_are_one_release() -> None:
    assert istio_base.CHART.version == istio_cni.CHART.version == istiod.CHART.version, (
        "tested together only when equal"
    )
