"""What controllers make and serve at run time can be reached by those who must: each need is a row with its proof.

Which pods and ports those are is written out here from the projects' own text, and not read from the program.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from blueprint import design
from blueprint.catalogue.storing import Shaped
from blueprint.settings import Existing, Gateway, Mesh, SelfSigned
from blueprint.vendors import OPERATED
from manifests import Manifest, everything
from policies.adapters.manifests import objects
from policies.core.judging import EXCEPTIONS, Judge
from policies.rules import RULES
from tests.support.installations import every_engine
from tests.support.own_platform import facts, manifests_of
from tests.support.stacks import STACKS, settings, shop
from tests.support.standing import COPIED_BY_RUNS, DRILLED


@dataclass(frozen=True, kw_only=True)
class Served:
    """Pods whose webhook or API the API server calls, from an address that no selector can name."""

    namespace: str
    labels: Mapping[str, str]
    port: int


CALLED_BY_THE_API_SERVER: Final = {
    # Kong/charts kong-3.2.0: the controller's admission webhook.
    "kong": Served(
        namespace="kong",
        labels={"app.kubernetes.io/instance": "kong", "app.kubernetes.io/name": "controller"},
        port=8080,
    ),
    # istio.io, "Ports used by Istio": injection and validation.
    "istiod": Served(namespace="istio-system", labels={"app": "istiod"}, port=15017),
    # cert-manager v1.21.1, deploy/charts/cert-manager: webhook.securePort.
    "cert-manager": Served(
        namespace="cert-manager",
        labels={"app.kubernetes.io/instance": "cert-manager", "app.kubernetes.io/name": "webhook"},
        port=10250,
    ),
    # cloudnative-pg/charts cloudnative-pg-v0.29.0: webhook.port.
    "cloudnative-pg": Served(namespace="cnpg-system", labels={"app.kubernetes.io/name": "cloudnative-pg"}, port=9443),
    # mariadb-operator v26.6.0, deploy/charts/mariadb-operator: webhook.port.
    "mariadb-operator": Served(
        namespace="mariadb-operator", labels={"app.kubernetes.io/name": "mariadb-operator-webhook"}, port=9443
    ),
    # kubernetes-sigs/metrics-server 0.8.1: the API metrics.k8s.io.
    "metrics-server": Served(namespace="kube-system", labels={"app.kubernetes.io/name": "metrics-server"}, port=10250),
}
SERVES_NOTHING: Final = {
    "argo-rollouts",
    "clickhouse-operator",
    "eck-operator",
    "external-secrets",
    "istio-base",
    "istio-cni",
    "opensearch-operator",
    "plugin-barman-cloud",
    "psmdb-operator",
    "redis-operator",
    "reloader",
    "velero",
}
"""Operators with neither a webhook nor an API (their charts' templates; the webhooks of External Secrets, of
redis-operator, of Elastic's and of OpenSearch's are off; Percona's has a server for some and none to serve,
v1.22.0)."""


def _policies(made: list[Manifest], namespace: str) -> Iterator[Manifest]:
    return (each for each in made if each["kind"] == "NetworkPolicy" and each["metadata"]["namespace"] == namespace)


def _selects(policy: Manifest, labels: Mapping[str, str]) -> bool:
    return bool(policy["spec"]["podSelector"].get("matchLabels", {}).items() <= labels.items())


def _policy(made: list[Manifest], name: str) -> dict[str, Any] | None:
    return next((each["spec"] for each in _policies(made, "kong") if each["metadata"]["name"] == name), None)


def _rendered(stack: str, **changes: Any) -> list[Manifest]:
    return list(everything(design(settings(stack, **changes), shop(), stack)))


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_of_ours_closes_what_the_api_server_calls(stack: str) -> None:
    closed = {
        (operator, policy["metadata"]["name"])
        for operator, served in CALLED_BY_THE_API_SERVER.items()
        for policy in _policies(manifests_of(stack), served.namespace)
        if "Ingress" in policy["spec"]["policyTypes"] and _selects(policy, served.labels)
    }
    assert not closed, "the API server has no address a rule could name, so its calls would be dropped"


def test_every_operator_says_what_the_api_server_calls() -> None:
    installed = {
        operator.name for operator in design(settings("prod"), every_engine(), "prod").platform.operators.charts
    }
    assert installed == {*CALLED_BY_THE_API_SERVER, *SERVES_NOTHING}, "say what the new one serves, and to whom"


def test_the_gateway_reaches_the_solver_where_a_public_authority_asks() -> None:
    assert _policy(manifests_of("prod"), "gateway.challenges") == {
        "podSelector": {
            "matchLabels": {"app.kubernetes.io/instance": "kong", "app.kubernetes.io/name": "gateway"},
        },
        "policyTypes": ["Egress"],
        "egress": [
            {
                "to": [
                    {
                        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kong"}},
                        "podSelector": {"matchLabels": {"acme.cert-manager.io/http01-solver": "true"}},
                    }
                ],
                "ports": [{"port": 8089, "protocol": "TCP"}],
            }
        ],
    }


def test_the_solver_is_made_where_the_certificates_are() -> None:
    made = manifests_of("prod")
    (public,) = [each for each in made if each["kind"] == "ClusterIssuer" and "acme" in each["spec"]]
    assert "gatewayHTTPRoute" in public["spec"]["acme"]["solvers"][0]["http01"]
    asking = [each for each in made if each["kind"] == "Certificate"]
    asking = [each for each in asking if each["spec"]["issuerRef"]["name"] == public["metadata"]["name"]]
    assert {each["metadata"]["namespace"] for each in asking} == {"kong"}


def test_where_nobody_asks_there_is_no_way_to_a_solver() -> None:
    private = Gateway(certificates=SelfSigned(kind="selfSigned"))
    assert _policy(_rendered("prod", gateway=private), "gateway.challenges") is None


def _on(**cluster: Any) -> list[Manifest]:
    return _rendered(
        "prod",
        cluster=Existing.model_validate(
            {"kind": "existing", "name": "prod", "api_server_cidrs": ("10.12.0.0/28",), **cluster}, strict=False
        ),
    )


CACHED: Final = {
    "what GKE has unless its settings say otherwise": ({"platform": "gke"}, ["169.254.20.10/32"]),
    "declined on GKE": ({"platform": "gke", "nodeLocalDns": []}, []),
    "the usual cluster": ({}, []),
    "with the cluster IP that iptables lets it take over": (
        {"nodeLocalDns": ["169.254.20.10", "10.96.0.10"]},
        ["10.96.0.10/32", "169.254.20.10/32"],
    ),
    "an address of IPv6": ({"nodeLocalDns": ["fd00::a"]}, ["fd00::a/128"]),
}


@pytest.mark.parametrize(("cluster", "cidrs"), CACHED.values(), ids=CACHED)
def test_every_pod_resolves_names_through_the_nodes_cache_where_there_is_one(
    cluster: Mapping[str, Any], cidrs: list[str]
) -> None:
    asking = [each["spec"]["egress"] for each in _on(**cluster) if each["metadata"]["name"].endswith(".dns")]
    owned = [of for service in shop().within("prod") for of in service.spec.resources.values()]
    operated = [of for of in owned if of.type in OPERATED]
    inside = len(operated) + sum(isinstance(of, Shaped) and of.migrations is not None for of in operated)
    drilled = [of for of in operated if of.type in DRILLED and of.backup != "none"]
    copied = [of for of in operated if of.type in COPIED_BY_RUNS and of.backup != "none"]
    assert len(asking) == 17 + inside + 2 * len(drilled) + len(copied), (
        "twelve services, the gateway and its Redis, the collector, Prometheus, Velero, stores, their migrations, the"
        " runs that copy, and per drill what is restored and who restores it"
    )
    for (rule,) in asking:
        assert [to["ipBlock"]["cidr"] for to in rule["to"] if "ipBlock" in to] == cidrs
        labels = [to["podSelector"]["matchLabels"]["k8s-app"] for to in rule["to"] if "podSelector" in to]
        assert labels == ["kube-dns", *(["node-local-dns"] if cidrs else [])]
        assert rule["ports"] == [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]


@pytest.mark.parametrize(("mode", "ports"), [("sidecar", [8100, 15020, 15021]), ("none", [8100])])
def test_the_nodes_probe_the_gateway_and_its_proxy(mode: str, ports: list[int]) -> None:
    spec = _policy(_rendered("prod", mesh=Mesh.model_validate({"mode": mode})), "gateway.kubelet")
    assert spec is not None
    assert [port["port"] for port in spec["ingress"][0]["ports"]] == ports


@pytest.mark.parametrize("name", ["gateway.challenges", "gateway.kubelet"])
def test_the_policies_miss_an_edge_of_the_gateway_that_is_gone(name: str) -> None:
    made = manifests_of("prod")
    assert not _unreached(made)
    assert _unreached([each for each in made if each["metadata"]["name"] != name]), f"nobody misses {name}"


def _unreached(made: list[Manifest]) -> list[str]:
    rules = tuple(rule for rule in RULES if rule.id in {"net-reachability", EXCEPTIONS})
    report = Judge(facts("prod"), rules).everything(list(objects(made)))
    return [finding.message for finding in report.findings if finding.rule.id == "net-reachability"]
