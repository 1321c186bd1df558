"""The public edge: Gateway, certificates, consumers, and each route with its Kong plugins."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from blueprint import names
from blueprint.gateway import Consumer, Gateway, Host, Route, TcpRoute
from blueprint.settings import Acme, SelfSigned
from blueprint.vendors import KONG_GATEWAY
from manifests.keys import pem
from manifests.manifest import Manifest, given, manifest

GATEWAY_API: Final = "gateway.networking.k8s.io/v1"
KONG: Final = "configuration.konghq.com/v1"
KONG_TCP: Final = "configuration.konghq.com/v1beta1"
"""Deprecated since the controller's 3.5 (docs/decisions/0033-bytes-enter-by-kongs-tcpingress.md)."""
CERTIFICATES: Final = "cert-manager.io/v1"
KONG_CLASS: Final = {"kubernetes.io/ingress.class": "kong"}

REDIS: Final = names.address(names.KONG_REDIS, names.KONG)
REDIS_PASSWORD: Final = "{vault://env/kong-rl-redis-password}"  # noqa: S105  (where Kong finds it, not the password)


def gateway(decision: Gateway) -> Iterator[Manifest]:
    """Issuers and certificates before the Gateway that mounts them."""
    yield from ISSUERS[type(decision.certificates)](decision.certificates)
    for host in decision.hosts:
        yield _certificate(host)
    yield manifest(
        GATEWAY_API,
        "GatewayClass",
        names.GATEWAY_CLASS,
        None,
        annotations={"konghq.com/gatewayclass-unmanaged": "true"},
        spec={"controllerName": "konghq.com/kic-gateway-controller"},
    )
    yield _gateway(decision)
    yield _inside()
    yield _redirect()
    for consumer in decision.consumers:
        yield from _consumer(consumer)
    for plugin, config in sorted(EVERYWHERE.items()):
        yield manifest(
            KONG,
            "KongClusterPlugin",
            plugin,
            None,
            labels={"global": "true"},
            annotations=KONG_CLASS,
            plugin=plugin,
            config=config,
        )


EVERYWHERE: Final[Mapping[str, Manifest]] = {
    "correlation-id": {"header_name": "X-Correlation-ID", "generator": "uuid", "echo_downstream": True},
    "prometheus": {
        "status_code_metrics": True,
        "latency_metrics": True,
        "bandwidth_metrics": True,
        "per_consumer": False,
    },
    "request-size-limiting": {"allowed_payload_size": 8, "size_unit": "megabytes"},
}
"""Plugins on every route. 8 MB: nginx's usual ceiling for a form with a picture."""


def _acme(certificates: Acme) -> Iterator[Manifest]:
    reference = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": names.GATEWAY,
        "namespace": names.KONG,
    }
    acme = {
        "server": certificates.server,
        "email": certificates.email,
        "privateKeySecretRef": {"name": f"{names.ISSUER}-account"},
        "solvers": [{"http01": {"gatewayHTTPRoute": {"parentRefs": [reference]}}}],
    }
    yield manifest(CERTIFICATES, "ClusterIssuer", names.ISSUER, None, spec={"acme": acme})


def _self_signed(_: SelfSigned) -> Iterator[Manifest]:
    """A root that signs itself, and the authority it makes: one certificate to trust for all hosts."""
    root, authority = f"{names.ISSUER}-root", f"{names.ISSUER}-authority"
    yield manifest(CERTIFICATES, "ClusterIssuer", root, None, spec={"selfSigned": {}})
    spec = {
        "secretName": authority,
        "isCA": True,
        "commonName": authority,
        "duration": "87600h0m0s",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": root},
    }
    yield manifest(CERTIFICATES, "Certificate", authority, names.CERT_MANAGER, spec=spec)
    yield manifest(CERTIFICATES, "ClusterIssuer", names.ISSUER, None, spec={"ca": {"secretName": authority}})


ISSUERS: Final[Mapping[type, Callable[[Any], Iterator[Manifest]]]] = {Acme: _acme, SelfSigned: _self_signed}
"""Kind of certificates → issuers. Total over `settings.Certificates`; a test says so."""


def _certificate(host: Host) -> Manifest:
    spec = {
        "secretName": host.certificate,
        "dnsNames": [host.name],
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": names.ISSUER},
        "duration": "2160h0m0s",
        "renewBefore": "720h0m0s",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "usages": ["digital signature", "server auth"],
    }
    return manifest(CERTIFICATES, "Certificate", host.certificate, names.KONG, spec=spec)


def _gateway(decision: Gateway) -> Manifest:
    plain = {"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "Same"}}}
    services = {"matchExpressions": [{"key": names.SERVICE_LABEL, "operator": "Exists"}]}
    listeners = [
        {
            "name": host.listener,
            "protocol": "HTTPS",
            "port": 443,
            "hostname": host.name,
            "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": host.certificate}]},
            "allowedRoutes": {"namespaces": {"from": "Selector", "selector": services}},
        }
        for host in decision.hosts
    ]
    spec = {"gatewayClassName": names.GATEWAY_CLASS, "listeners": [plain, *listeners]}
    return manifest(GATEWAY_API, "Gateway", names.GATEWAY, names.KONG, spec=spec)


INSIDE_PORT: Final = 8000
"""The templates' port of the gateway, kept for callers inside the cluster."""


def _inside() -> Manifest:
    """The gateway for callers inside; the chart's own Service has the public ports only."""
    spec = {
        "type": "ClusterIP",
        "selector": dict(sorted(KONG_GATEWAY.labels.items())),
        "ports": [{"name": "http", "port": INSIDE_PORT, "targetPort": INSIDE_PORT, "appProtocol": "http"}],
    }
    return manifest("v1", "Service", "gateway", names.KONG, spec=spec)


def _redirect() -> Manifest:
    """Port 80 answers with where to go."""
    redirect = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
    match = {"path": {"type": "PathPrefix", "value": "/"}}
    spec = {
        "parentRefs": [{"name": names.GATEWAY, "namespace": names.KONG, "sectionName": "http"}],
        "rules": [{"matches": [match], "filters": [redirect]}],
    }
    return manifest(GATEWAY_API, "HTTPRoute", "https-redirect", names.KONG, spec=spec)


def _consumer(consumer: Consumer) -> Iterator[Manifest]:
    """Everybody with a token of one issuer: its public keys and groups as credentials, then the consumer."""
    credentials = []
    for key in consumer.text.jwks.keys:
        name = names.fit(f"{consumer.name}-{key.kid.lower().replace('_', '-')}")
        data = {"algorithm": key.alg, "key": key.kid, "rsa_public_key": pem(key)}
        credentials.append(_credential(name, "jwt", data))
    credentials += [
        _credential(names.fit(f"{consumer.name}-group-{group}"), "acl", {"group": group})
        for group in sorted(consumer.text.groups)
    ]
    yield from credentials
    yield manifest(
        KONG,
        "KongConsumer",
        consumer.name,
        names.KONG,
        annotations=KONG_CLASS,
        username=consumer.name,
        custom_id=consumer.text.issuer,
        credentials=[credential["metadata"]["name"] for credential in credentials],
    )


def _credential(name: str, kind: str, data: Mapping[str, str]) -> Manifest:
    """Kong asks for a Secret; what is in it is public."""
    labels = {"konghq.com/credential": kind}
    return manifest("v1", "Secret", name, names.KONG, labels=labels, type="Opaque", stringData=dict(data))


def route(decision: Route) -> Iterator[Manifest]:
    """The plugins, then the route that names them."""
    plugins = sorted(_plugins(decision).items())
    for kind, config in plugins:
        name = names.plugin(decision.service, decision.api, kind)
        yield manifest(KONG, "KongPlugin", name, decision.namespace, annotations=KONG_CLASS, plugin=kind, config=config)
    annotations = {
        "konghq.com/plugins": ",".join(names.plugin(decision.service, decision.api, kind) for kind, _ in plugins),
        # With the client's Host the mesh would know no such service and send the request on unencrypted.
        "konghq.com/preserve-host": "false",
        "konghq.com/strip-path": str(decision.strips_path).lower(),
        # Kong gathers an answer before it sends it on: an event would wait for those that fill its buffer.
        **(
            {"konghq.com/request-buffering": "false", "konghq.com/response-buffering": "false"}
            if decision.streams
            else {}
        ),
    }
    rules = [
        {
            "matches": [{"path": {"type": "PathPrefix", "value": path}} for path in decision.paths],
            "backendRefs": [{"name": decision.service, "port": decision.port}],
        }
    ]
    spec = {
        "parentRefs": [{"name": names.GATEWAY, "namespace": names.KONG, "sectionName": decision.listener}],
        "hostnames": [decision.host],
        "rules": rules,
    }
    name = names.route(decision.service, decision.api)
    yield manifest(GATEWAY_API, "HTTPRoute", name, decision.namespace, annotations=annotations, spec=spec)


def tcp_route(decision: TcpRoute) -> Iterator[Manifest]:
    """Bytes for one host on one port. No `tls`: Kong shows the certificate of the Gateway's listener for that host on
    every port, and a second one in the service's namespace would give its owner the host's key."""
    rule = {
        "host": decision.host,
        "port": decision.port,
        "backend": {"serviceName": decision.service, "servicePort": decision.service_port},
    }
    annotations = {**KONG_CLASS, f"{names.PREFIX}/why": decision.reason}
    name = names.tcp_route(decision.service, decision.name)
    yield manifest(KONG_TCP, "TCPIngress", name, decision.namespace, annotations=annotations, spec={"rules": [rule]})


def _plugins(decision: Route) -> dict[str, Manifest]:
    """Kind of plugin → its configuration, in Kong's own words (schemas of Kong 3.9)."""
    made = {"rate-limiting": _rate_limiting(decision), "request-transformer": _transformer(decision)}
    if decision.auth.type == "jwt":
        made["jwt"] = {
            "claims_to_verify": list(decision.auth.claims_to_verify),
            "header_names": ["authorization"],
            "key_claim_name": decision.auth.key_claim_name,
            "run_on_preflight": False,
            "uri_param_names": [],  # a token in an address ends up in logs
        }
    if decision.acl:
        groups = given(allow=list(decision.acl.allow), deny=list(decision.acl.deny))
        made["acl"] = {**groups, "hide_groups_header": True}
    if decision.cors:
        made["cors"] = {
            "credentials": decision.cors.credentials,
            "max_age": 3600,
            "methods": [*decision.cors.methods, "OPTIONS"],
            "origins": list(decision.cors.origins),
            **given(
                headers=sorted({"Authorization", "Content-Type", *decision.cors.headers})
                if decision.cors.headers
                else None
            ),
        }
    return made


def _rate_limiting(decision: Route) -> Manifest:
    limit = decision.rate_limit
    config = given(second=limit.second, minute=limit.minute, hour=limit.hour)
    config |= {
        "policy": limit.policy,
        "limit_by": "consumer" if decision.auth.type == "jwt" else "ip",
        "fault_tolerant": True,  # without Redis the route stays up and unlimited rather than down
        "hide_client_headers": False,
    }
    if limit.policy == "redis":
        config["redis"] = {"host": REDIS, "port": 6379, "timeout": 500, "password": REDIS_PASSWORD}
    return config


def _transformer(decision: Route) -> Manifest:
    text = decision.transformer
    remove = given(
        headers=sorted({*names.IDENTITY_HEADERS, *text.remove.headers}), querystring=list(text.remove.querystring)
    )
    add = given(headers=list(text.add.headers), querystring=list(text.add.querystring))
    replace = given(headers=list(text.replace.headers), querystring=list(text.replace.querystring))
    return given(add=add, remove=remove, replace=replace)
