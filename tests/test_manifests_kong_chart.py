"""The edge as installed: who may configure it, where its keys come from, which ports it offers."""

from typing import Any

import pytest

from blueprint import names
from blueprint.operators.kong import Kong
from manifests.operators import objects
from tests.support.installations import ENVIRONMENTS, EVERY_STACK, installed


def test_kongs_controller_is_never_injected_and_its_gateway_follows_the_mesh() -> None:
    for stack in EVERY_STACK:
        kong = installed(stack)["kong"]
        assert kong["controller"]["podLabels"] == {"sidecar.istio.io/inject": "false"}, (
            f"{stack}: the controller dials pod addresses with its own certificate and serves the API server"
        )
        wanted = "true" if "-mesh-" in stack else "false"
        assert kong["gateway"]["podLabels"] == {"sidecar.istio.io/inject": wanted}, stack


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_invalid_route_is_refused_where_several_controllers_can_refuse_it(environment: str) -> None:
    webhook = installed(f"{environment}-mesh-None")["kong"]["controller"]["ingressController"]["admissionWebhook"]
    expected = "Fail" if environment in {"prod", "staging"} else "Ignore"
    assert webhook["failurePolicy"] == expected, "with one controller, Fail turns its restart into an outage"
    assert webhook["filterSecrets"] is True, "otherwise every Secret of the namespaces waits for Kong"
    assert webhook["namespaceSelector"] == {"matchExpressions": [{"key": names.SERVICE_LABEL, "operator": "Exists"}]}, (
        "a gateway that is away must not block namespaces that have no part in it"
    )


def test_kongs_chart_generates_no_key_and_no_ingress_class() -> None:
    controller = installed("prod-mesh-None")["kong"]["controller"]["ingressController"]
    assert controller["admissionWebhook"]["certificate"]["provided"] is True, "a generated key enters the state"
    assert controller["adminApi"]["tls"]["client"]["certProvided"] is True, "a generated key enters the state"
    assert controller["createIngressClass"] is False, "the chart would drop it on the second update"


def test_every_secret_kong_mounts_is_filled_by_a_certificate_of_ours() -> None:
    stack = EVERY_STACK["prod-mesh-None"]
    kong = installed("prod-mesh-None")["kong"]
    controller = kong["controller"]["ingressController"]
    mounted = {
        controller["admissionWebhook"]["certificate"]["secretName"],
        controller["adminApi"]["tls"]["client"]["secretName"],
        *kong["gateway"]["secretVolumes"],
    }
    filled = {made["spec"]["secretName"] for made in objects(stack) if made["kind"] == "Certificate"}
    assert mounted < filled, f"a pod that mounts a Secret that is never made does not start: {sorted(mounted - filled)}"
    injected = controller["admissionWebhook"]["annotations"]["cert-manager.io/inject-ca-from"]
    assert injected == "kong/kong-webhook", "the API server must trust what the webhook presents"


def test_the_admin_listener_answers_only_the_controllers_certificate() -> None:
    kong = installed("prod-mesh-None")["kong"]
    gateway, controller = kong["gateway"]["env"], kong["controller"]["ingressController"]["env"]
    assert gateway["nginx_admin_ssl_verify_client"] == "on", "whoever reaches port 8444 owns the edge"
    assert gateway["nginx_admin_ssl_client_certificate"] == "/etc/secrets/kong-admin-server/ca.crt"
    assert controller["kong_admin_tls_skip_verify"] == "false", "the controller must know whom it configures"
    server = next(made for made in objects(EVERY_STACK["prod-mesh-None"]) if _named(made, "kong-admin-server"))
    assert server["spec"]["dnsNames"] == ["pod.kong-gateway-admin.kong.svc"], "the name the controller verifies"


def _named(made: dict[str, Any], name: str) -> bool:
    return bool(made["metadata"]["name"] == name)


def test_the_private_authority_outlives_everything_it_signs() -> None:
    kong = next(operator for operator in EVERY_STACK["prod-mesh-None"].charts if isinstance(operator, Kong))
    signed = (kong.admin_client, kong.admin_server, kong.webhook)
    assert all(certificate.life_hours < kong.authority_life_hours for certificate in signed)


def test_the_certificates_chain_to_one_issuer_made_before_them() -> None:
    known: set[tuple[str, str]] = set()
    for made in objects(EVERY_STACK["prod-mesh-None"]):
        issuer = made.get("spec", {}).get("issuerRef")
        if issuer is not None:
            assert (issuer["kind"], issuer["name"]) in known, f"{made['metadata']['name']}: made before its issuer"
        known.add((made["kind"], made["metadata"]["name"]))
    existing = installed("prod-mesh-None")["metrics-server"]["tls"]["certManager"]["existingIssuer"]
    assert (existing["kind"], existing["name"]) in known, "metrics-server waits for an issuer that is never made"


def test_every_object_beside_the_charts_is_marked_as_ours() -> None:
    for stack in EVERY_STACK.values():
        for made in objects(stack):
            assert made["metadata"]["labels"] == names.MANAGED, f"{made['metadata']['name']}: `down` does not find it"


def test_the_edge_keeps_port_8000_in_the_pod_and_80_and_443_at_its_service() -> None:
    proxy = installed("prod-mesh-None")["kong"]["gateway"]["proxy"]
    assert proxy["http"] == {"containerPort": 8000, "servicePort": 80}
    assert proxy["tls"] == {"containerPort": 8443, "servicePort": 443}


def test_a_laptop_waits_for_no_load_balancer() -> None:
    kinds = {env: installed(f"{env}-mesh-None")["kong"]["gateway"]["proxy"]["type"] for env in ENVIRONMENTS}
    assert kinds == {
        "dev": "ClusterIP",
        "ephemeral": "ClusterIP",
        "prod": "LoadBalancer",
        "staging": "LoadBalancer",
    }, "where nothing hands out addresses the engine would wait until it gives up"


def test_the_rate_limiters_password_is_a_reference_the_edge_can_start_without() -> None:
    variable = installed("prod-mesh-None")["kong"]["gateway"]["customEnv"]["KONG_RL_REDIS_PASSWORD"]
    assert variable == {"valueFrom": {"secretKeyRef": {"key": "password", "name": "kong-redis", "optional": True}}}


def test_kong_serves_the_one_gateway_and_account_that_have_a_name() -> None:
    kong = next(operator for operator in EVERY_STACK["prod-mesh-None"].charts if isinstance(operator, Kong))
    assert kong.reconciles == f"{names.KONG}/{names.GATEWAY}"
    assert f"{kong.name}-gateway" == names.GATEWAY_ACCOUNT, "the edge's identity follows from the release name"
