"""Versions of other people's software: exact, public, and raised by a bot."""

import ast
import re
from pathlib import Path

from blueprint import pins
from tests.support.installations import EVERY_STACK


def test_every_pin_is_exact() -> None:
    held = [value for value in vars(pins).values() if isinstance(value, pins.Chart | pins.CrdBundle | pins.Image)]
    for pin in held:
        version = pin.tag if isinstance(pin, pins.Image) else pin.version
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", version), f"{pin}: a range installs two things from one commit"
    assert len(held) == 12, "a new pin: count it here, so that none is added unseen"


def test_every_pinned_version_stands_below_its_renovate_line() -> None:
    source = Path(pins.__file__).read_text()
    lines = source.splitlines()
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    versions = [word for call in calls for word in call.keywords if word.arg in {"tag", "version"}]
    literal = [word for word in versions if isinstance(word.value, ast.Constant)]
    assert len(literal) == 12, "the scan must see every pin, or it proves nothing"
    for word in literal:
        above = lines[word.lineno - 2].strip()
        assert re.fullmatch(r"# renovate: datasource=\S+ depName=\S+( registryUrl=https://\S+/?)?", above), (
            f"pins.py:{word.lineno}: no bot will ever raise this version; the line above is {above!r}"
        )


def test_charts_and_bundles_come_from_public_https_addresses() -> None:
    for chart in (operator.chart for operator in EVERY_STACK["prod-mesh-None"].charts):
        assert chart.repository.startswith(("https://", "oci://")), f"{chart}: not a public chart repository"
    for bundle in EVERY_STACK["prod-mesh-None"].crds:
        assert bundle.url.startswith("https://"), f"{bundle}: not fetched over https"
        assert bundle.version in bundle.url, f"{bundle}: the address does not follow the version"
        assert "{" not in bundle.url, f"{bundle}: part of the address was not filled in"


def test_the_three_istio_charts_are_one_release() -> None:
    assert pins.ISTIO_BASE.version == pins.ISTIO_CNI.version == pins.ISTIOD.version, "tested together only when equal"
