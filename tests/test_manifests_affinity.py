"""Affinity keeps a caller at one pod: each kind becomes the hash it names, over the pods of every zone."""

from pathlib import Path
from typing import Any, Final

import pytest

from blueprint import design
from manifests import everything
from tests.support.stacks import catalogue, settings

PORT: Final = "  service: {ports: {http: {port: 8080}}}\n"
HASHES: Final[dict[str, dict[str, Any]]] = {
    "{type: cookie, name: session, ttl: 90m}": {"httpCookie": {"name": "session", "path": "/", "ttl": "5400s"}},
    "{type: cookie, name: session}": {"httpCookie": {"name": "session"}},
    "{type: header, name: X-Tenant}": {"httpHeaderName": "X-Tenant"},
    "{type: sourceIp}": {"useSourceIp": True},
}
"""What an owner says → what Istio hashes."""


def destination_rule(folder: Path, said: str) -> Any:
    """The one of the service `carts`."""
    objects = everything(design(settings("prod"), catalogue(folder, carts=PORT + said)))
    (rule,) = [each for each in objects if each["kind"] == "DestinationRule"]
    return rule["spec"]


@pytest.mark.parametrize("said", HASHES)
def test_each_kind_of_affinity_is_the_hash_it_names(said: str, tmp_path: Path) -> None:
    balancer = destination_rule(tmp_path, f"  affinity: {said}\n")["trafficPolicy"]["loadBalancer"]
    assert balancer["consistentHash"] == HASHES[said]


def test_proxies_in_two_zones_hash_over_the_same_pods(tmp_path: Path) -> None:
    """Istio prefers the caller's own zone as soon as there is outlierDetection, which there always is."""
    policy = destination_rule(tmp_path, "  affinity: {type: header, name: X-Tenant}\n")["trafficPolicy"]
    assert policy["outlierDetection"], "without it localities would not matter"
    assert policy["loadBalancer"]["localityLbSetting"] == {"enabled": False}


def test_affinity_leaves_no_simple_load_balancer(tmp_path: Path) -> None:
    """Istio's schema takes one of the two."""
    with_it = destination_rule(tmp_path / "with", "  affinity: {type: sourceIp}\n")
    without = destination_rule(tmp_path / "without", "")
    assert "simple" not in with_it["trafficPolicy"]["loadBalancer"]
    assert without["trafficPolicy"]["loadBalancer"] == {"simple": "LEAST_REQUEST"}


def test_both_versions_of_a_canary_inherit_the_affinity(tmp_path: Path) -> None:
    """A subset's own policy would take the place of the hash; Argo Rollouts writes none."""
    spec = destination_rule(tmp_path, "  affinity: {type: sourceIp}\n  rollout: {strategy: canary}\n")
    assert spec["trafficPolicy"]["loadBalancer"]["consistentHash"] == {"useSourceIp": True}
    assert [subset for subset in spec["subsets"] if "trafficPolicy" in subset] == []
    assert len(spec["subsets"]) == 2


def test_an_environment_may_take_affinity_back(tmp_path: Path) -> None:
    said = "  affinity: {type: sourceIp}\n  environments: {prod: {affinity: null}}\n"
    assert destination_rule(tmp_path, said)["trafficPolicy"]["loadBalancer"] == {"simple": "LEAST_REQUEST"}
