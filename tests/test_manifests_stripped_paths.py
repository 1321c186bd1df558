"""A prefix that the gateway takes off: public below it, and its own paths for the service and the mesh."""

from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import design
from blueprint.reading import Catalogue
from blueprint.settings import Mesh, Settings
from manifests import everything
from operations.judging import stack_objects
from policies.adapters.bounded import bounded
from policies.core.facts import Facts
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from tests.support.stacks import TODAY, catalogue, settings

API: Final = """\
  service: {ports: {http: {port: 8080}}}
  provides:
    - api: items
      type: openapi
      version: "1.0.0"
      definition: contracts/any.txt
      port: http
"""
LISTED: Final = """\
      operations:
        - {method: GET, path: "/items/{id}", idempotent: true}
        - {method: POST, path: /orders, idempotent: false}
"""
ROUTE: Final = "      route: {paths: [/shop, /store], stripPath: true, auth: {type: none, reason: a public list}}\n"
INSIDE: Final = """\
    - api: inside
      type: openapi
      version: "1.0.0"
      definition: contracts/any.txt
      port: http
      operations: [{method: GET, path: /items/all, idempotent: true}]
"""


def read(folder: Path, text: str) -> Catalogue:
    (folder / "contracts").mkdir(parents=True)
    (folder / "contracts" / "any.txt").touch()
    return catalogue(folder, shop=text)


def made(folder: Path, text: str, kind: str) -> list[Any]:
    """The objects of `kind` in the namespace of the service."""
    objects = everything(design(settings("staging"), read(folder, text), "staging"))
    return [each for each in objects if each["kind"] == kind and each["metadata"].get("namespace") == "shop"]


def admitted(folder: Path, text: str) -> list[Any]:
    """What the mesh lets the gateway ask."""
    (policy,) = made(folder, text, "AuthorizationPolicy")
    return [each["operation"] for rule in policy["spec"]["rules"] for each in rule["to"]]


@pytest.mark.parametrize(("route", "stripped"), [(ROUTE, "true"), (ROUTE.replace("stripPath: true, ", ""), "false")])
def test_the_gateway_takes_the_prefix_off_where_the_catalogue_says_so(
    route: str, stripped: str, tmp_path: Path
) -> None:
    (made_route,) = made(tmp_path, API + route, "HTTPRoute")
    assert made_route["metadata"]["annotations"]["konghq.com/strip-path"] == stripped
    matches = [match["path"]["value"] for rule in made_route["spec"]["rules"] for match in rule["matches"]]
    assert matches == ["/shop", "/store"]


def test_the_mesh_admits_what_the_service_offers_by_its_own_paths(tmp_path: Path) -> None:
    """Its proxy sees the request when the gateway has changed it."""
    assert admitted(tmp_path, API + LISTED + ROUTE) == [
        {"methods": ["GET"], "paths": ["/items/{*}"], "ports": ["8080"]},
        {"methods": ["POST"], "paths": ["/orders"], "ports": ["8080"]},
    ]


def test_operations_of_another_api_on_the_port_stay_inside(tmp_path: Path) -> None:
    get, _ = admitted(tmp_path, API + LISTED + ROUTE + INSIDE)
    assert get["notPaths"] == ["/items/all"]


def test_without_operations_all_of_the_port_is_public(tmp_path: Path) -> None:
    assert admitted(tmp_path, API + ROUTE) == [{"paths": ["/{**}"], "ports": ["8080"]}]


@pytest.mark.parametrize("mode", ["sidecar", "none"])
@pytest.mark.parametrize("text", [API + LISTED + ROUTE, API + LISTED + ROUTE + INSIDE, API + ROUTE])
def test_the_policies_read_the_same_paths_by_their_own_way(text: str, mode: Any, tmp_path: Path) -> None:
    chosen, services = settings("staging", mesh=Mesh(mode=mode)), read(tmp_path, text)
    report = judge(chosen, services).everything(stack_objects(design(chosen, services, "staging")))
    assert [each.message for each in report.findings if each.rule.id.startswith(("gw-", "mesh-"))] == []


def judge(chosen: Settings, services: Catalogue) -> Judge:
    facts = Facts.of_stack(chosen, services, limits=limits_of(chosen.environment), today=TODAY)
    return Judge(facts, bounded(RULES))
