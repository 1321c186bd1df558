"""Calls in a circle: refused where every caller waits, taken where one can do without the answer."""

from pathlib import Path
from typing import Final

import pytest

from blueprint import design
from blueprint.reading import TextError
from manifests import everything
from tests.support.stacks import catalogue, settings

API: Final = """\
  service: {{ports: {{http: {{port: 8080}}, more: {{port: 8081}}}}}}
  provides:
    - {{api: v1, type: openapi, version: "1.0.0", definition: any.txt, port: http}}
    - {{api: v2, type: openapi, version: "1.0.0", definition: any.txt, port: more}}
  consumes: [{consumes}]
"""


def test_a_circle_with_one_soft_edge_is_taken_and_every_edge_of_it_is_made(tmp_path: Path) -> None:
    (tmp_path / "any.txt").write_text("any\n")
    soft = API.format(consumes="{api: left/v1, criticality: soft}")
    circle = catalogue(tmp_path, left=API.format(consumes="{api: right/v1}"), right=soft)
    rules = {
        f"{each['metadata']['namespace']}/{each['metadata']['name']}"
        for each in everything(design(settings(), circle))
        if each["kind"] == "NetworkPolicy"
    }
    assert rules >= {"left/to.right.v1", "left/from.right.v1", "right/to.left.v1", "right/from.left.v1"}


def test_a_soft_edge_beside_a_hard_one_to_the_same_service_breaks_no_circle(tmp_path: Path) -> None:
    (tmp_path / "any.txt").write_text("any\n")
    both = API.format(consumes="{api: left/v1, criticality: soft}, {api: left/v2}")
    with pytest.raises(TextError) as refused:
        catalogue(tmp_path, left=API.format(consumes="{api: right/v1}"), right=both)
    assert "calls in a circle: left → right → left" in str(refused.value)
