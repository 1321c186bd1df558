"""What policies let through is tried also where no pod, no port and no address of the stack would have asked for it.

A policy that is wrong without anybody noticing today lets in whoever comes tomorrow.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from operations import engine
from operations.laboratory.assembling import NEWCOMERS, assemble
from operations.laboratory.hosts import Host
from operations.laboratory.observed import of
from tests.support.laboratory import laboratory, network_of, pods_of
from tests.test_operations_laboratory_network import said, shops

__all__ = ["laboratory"]

ORDER: Final = "order-service/order-service-0"
PAYMENT: Final = "payment-service/payment-service-0"


def policy(namespace: str, **spec: Any) -> dict[str, Any]:
    """One that selects every pod of `namespace`."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "planted", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": [way.title() for way in sorted(spec)], **spec},
    }


def named(namespace: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}


def planted() -> list[dict[str, Any]]:
    """Mistakes that no pod of the shop, none of its ports and none of its networks shows."""
    opened = [{"port": 6666}, {"port": 50052, "endPort": 50060}, {"protocol": "UDP", "port": 7777}]
    networks = [{"ipBlock": {"cidr": cidr}} for cidr in ("1.2.3.0/24", "10.96.0.0/12")]
    debugging = {"namespaceSelector": {}, "podSelector": {"matchExpressions": [{"key": "debug", "operator": "Exists"}]}}
    team = {"namespaceSelector": {"matchLabels": {"team": "x"}}}
    nobodys = {"namespaceSelector": {"matchLabels": {"team": "y"}}}
    return [
        policy(
            "order-service",
            egress=[{"to": [named("payment-service")], "ports": opened}, {"to": networks, "ports": [{"port": 25}]}],
        ),
        policy("payment-service", ingress=[{"from": [named("order-service")], "ports": opened}]),
        policy("cart-service", ingress=[{"from": [debugging], "ports": [{"port": 8008}]}]),
        policy("user-service", ingress=[{"from": [team], "ports": [{"port": 8001}]}]),
        policy("search-service", ingress=[{"from": [nobodys], "ports": [{"port": 8009}]}]),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default", "labels": {"team": "x"}}},
    ]


WORDS: Final = (
    f"{ORDER} → {PAYMENT} TCP 6666 passes",
    f"{ORDER} → {PAYMENT} TCP 50052 passes",
    f"{ORDER} → {PAYMENT} UDP 7777 passes",
    f"{ORDER} → 1.2.3.1 TCP 25 passes",
    f"{ORDER} → 10.96.0.1 TCP 25 passes",
    "default/a-stranger → user-service/user-service-0 TCP 8001 passes",
    "→ cart-service/cart-service-0 TCP 8008 passes",
    "/a-newcomer-0 → search-service/search-service-0 TCP 8009 passes",
)


@pytest.mark.engine
def test_what_is_open_to_nobody_who_is_there_is_observed_as_well(laboratory: engine.Toolchain) -> None:
    objects, facts = shops()
    proof = network_of([*objects, *planted()], facts, laboratory)
    words = said(proof)
    missing = [each for each in WORDS if each not in words]
    assert not missing, f"went unnoticed: {missing}\n{words}"


@pytest.mark.engine
def test_the_labels_of_a_namespace_that_every_api_server_makes_are_copied(laboratory: engine.Toolchain) -> None:
    objects, facts = shops()
    proof = network_of([*objects, *planted()], facts, laboratory, "user-service")
    assert "default/a-stranger → user-service/user-service-0 TCP 8001 passes" in said(proof), "its label is lost"


def hosts(*added: dict[str, Any]) -> dict[str, Host]:
    objects, facts = shops()
    return {host.name: host for host in assemble(of([*objects, *added, *pods_of(objects)]), facts, ())}


def test_policies_that_say_what_is_declared_add_nobody_and_no_port() -> None:
    before = hosts()
    assert not [name for name, host in before.items() if host.group == NEWCOMERS], "somebody is let through"
    assert [name for name, host in before.items() if not host.is_pod and name == host.address] == [], "a network is"
    assert {port.number for port in before["the internet"].served} == {80, 443, 64_999}, "a port nobody may reach"


def test_every_run_of_ports_between_those_that_are_tried_is_tried_once() -> None:
    wide = policy(
        "payment-service", ingress=[{"from": [named("order-service")], "ports": [{"port": 8000, "endPort": 8010}]}]
    )
    tried = {port for port in hosts(wide)[PAYMENT].served if 8000 <= port.number <= 8010 and port.protocol == "TCP"}
    assert {port.number for port in tried} == {8000, 8004, 8005}, "a range is open beside the port that is declared"


def test_an_address_that_policies_open_is_no_other_hosts() -> None:
    pods = policy("order-service", egress=[{"to": [{"ipBlock": {"cidr": "10.245.0.0/16"}}], "ports": [{"port": 25}]}])
    found = hosts(pods)
    addresses = [host.address for host in found.values()]
    assert len(addresses) == len(set(addresses)), "two hosts have one address"
    assert [name for name, host in found.items() if not host.is_pod and name.startswith("10.245.")], "none is in it"
