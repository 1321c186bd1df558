"""Kong's chart and the objects of ours it leans on: certificates, their issuer, the IngressClass.

It holds no route, no plugin and no Gateway: those are what the edge serves, this is the edge.
"""

from collections.abc import Iterator
from typing import Any, Final

from blueprint.operators.cert_manager import SELF_SIGNED_ISSUER, Certificate
from blueprint.operators.kong import INGRESS_CLASS, Kong
from manifests.manifest import Manifest, given, manifest
from manifests.operators.fragments import budget, trusted
from manifests.operators.spelling import Spelling
from manifests.resources import resources

_ADMIN_FOLDER: Final = "/etc/secrets/admin-api-cert"
"""Where the chart mounts the controller's admin client Secret (templates/_helpers.tpl, not configurable)."""


# Kong/charts ingress-0.24.0 (charts/ingress) and kong-3.2.0 (charts/kong), which it contains as `controller` and as
# `gateway`; one chart rather than two of `kong`, because its defaults wire the two together (admin discovery, the
# proxy Service's name). Not in values.yaml: `admissionWebhook.annotations` (templates/admission-webhook.yaml),
# `podDisruptionBudget.maxUnavailable` and `customEnv` (both commented out there). Variables of the controller:
# the flags of Kong/kubernetes-ingress-controller v3.5.13 (config/cli.go of its command), in capitals.
#
# Left to itself the chart generates the webhook's and the admin connection's keys while rendering, a new pair until
# the first has been applied, and puts them into our state; `admin.tls.client.secretName` fails the rendering of a
# cluster that has no such Secret yet; and the IngressClass it creates is not rendered again once it exists, so the
# next update would delete it. Hence certificates by cert-manager, the admin listener's variables by hand (the way
# Kong's own operator sets them) and our own IngressClass.
def _values(decision: Kong) -> dict[str, Any]:
    return {"controller": _controller(decision), "gateway": _gateway(decision)}


def _controller(decision: Kong) -> dict[str, Any]:
    return {
        "ingressController": {
            "adminApi": {
                "tls": {"client": {"certProvided": True, "enabled": True, "secretName": decision.admin_client.name}}
            },
            "admissionWebhook": {
                "annotations": {
                    "cert-manager.io/inject-ca-from": f"{decision.namespace}/{decision.webhook.name}",
                    **trusted(),
                },
                "certificate": {"provided": True, "secretName": decision.webhook.name},
                "failurePolicy": decision.webhook_failure_policy,
                # Only Secrets labelled for Kong, not every Secret of the cluster.
                "filterSecrets": True,
                "namespaceSelector": {
                    "matchExpressions": [{"key": decision.validated_namespaces, "operator": "Exists"}]
                },
            },
            "createIngressClass": False,
            "env": {
                "anonymous_reports": "false",
                # One bad plugin then loses its own route and not the whole configuration push.
                "feature_gates": "FallbackConfiguration=true",
                "gateway_to_reconcile": decision.reconciles,
                "kong_admin_ca_cert_file": f"{_ADMIN_FOLDER}/ca.crt",
                "kong_admin_tls_skip_verify": "false",
            },
            "image": {"repository": decision.controller_image.repository, "tag": decision.controller_image.tag},
            "ingressClass": INGRESS_CLASS,
            "resources": resources(decision.controller),
        },
        "podDisruptionBudget": budget(decision.controller_replicas),
        # It dials pods with a certificate of its own and answers the API server: a sidecar would stand in between.
        "podLabels": {"sidecar.istio.io/inject": "false"},
        "replicaCount": decision.controller_replicas,
    }


# The proxy listens on 8000 and 8443 in the pod; its Service offers 80 and 443, the ports of the Gateway's listeners,
# and cannot offer 8000 as well: the chart has one HTTP port per Service, and its `stream` ports would open a second,
# raw TCP listener on it. Whoever wants port 8000 behind a name adds a Service of their own.
def _gateway(decision: Kong) -> dict[str, Any]:
    admin = f"/etc/secrets/{decision.admin_server.name}"
    return {
        "customEnv": {
            "KONG_RL_REDIS_PASSWORD": {
                "valueFrom": {
                    # It is there before the chart is. Optional all the same: an edge that cannot start because its
                    # counter has no password would be worse than one that does not count.
                    "secretKeyRef": {"key": decision.redis_secret_key, "name": decision.redis_secret, "optional": True}
                }
            }
        },
        "env": {
            "admin_ssl_cert": f"{admin}/tls.crt",
            "admin_ssl_cert_key": f"{admin}/tls.key",
            "anonymous_reports": "off",
            "database": "off",
            # No Server, Via or latency headers: they tell strangers what runs here.
            "headers": "off",
            "nginx_admin_ssl_client_certificate": f"{admin}/ca.crt",
            "nginx_admin_ssl_verify_client": "on",
            "router_flavor": "traditional",
        },
        "image": {"repository": decision.gateway_image.repository, "tag": decision.gateway_image.tag},
        "manager": {"enabled": False},
        "podDisruptionBudget": budget(decision.gateway_replicas),
        "podLabels": {"sidecar.istio.io/inject": "true" if decision.meshed else "false"},
        "proxy": {
            "http": {"containerPort": 8000, "servicePort": 80},
            "tls": {"containerPort": 8443, "servicePort": 443},
            # Without ssl Kong would take the bytes of a handshake for the client's first words and tell no hosts apart.
            **given(
                stream=[
                    {"containerPort": port, "parameters": ["ssl"], "protocol": "TCP", "servicePort": port}
                    for port in decision.streams
                ]
            ),
            "type": decision.service_type,
        },
        "replicaCount": decision.gateway_replicas,
        "resources": resources(decision.gateway),
        "secretVolumes": [decision.admin_server.name],
    }


def _beside(decision: Kong) -> Iterator[Manifest]:
    """The objects Kong's chart leans on, in the order they can be made."""
    name, namespace = decision.authority, decision.namespace
    yield _certificate(
        name,
        namespace,
        {
            "commonName": name,
            "duration": f"{decision.authority_life_hours}h",
            "isCA": True,
            "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": SELF_SIGNED_ISSUER},
        },
    )
    yield manifest("cert-manager.io/v1", "Issuer", name, namespace, spec={"ca": {"secretName": name}})
    for certificate in (decision.admin_client, decision.admin_server, decision.webhook):
        yield _certificate(certificate.name, namespace, _leaf(certificate, name))
    spec = {"controller": "ingress-controllers.konghq.com/kong"}
    yield manifest("networking.k8s.io/v1", "IngressClass", INGRESS_CLASS, None, spec=spec)


def _leaf(certificate: Certificate, authority: str) -> dict[str, Any]:
    return {
        "dnsNames": list(certificate.dns_names),
        "duration": f"{certificate.life_hours}h",
        "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": authority},
        "usages": [certificate.usage],
    }


def _certificate(name: str, namespace: str, spec: dict[str, Any]) -> Manifest:
    key = {"algorithm": "ECDSA", "rotationPolicy": "Always", "size": 256}
    whole = {"privateKey": key, "secretName": name, **spec}
    return manifest("cert-manager.io/v1", "Certificate", name, namespace, spec=whole)


SPELLING: Final = Spelling(values=_values, beside=_beside)
