"""What the laboratory observes where nothing runs: rendered objects, and the pods their workloads would have."""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any, Final

import pytest

from manifests import Manifest
from operations import engine
from operations.console import Console
from operations.laboratory.network import NETWORK, Proof, prove
from operations.laboratory.observed import of
from policies.core.facts import Facts
from tests.support.engine_fixtures import say

WORKLOADS: Final = ("Deployment", "Rollout", "StatefulSet")


def pods_of(objects: Iterable[Manifest]) -> Iterator[dict[str, Any]]:
    """One running pod per workload, as a scheduler and a kubelet would leave it."""
    numbers = count(2)
    for made in objects:
        if made["kind"] in WORKLOADS:
            template, metadata = made["spec"]["template"], made["metadata"]
            yield {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": f"{metadata['name']}-0",
                    "namespace": metadata["namespace"],
                    "labels": template["metadata"]["labels"],
                },
                "spec": template["spec"],
                "status": {"phase": "Running", "podIPs": [{"ip": f"10.244.0.{next(numbers)}"}]},
            }


def network_of(objects: Iterable[Manifest], facts: Facts, tools: engine.Toolchain, *only: str) -> Proof:
    """What connects between the pods of `objects`."""
    made = list(objects)
    with Console(quiet=True).phase("network") as phase:
        return prove(of([*made, *pods_of(made)]), facts, tools, phase, only)


@pytest.fixture(scope="session")
def laboratory() -> engine.Toolchain:
    """The tools of the network part; built when there is no other way (two minutes the first time)."""
    return engine.provide(progress=say, only=NETWORK.groups)
