"""Hosts in private networks: the port is open to the ranges their owner names, and to nothing else."""

from pathlib import Path
from typing import Any

import pytest

from blueprint import design
from blueprint.reading import TextError
from blueprint.settings import Existing, Mesh
from tests.support.stacks import catalogue, objects, settings

DATABASE = (
    "  egress:\n    - {host: db.office.internal, port: 5432, protocol: TCP, cidrs: [10.60.2.0/24, 10.60.1.0/24]}\n"
)
POLICY = "to.host.db.office.internal.5432"


def lent(**fields: Any) -> Existing:
    """A cluster of somebody else's, whose pods are at 10.244.0.0/16."""
    return Existing.model_validate({"kind": "existing", "name": "lent", "cluster_cidrs": ("10.244.0.0/16",), **fields})


def egress(folder: Path, text: str, namespace: str = "one", **changes: Any) -> dict[str, Any]:
    """Name → spec of the policies towards hosts outside of the service `one`."""
    made = objects(design(settings("dev", **changes), catalogue(folder, one=text)))
    policies = {
        name: of["spec"] for (_, kind, place, name), of in made.items() if (kind, place) == ("NetworkPolicy", namespace)
    }
    return {name: spec for name, spec in policies.items() if name.startswith(("to.host.", "to.internet"))}


@pytest.mark.parametrize("mode", ["sidecar", "none"])
def test_a_private_host_is_reached_at_its_ranges_and_port_and_the_internet_stays_closed(
    mode: str, tmp_path: Path
) -> None:
    policies = egress(tmp_path, DATABASE, mesh=Mesh.model_validate({"mode": mode}))
    assert {name: spec["egress"] for name, spec in policies.items()} == {
        POLICY: [
            {
                "to": [{"ipBlock": {"cidr": "10.60.1.0/24"}}, {"ipBlock": {"cidr": "10.60.2.0/24"}}],
                "ports": [{"port": 5432, "protocol": "TCP"}],
            }
        ]
    }
    assert policies[POLICY]["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "one"}}


def test_a_public_host_beside_it_opens_the_internet_on_its_own_port_alone(tmp_path: Path) -> None:
    policies = egress(
        tmp_path, f"{DATABASE}    - {{host: api.example.com}}\n    - {{host: b.example.com, cidrs: []}}\n"
    )
    assert sorted(policies) == [POLICY, "to.internet"]
    assert policies["to.internet"]["egress"][0]["ports"] == [{"port": 443, "protocol": "TCP"}]


def test_the_mesh_knows_a_private_host_by_its_name(tmp_path: Path) -> None:
    made = objects(design(settings("dev"), catalogue(tmp_path, one=DATABASE)))
    entry = made["networking.istio.io/v1", "ServiceEntry", "one", "db.office.internal"]["spec"]
    assert (entry["hosts"], entry["resolution"]) == (["db.office.internal"], "DNS")
    assert entry["ports"] == [{"name": "tcp-5432", "number": 5432, "protocol": "TCP"}]


def test_a_tenants_copy_has_the_rule_in_its_own_namespace(tmp_path: Path) -> None:
    changes = {"tenant": "pr7", "layers": ("services",)}
    assert sorted(egress(tmp_path, DATABASE, namespace="pr7--one", **changes)) == [POLICY]


def test_an_environment_may_have_its_hosts_in_another_network(tmp_path: Path) -> None:
    patch = (
        "  environments:\n    dev:\n      egress: [{host: db.office.internal, port: 5432, cidrs: [192.168.7.0/24]}]\n"
    )
    (rule,) = egress(tmp_path, DATABASE + patch)[POLICY]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "192.168.7.0/24"}}]


def test_no_two_hosts_share_a_policy_however_long_their_names(tmp_path: Path) -> None:
    label = "x" * 63
    long = [".".join([label] * 3 + [last * 50, "lan"]) for last in ("y", "z")]
    text = "".join(f"    - {{host: {host}, cidrs: [10.60.0.0/16]}}\n" for host in long)
    names = egress(tmp_path, f"  egress:\n{text}")
    assert len(names) == 2
    assert all(len(name) <= 253 for name in names), "the longest name Kubernetes takes"


@pytest.mark.parametrize(
    ("cluster", "said"),
    [
        (
            lent(cluster_cidrs=("10.60.2.0/23",)),
            "cidrs.0: in the stack dev, '10.60.2.0/24' holds addresses of the cluster's own pods or Services"
            " (10.60.2.0/23)",
        ),
        (
            lent(node_cidrs=("10.60.1.128/25",)),
            "cidrs.1: in the stack dev, '10.60.1.0/24' holds addresses of the cluster's own nodes (10.60.1.128/25)",
        ),
        (lent(cluster_cidrs=()), "spec.egress.0.cidrs: in the stack dev, may hold the cluster's own pods and Services"),
    ],
    ids=["its pods", "its nodes", "nobody says where they are"],
)
def test_a_private_host_is_not_among_the_clusters_own_addresses(cluster: Existing, said: str, tmp_path: Path) -> None:
    with pytest.raises(TextError) as refused:
        design(settings("dev", cluster=cluster), catalogue(tmp_path, one=DATABASE), "dev")
    (problem,) = refused.value.problems
    assert said in str(problem)
    assert problem.line, "the line of the catalogue to edit"


def test_a_cluster_that_says_where_its_pods_are_takes_hosts_beside_them(tmp_path: Path) -> None:
    cluster = lent(node_cidrs=("10.10.0.0/16", "fd12::/64"))
    assert sorted(egress(tmp_path, DATABASE, cluster=cluster)) == [POLICY]


def test_only_a_service_that_names_ranges_needs_to_know_where_the_pods_are(tmp_path: Path) -> None:
    public = "  egress: [{host: api.example.com}]\n"
    assert sorted(egress(tmp_path, public, cluster=lent(cluster_cidrs=()))) == ["to.internet"]
