"""The public edge, served by an Envoy in Kong's place: what is public is, and a fault is named with its object."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from blueprint.reading import Catalogue
from operations import engine
from operations.laboratory import copies, gateway
from tests.support.engine_fixtures import say
from tests.support.mesh_proofs import asked, rendered
from tests.support.stacks import catalogue

pytestmark = [
    pytest.mark.engine,
    pytest.mark.laboratory,
    pytest.mark.skipif(os.geteuid() != 0, reason="proxies are users of their own, which takes root"),
]

Manifest = Mapping[str, Any]

SHELF = """\
  service: {ports: {http: {port: 8002}}}
  provides:
    - api: books-v1
      type: openapi
      version: "1.0.0"
      definition: contracts/a.openapi.yaml
      port: http
      operations:
        - {method: GET, path: /v1/books, idempotent: true}
        - {method: GET, path: "/v1/books/{id}", idempotent: true}
      route: {paths: [/v1/books], auth: {type: jwt}}
    - api: news-v1
      type: openapi
      version: "1.0.0"
      definition: contracts/a.openapi.yaml
      port: http
      operations: [{method: GET, path: /v1/news, idempotent: true}]
      route: {paths: [/v1/news], auth: {type: none, reason: Everybody may read the news}}
    - api: stock-v1
      type: openapi
      version: "1.0.0"
      definition: contracts/a.openapi.yaml
      port: http
      operations: [{method: GET, path: /v1/stock, idempotent: true}]
    - api: prices-v1
      type: openapi
      version: "1.0.0"
      definition: contracts/a.openapi.yaml
      port: http
      route: {paths: [/v1/prices], auth: {type: none, reason: Everybody may read the prices}}
"""
CELLAR = """\
  service: {ports: {http: {port: 8003}}}
  provides:
    - api: wine-v1
      type: openapi
      version: "1.0.0"
      definition: contracts/a.openapi.yaml
      port: http
      operations: [{method: GET, path: /v1/wine, idempotent: true}]
"""
"""Nothing of it is public."""
ATTIC = """\
  service: {ports: {http: {port: 8004}}}
  provides:
    - api: things-v1
      type: openapi
      version: "1.0.0"
      definition: contracts/a.openapi.yaml
      port: http
      operations: [{method: GET, path: /things, idempotent: true}]
      route: {paths: [/v1/attic], stripPath: true, auth: {type: none, reason: Everybody may look}}
"""
"""Its prefix is taken off, so that the mesh admits the gateway to every path."""


@pytest.fixture(scope="module")
def laboratory() -> engine.Toolchain:
    return engine.provide(progress=say, only=gateway.GATEWAY.groups)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder: Path = tmp_path_factory.mktemp("shelf") / "services"
    (folder / "contracts").mkdir(parents=True)
    (folder / "contracts" / "a.openapi.yaml").write_text("openapi: 3.1.0\n")
    return catalogue(folder, shelf=SHELF, cellar=CELLAR, attic=ATTIC)


def differences(
    shelf: Catalogue, laboratory: engine.Toolchain, change: Callable[[dict[str, Any]], None] = lambda _: None
) -> list[str]:
    """What is not as declared once every object was changed by `change`."""
    objects = [copy.deepcopy(dict(each)) for each in rendered(shelf)]
    for each in objects:
        change(each)
    found = gateway.prove(copies.of(objects), asked(shelf, laboratory))
    assert found.requests.questions
    return [str(each) for each in found.differences]


def test_what_is_public_is_as_declared(shelf: Catalogue, laboratory: engine.Toolchain) -> None:
    assert differences(shelf, laboratory) == []


def test_a_route_that_leads_nowhere_and_a_forgotten_token_are_named(
    shelf: Catalogue, laboratory: engine.Toolchain
) -> None:
    def fault(made: dict[str, Any]) -> None:
        if made["kind"] == "HTTPRoute" and made["metadata"]["name"] == "shelf-news-v1":
            made["spec"]["rules"][0]["matches"][0]["path"]["value"] = "/v2/news"
        if made["kind"] == "AuthorizationPolicy" and made["metadata"]["name"] == "public.books-v1":
            del made["spec"]["rules"][0]["when"]

    found = differences(shelf, laboratory, fault)
    news = [each for each in found if "GET /v1/news is refused (404)" in each]
    books = [each for each in found if "GET /v1/books is answered, and nothing declares it" in each]
    assert news, "\n".join(found)
    assert "no HTTPRoute takes /v1/news" in news[0]
    assert books, "\n".join(found)
    assert "AuthorizationPolicy shelf/public.books-v1 admits it" in books[0]


def test_an_api_without_operations_and_a_route_to_who_is_not_public_are_asked(
    shelf: Catalogue, laboratory: engine.Toolchain
) -> None:
    def fault(made: dict[str, Any]) -> None:
        if made["kind"] == "HTTPRoute" and made["metadata"]["name"] == "shelf-prices-v1":
            made["spec"]["rules"][0]["matches"][0]["path"]["value"] = "/v2/prices"
        if made["kind"] == "HTTPRoute" and made["metadata"]["name"] == "shelf-news-v1":
            made["metadata"] |= {"namespace": "cellar", "name": "cellar-wine"}
            made["spec"]["rules"][0]["matches"][0]["path"]["value"] = "/v1/wine"
            made["spec"]["rules"][0]["backendRefs"] = [{"name": "cellar", "port": 8003}]
        if made["kind"] == "AuthorizationPolicy" and made["metadata"]["name"] == "public.news-v1":
            made["metadata"]["namespace"] = "cellar"
            made["spec"] = {"action": "ALLOW", "rules": [{}]}

    found = differences(shelf, laboratory, fault)
    assert any("GET /v1/prices is refused (404)" in each for each in found), "\n".join(found)
    assert any("GET /v1/wine is answered, and nothing declares it" in each for each in found), "\n".join(found)
