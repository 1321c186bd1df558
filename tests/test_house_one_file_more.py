"""The first promise: one file per service, nothing else edited, and nothing else changed."""

import shutil
from pathlib import Path

import pytest

from blueprint import design
from blueprint.reading import read_catalogue
from tests.support.stacks import SERVICES, STACKS, TODAY, objects, settings

RETURNS = """\
apiVersion: catalog.platform/v1alpha1
kind: Service
metadata: {name: returns-service}
spec:
  type: service
  owner: team-orders
  system: commerce
  containers:
    main:
      image: ghcr.io/acme/returns-service:1.0.0
      resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
  service: {ports: {http: {port: 8011}}}
  consumes:
    - {api: product-service/products-v1, criticality: soft, timeout: 1s}
  events:
    subscribes:
      - {channel: shipments.dispatched, group: returns-service}
  egress: [{host: labels.example.com}]
"""


def test_the_new_service_of_the_example_has_at_most_twenty_lines() -> None:
    assert len(RETURNS.splitlines()) <= 20, "the promise is about twenty lines"


@pytest.mark.parametrize("stack", STACKS)
def test_a_file_more_or_less_is_its_objects_and_the_far_ends_of_its_edges_and_nothing_else(
    stack: str, tmp_path: Path
) -> None:
    folder = tmp_path / "services"
    shutil.copytree(SERVICES, folder)
    before = objects(design(settings(stack), read_catalogue(folder, today=TODAY)))
    (folder / "returns-service.yaml").write_text(RETURNS)
    after = objects(design(settings(stack), read_catalogue(folder, today=TODAY)))

    assert {key: after.get(key) for key in before} == before, "an object of somebody else changed or went"
    new = set(after) - set(before)
    elsewhere = sorted(
        (kind, namespace, name) for _, kind, namespace, name in new if namespace not in ("returns-service", "")
    )
    assert elsewhere == [
        ("AuthorizationPolicy", "product-service", "from.returns-service.products-v1"),
        ("NetworkPolicy", "messaging", "from.returns-service.rabbitmq"),
        ("NetworkPolicy", "product-service", "from.returns-service.products-v1"),
    ], "the far ends of its edges, and no other object outside its namespace"
    assert sum(kind == "Namespace" for _, kind, _, _ in new) == 1
