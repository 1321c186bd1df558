"""Whose an object is: a chart's by what the pinned chart makes, and by nothing that anyone could write into it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from blueprint.operators import OPERATORS
from blueprint.operators.argo_rollouts import IMAGE as ROLLOUTS_IMAGE
from blueprint.operators.kong import CONTROLLER_IMAGE, GATEWAY_IMAGE
from policies.adapters.manifests import from_manifest
from policies.core.facts import Facts
from policies.core.finding import Finding, Report
from policies.core.judging import Judge
from policies.core.limits import limits_of
from policies.rules import RULES
from policies.rules.net.platform import GATEWAY
from tests.support.installations import EVERY_STACK
from tests.support.policy_cases import TODAY

LIMITS: Final = limits_of("prod").model_copy(update={"exceptions": ()})
FACTS: Final = Facts(environment="prod", limits=LIMITS, today=TODAY)
AGENT: Final = "docker.io/istio/install-cni:1.30.3"
FOREIGN: Final = "registry.example.com/miner:1"
DIGEST: Final = f"@sha256:{'0' * 64}"


def judged(*written: Mapping[str, Any], facts: Facts = FACTS) -> Report:
    """What all rules say of manifests."""
    return Judge(facts, RULES).everything([from_manifest(each) for each in written])


def said(report: Report, rule: str) -> list[Finding]:
    """The findings of `rule`."""
    return [finding for finding in report.findings if finding.rule.id == rule]


def levels(report: Report, rule: str) -> set[str]:
    """At which levels `rule` found something."""
    return {finding.level for finding in said(report, rule)}


def workload(title: str, *images: str, **more: Any) -> dict[str, Any]:
    """`Kind namespace/name` with a privileged container for each image, and what else its pods have."""
    kind, _, place = title.partition(" ")
    namespace, _, name = place.partition("/")
    containers = [
        {"name": f"c{index}", "image": image, "securityContext": {"privileged": True}}
        for index, image in enumerate(images)
    ]
    pods = {"hostPID": True, "containers": containers, **more}
    labels = {"a": "b"}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pods}},
    }


# The list -------------------------------------------------------------------------------------------------------------


def test_the_list_is_of_the_charts_that_are_installed_in_the_versions_that_are_pinned() -> None:
    pinned = {operator.name: operator.chart.version for stack in EVERY_STACK.values() for operator in stack.charts}
    assert set(pinned) == set(OPERATORS)
    assert {name: chart.version for name, chart in LIMITS.charts.items()} == pinned, (
        "render the changed chart with our values and list what it makes in policies/config/charts.json"
    )


def test_the_images_of_the_list_are_those_the_program_sets() -> None:
    for title, image in (
        ("Deployment.apps argo-rollouts/argo-rollouts", ROLLOUTS_IMAGE),
        ("Deployment.apps kong/kong-controller", CONTROLLER_IMAGE),
        ("Deployment.apps kong/kong-gateway", GATEWAY_IMAGE),
    ):
        listed = LIMITS.chart_objects[title]
        assert {each.removeprefix("quay.io/") for each in listed} == {f"{image.repository}:{image.tag}"}


def test_what_may_break_a_rule_in_a_namespace_is_something_a_chart_makes() -> None:
    made = {f"{name.partition(' ')[0].partition('.')[0]} {name.partition(' ')[2]}" for name in LIMITS.chart_objects}
    trusted = {title for title in LIMITS.access.operators if "/" in title}
    assert trusted <= made
    assert set(LIMITS.privileged_namespaces) <= {name.partition(" ")[2].partition("/")[0] for name in made}


# Whose an object is ---------------------------------------------------------------------------------------------------


def test_the_charts_own_agent_may_do_what_it_is_for() -> None:
    for image in (AGENT, AGENT + DIGEST):
        report = judged(workload("DaemonSet istio-cni/istio-cni-node", image, tolerations=[{"operator": "Exists"}]))
        for rule in ("wl-privileged", "wl-host-namespaces", "wl-node-placement"):
            assert levels(report, rule) == {"advisory"}, rule


def _others() -> Iterator[tuple[str, dict[str, Any]]]:
    agent = "DaemonSet istio-cni/istio-cni-node"
    yield "another name", workload("DaemonSet istio-cni/setup", AGENT)
    yield "another kind", workload("Deployment istio-cni/istio-cni-node", AGENT)
    yield "another namespace", workload("DaemonSet istio-system/istio-cni-node", AGENT)
    yield "another image", workload(agent, FOREIGN)
    yield "another registry's image of that name", workload(agent, "registry.example.com/istio/install-cni:1.30.3")
    yield "another version", workload(agent, "docker.io/istio/install-cni:1.20.0")
    yield "a second container", workload(agent, AGENT, FOREIGN)
    yield "an init container", workload(agent, AGENT, initContainers=[{"name": "i", "image": FOREIGN}])
    yield "an ephemeral container", workload(agent, AGENT, ephemeralContainers=[{"name": "e", "image": FOREIGN}])
    yield "a volume of another image", workload(agent, AGENT, volumes=[{"name": "v", "image": {"reference": FOREIGN}}])
    yield "no image", workload(agent, AGENT, initContainers=[{"name": "i"}])
    yield "an image that is none", workload(agent, AGENT, initContainers=[{"name": "i", "image": ["a"]}])


@pytest.mark.parametrize("made", [made for _, made in _others()], ids=[name for name, _ in _others()])
def test_whatever_is_not_exactly_what_a_chart_makes_is_refused(made: dict[str, Any]) -> None:
    report = judged(made)
    for rule in ("wl-privileged", "wl-host-namespaces"):
        assert levels(report, rule) == {"mandatory"}, rule


def test_in_kube_system_images_and_tolerations_are_refused_but_of_what_a_chart_makes_there() -> None:
    anywhere = {"tolerations": [{"operator": "Exists"}]}
    foreign = judged(workload("Deployment kube-system/helper", FOREIGN, **anywhere))
    for rule in ("img-registry", "img-digest", "wl-node-placement", "wl-priority-class"):
        assert levels(foreign, rule) == {"mandatory"}, rule
    server = "registry.k8s.io/metrics-server/metrics-server:v0.8.1"
    own = judged(workload("Deployment kube-system/metrics-server", server, **anywhere))
    assert levels(own, "img-digest") == levels(own, "wl-node-placement") == {"advisory"}


def test_no_label_and_no_absence_of_one_makes_an_object_a_charts() -> None:
    helm = {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "kong", "helm.sh/chart": "kong-3.2.0"}
    port = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"name": "kong-proxy", "port": 80}]}}
    for labels in ({}, helm):
        made = {**port, "metadata": {"name": "mine", "namespace": "kong", "labels": labels}}
        assert levels(judged(made), "mesh-service-port-protocol") == {"mandatory"}
    own = {**port, "metadata": {"name": "kong-gateway-proxy", "namespace": "kong"}}
    assert levels(judged(own), "mesh-service-port-protocol") == {"advisory"}


# What charts may not do either ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", ["istio-system", "kong"])
def test_what_opens_the_mesh_is_refused_of_charts_too(namespace: str) -> None:
    metadata = {"name": "a", "namespace": namespace}
    opened = {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "spec": {"rules": [{}]}}
    plain = {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "spec": {"mtls": {"mode": "DISABLE"}}}
    report = judged(*({**made, "metadata": metadata} for made in (opened, plain)))
    for rule in ("mesh-authz-no-allow-all", "mesh-peerauth-no-weaken"):
        assert {finding.level for finding in said(report, rule)} == {"mandatory"}


@pytest.mark.parametrize("namespace", ["istio-system", "kong"])
def test_what_opens_the_network_is_refused_of_charts_too(namespace: str) -> None:
    metadata = {"name": "a", "namespace": namespace}
    made: dict[str, dict[str, Any]] = {
        "net-service-exposure": {"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"}},
        "net-service-external-ips": {"apiVersion": "v1", "kind": "Service", "spec": {"externalIPs": ["192.0.2.1"]}},
        "net-manual-endpoints": {"apiVersion": "v1", "kind": "Endpoints"},
    }
    for rule, opened in made.items():
        report = judged({**opened, "metadata": metadata})
        assert {finding.level for finding in said(report, rule)} == {"mandatory"}, rule


def test_a_chart_may_open_its_own_pods_and_none_that_the_platform_closes() -> None:
    def opening(namespace: str, name: str, **labels: str) -> dict[str, Any]:
        spec = {"podSelector": {"matchLabels": labels}, "ingress": [{}]}
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }

    facts = replace(FACTS, services=())
    own = judged(opening("istio-system", "istiod", app="istiod"), facts=facts)
    assert {finding.level for finding in said(own, "net-no-allow-all")} == {"advisory"}
    assert not said(own, "net-reachability")
    gateway = judged(opening("kong", "a", **GATEWAY.labels), facts=facts)
    assert {finding.level for finding in said(gateway, "net-reachability")} == {"mandatory"}
