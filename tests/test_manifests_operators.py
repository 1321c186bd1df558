"""The third-party installations: which, in which order, how many, how big, with which protections."""

import json
from dataclasses import fields
from typing import get_args

import pytest

from blueprint import names, operators
from blueprint.catalogue import Environment
from blueprint.operators import OPERATORS, scales
from blueprint.sizes import Amounts
from manifests.operators import objects, values
from manifests.operators.fragments import trusted
from tests.support.installations import ENVIRONMENTS, EVERY_STACK, context, installed


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_installations_follow_what_they_lean_on(environment: str) -> None:
    order = [operator.name for operator in EVERY_STACK[f"{environment}-mesh-None"].charts]
    whatever_is_declared = [
        "istio-base",
        "istio-cni",
        "istiod",
        "cert-manager",
        "external-secrets",
        "argo-rollouts",
        "kong",
        "metrics-server",
    ]
    assert [name for name in order if name in whatever_is_declared] == whatever_is_declared, (
        "CRDs before their controllers, cert-manager before whoever mounts a certificate"
    )
    assert len(order) > len(whatever_is_declared), "no operator of a store: the rest would prove nothing"
    for name in order:
        assert all(order.index(needed) < order.index(name) for needed in OPERATORS[name].needs), name


def test_cert_manager_is_never_the_last_thing_before_its_first_certificate() -> None:
    for name, stack in EVERY_STACK.items():
        assert stack.foundation[-1].name != "cert-manager", (
            f"{name}: the API server does not trust cert-manager's webhook in the first moment"
        )


def test_without_a_mesh_nothing_of_istio_is_installed_and_nothing_is_injected() -> None:
    for environment in ENVIRONMENTS:
        plain = installed(f"{environment}-plain-None")
        assert not [name for name in plain if name.startswith("istio")], "mesh mode none installs no Istio"
        assert plain["kong"]["gateway"]["podLabels"] == {"sidecar.istio.io/inject": "false"}
        assert plain["argo-rollouts"]["providerRBAC"]["providers"]["istio"] is False, "rights that are not needed"
        assert plain["argo-rollouts"]["controller"]["extraArgs"] == []


def test_a_platform_that_brings_its_own_metrics_gets_no_second_server() -> None:
    without = {
        platform for platform in operators.PLATFORMS if "metrics-server" not in installed(f"prod-mesh-{platform}")
    }
    assert without == {"gke", "k3d", "k3s"}, "two servers would fight over one APIService"


REPLICAS = {
    # environment: istiod, cert-manager, its injector, its webhook, argo-rollouts, external-secrets, Kong's controller,
    # its gateway, metrics-server
    "dev": (1, 1, 1, 1, 1, 1, 1, 1, 1),
    "ephemeral": (1, 1, 1, 1, 1, 1, 1, 1, 1),
    "staging": (2, 2, 2, 2, 2, 2, 2, 2, 2),
    "prod": (2, 2, 2, 3, 2, 2, 2, 3, 2),
}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_replicas_are_one_on_a_laptop_two_in_staging_and_two_or_three_in_production(environment: str) -> None:
    spelled = installed(f"{environment}-mesh-None")
    manager, kong = spelled["cert-manager"], spelled["kong"]
    counts = (
        spelled["istiod"]["replicaCount"],
        manager["replicaCount"],
        manager["cainjector"]["replicaCount"],
        manager["webhook"]["replicaCount"],
        spelled["argo-rollouts"]["controller"]["replicas"],
        spelled["external-secrets"]["replicaCount"],
        kong["controller"]["replicaCount"],
        kong["gateway"]["replicaCount"],
        spelled["metrics-server"]["replicas"],
    )
    assert counts == REPLICAS[environment]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_single_replica_has_no_disruption_budget_and_several_have_one(environment: str) -> None:
    several = environment in {"prod", "staging"}
    spelled = installed(f"{environment}-mesh-None")
    budgets = [
        spelled["argo-rollouts"]["controller"]["pdb"],
        spelled["cert-manager"]["podDisruptionBudget"],
        spelled["cert-manager"]["cainjector"]["podDisruptionBudget"],
        spelled["cert-manager"]["webhook"]["podDisruptionBudget"],
        spelled["external-secrets"]["podDisruptionBudget"],
        spelled["kong"]["controller"]["podDisruptionBudget"],
        spelled["kong"]["gateway"]["podDisruptionBudget"],
        spelled["metrics-server"]["podDisruptionBudget"],
    ]
    assert {budget["enabled"] for budget in budgets} == {several}, "a budget over one pod blocks its node's drain"
    assert spelled["istiod"]["autoscaleEnabled"] is several, "istiod's own budget follows its autoscaler's minimum"


def test_no_operator_is_given_more_than_the_policies_allow() -> None:
    counted = 0
    for stack, decided in EVERY_STACK.items():
        for operator in decided.charts:
            for field in fields(operator):
                amounts = getattr(operator, field.name)
                if isinstance(amounts, Amounts):
                    counted += 1
                    about = f"{stack}: {operator.name} {field.name}"
                    assert 0 < amounts.cpu_limit_millicores <= 10 * amounts.cpu_request_millicores, about
                    assert 0 < amounts.memory_limit_mib <= 2 * amounts.memory_request_mib, about
    assert counted > 10 * len(ENVIRONMENTS), "no amounts found: this test would prove nothing"


def test_istio_webhooks_start_as_istiod_would_leave_them() -> None:
    for stack in EVERY_STACK:
        spelled = installed(stack)
        for name in ("istio-base", "istiod"):
            if name in spelled:
                assert spelled[name]["base"]["validationFailurePolicy"] == "Fail", (
                    f"{stack}: istiod changes Ignore to Fail itself, and every update would fight it over the field"
                )


CONFIGURATIONS = {"cert-manager": 2, "kong": 1, "mariadb-operator": 1}
"""Installation → its webhook configurations whose certificate somebody else writes into them after they are made, and
that guard what the program makes next."""


def test_every_webhook_waits_for_the_certificate_the_api_server_trusts_it_by() -> None:
    for stack in EVERY_STACK:
        spelled = installed(stack)
        waiting = {name: json.dumps(values).count(json.dumps(trusted())[1:-1]) for name, values in spelled.items()}
        assert {name: number for name, number in waiting.items() if number} == {
            name: number for name, number in CONFIGURATIONS.items() if name in spelled
        }, f"{stack}: an up fails in the first seconds, or waits for a certificate nobody writes"
    kong = installed("prod-mesh-None")["kong"]["controller"]["ingressController"]["admissionWebhook"]
    assert "caBundle" not in kong["certificate"], "the program and the injector would fight over it"


def test_the_injected_proxy_passes_the_restricted_pod_security_standard() -> None:
    istiod = installed("prod-mesh-None")["istiod"]
    assert istiod["cni"]["enabled"] is True, "without the agent every pod needs NET_ADMIN"
    assert istiod["global"]["proxy"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert istiod["seccompProfile"] == {"type": "RuntimeDefault"}


def test_the_mesh_refuses_what_it_does_not_know() -> None:
    mesh = installed("prod-mesh-None")["istiod"]["meshConfig"]
    assert mesh["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}, "undeclared egress must not leave"
    assert mesh["pathNormalization"] == {"normalization": "DECODE_AND_MERGE_SLASHES"}, "paths bypass authorisation"
    assert mesh["meshMTLS"] == {"minProtocolVersion": "TLSV1_3"}


def test_only_istio_charts_hear_of_the_platform() -> None:
    heard = {name for name, spelled in installed("prod-mesh-gke").items() if "gke" in json.dumps(spelled)}
    assert heard == {"istio-cni", "istiod"}
    assert not [
        name for name, spelled in installed("prod-mesh-None").items() if "platform" in spelled.get("global", {})
    ]


def test_only_kong_skips_the_crds_of_its_chart_because_a_bundle_brings_them_once() -> None:
    skipping = {operator.name for operator in EVERY_STACK["prod-mesh-None"].charts if operator.skip_crds}
    assert skipping == {"kong"}, "the ingress chart holds the kong chart twice and would register every CRD twice"
    assert [bundle.name for bundle in EVERY_STACK["prod-mesh-None"].crds] == ["gateway-api", "kong", "mariadb"]


def test_charts_with_crds_among_their_templates_get_the_value_that_installs_them() -> None:
    spelled = installed("prod-mesh-None")
    assert spelled["cert-manager"]["crds"] == {"enabled": True, "keep": True}
    assert spelled["argo-rollouts"]["installCRDs"] is True
    assert spelled["external-secrets"]["installCRDs"] is True


def test_cert_managers_start_up_hook_is_off_because_hooks_never_run() -> None:
    assert installed("prod-mesh-None")["cert-manager"]["startupapicheck"] == {"enabled": False}


def test_kubelets_are_verified_wherever_they_have_a_real_certificate() -> None:
    arguments = {env: installed(f"{env}-mesh-None")["metrics-server"]["args"] for env in ENVIRONMENTS}
    assert arguments["prod"] == arguments["staging"] == []
    assert arguments["dev"] == ["--kubelet-insecure-tls"], "kind and minikube sign their kubelets' certificates alone"
    assert installed("prod-mesh-None")["metrics-server"]["apiService"] == {"insecureSkipTLSVerify": False}


def test_rollouts_may_touch_no_traffic_router_but_istio() -> None:
    providers = installed("prod-mesh-None")["argo-rollouts"]["providerRBAC"]["providers"]
    assert [name for name, allowed in providers.items() if allowed] == ["istio"]


def test_every_namespace_of_an_installation_is_one_of_the_platforms_or_the_clusters() -> None:
    allowed = {*names.PLATFORM_NAMESPACES, *names.CLUSTER_NAMESPACES}
    used = {operator.namespace for stack in EVERY_STACK.values() for operator in stack.charts}
    assert used <= allowed, f"no component makes these namespaces: {sorted(used - allowed)}"


def test_an_unknown_platform_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"platform 'aks' is not known.*gke, k3d, k3s, microk8s, minikube, openshift"):
        operators.decide(context("dev", platform="aks"))


def test_every_environment_has_a_scale() -> None:
    assert set(scales.SCALES) == set(get_args(Environment)), "an environment without numbers ends in a KeyError"


def test_the_trust_domain_reaches_the_mesh() -> None:
    decided = operators.decide(context("prod", trust_domain="shop.example"))
    istiod = next(values(operator) for operator in decided.charts if operator.name == "istiod")
    assert istiod["meshConfig"]["trustDomain"] == "shop.example"


def test_nothing_is_installed_where_operators_are_present() -> None:
    assert operators.decide(context("prod", install=False)) == operators.NONE, "somebody else installs them"
    assert operators.NONE.crds == (), "CRDs that somebody else owns would be taken over"
    assert operators.NONE.charts == (), "a chart beside the controllers that are there would fight them"
    assert list(objects(operators.NONE)) == [], "objects without their controllers would be refused by the API server"
