"""The mesh's objects: mesh-wide rules, and each service's authorization, scope, routes and circuit breaker.

`tls` is never set in a DestinationRule: the mesh encrypts by itself, and setting it breaks hosts outside.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from blueprint import names
from blueprint.apis import Request
from blueprint.calls import Calls, Rule
from blueprint.catalogue.balancing import CookieAffinity, HeaderAffinity, SourceIpAffinity
from blueprint.mesh import AuthorizationRule, External, Membership, Mesh, Operation, TrafficPolicy
from blueprint.names import selector
from blueprint.quantities import seconds
from blueprint.settings import Identity
from manifests.manifest import Manifest, duration, given, manifest

SECURITY: Final = "security.istio.io/v1"
ISTIO: Final = "networking.istio.io/v1"

RESOLVER: Final = f"kube-system/{names.address('kube-dns', 'kube-system')}"
"""The cluster's resolver, for answers too long for UDP: TCP passes the proxy, which must know where it leads."""

STABLE: Final = "stable"
CANARY: Final = "canary"
"""The two subsets of a canary's DestinationRule; Argo Rollouts keeps no others."""
WEIGHTS_ROUTE: Final = "weights"
"""The one route of a delegate. The name is no port's: what Argo Rollouts wrote stays, also when a port is renamed."""


def mesh(decision: Mesh) -> Iterator[Manifest]:
    """What holds from the first object: mTLS everywhere, nobody admitted, nothing known beyond the own namespace."""
    del decision
    yield manifest(SECURITY, "PeerAuthentication", "default", names.ISTIO, spec={"mtls": {"mode": "STRICT"}})
    yield manifest(SECURITY, "AuthorizationPolicy", "deny-all", names.ISTIO, spec={})
    yield _sidecar(names.ISTIO, ["./*", RESOLVER])
    # The edge knows every service, so that a new route changes no object of the platform's; what it may reach is
    # closed by a network policy and an AuthorizationPolicy per route
    # (docs/decisions/0007-the-gateways-sidecar-names-no-service.md).
    yield _sidecar(names.KONG, ["*/*"])


def _sidecar(namespace: str, hosts: list[str]) -> Manifest:
    spec = {"egress": [{"hosts": hosts}], "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
    return manifest(ISTIO, "Sidecar", "default", namespace, spec=spec)


def membership(decision: Membership) -> Iterator[Manifest]:
    """One service's objects. The DestinationRule comes before the routes that name its subsets."""
    for rule in decision.authorization:
        yield _authorization(decision, rule)
    if decision.tokens:
        yield _tokens(decision, decision.tokens)
    yield _sidecar(decision.namespace, ["./*", RESOLVER, *(f"{namespace}/*" for namespace in decision.scope)])
    for external in decision.externals:
        yield _service_entry(decision, external)
    if decision.traffic:
        yield _destination_rule(decision, decision.traffic)
        for port in decision.traffic.ports:
            yield _weights(decision, decision.traffic, port)
        if decision.traffic.public:
            yield _public(decision, decision.traffic)
    for calls in decision.calls:
        if calls.rules:
            yield _calls(decision, calls)


def _authorization(of: Membership, rule: AuthorizationRule) -> Manifest:
    port = str(rule.port)
    operations = [_operation(operation, port) for operation in rule.operations] or [{"operation": {"ports": [port]}}]
    allowed = {
        "from": [{"source": {"principals": [rule.principal]}}],
        "to": operations,
        **given(when=[{"key": "request.auth.claims[iss]", "values": list(rule.issuers)}] if rule.issuers else None),
    }
    spec = {"action": "ALLOW", "selector": {"matchLabels": dict(selector(of.service))}, "rules": [allowed]}
    return manifest(SECURITY, "AuthorizationPolicy", rule.name, of.namespace, spec=spec)


def _operation(operation: Operation, port: str) -> Manifest:
    paths = given(paths=list(operation.paths), notPaths=list(operation.excluded))
    return {"operation": given(methods=list(operation.methods), **paths, ports=[port])}


def _tokens(of: Membership, identity: Identity) -> Manifest:
    """A bad token is refused here; a missing one by the AuthorizationPolicy, which asks for an issuer."""
    rules = [
        {
            "issuer": issuer.issuer,
            **given(audiences=list(issuer.audiences)),
            "jwks": issuer.jwks.model_dump_json(by_alias=True),
            "forwardOriginalToken": True,
        }
        for _, issuer in sorted(identity.issuers.items())
    ]
    spec = {"selector": {"matchLabels": dict(selector(of.service))}, "jwtRules": rules}
    return manifest(SECURITY, "RequestAuthentication", "tokens", of.namespace, spec=spec)


def _service_entry(of: Membership, external: External) -> Manifest:
    spec = {
        "hosts": [external.host],
        **given(addresses=list(external.addresses)),
        "exportTo": ["."],
        "location": "MESH_EXTERNAL",
        "resolution": "NONE" if external.addresses else "DNS",
        "ports": [
            {"name": f"{protocol.lower()}-{number}", "number": number, "protocol": protocol}
            for number, protocol in external.ports
        ],
    }
    return manifest(ISTIO, "ServiceEntry", external.host, of.namespace, spec=spec)


def _destination_rule(of: Membership, traffic: TrafficPolicy) -> Manifest:
    pool, outliers = traffic.resilience.connection_pool, traffic.resilience.outlier_detection
    policy = {
        "connectionPool": {
            "tcp": {"maxConnections": pool.max_connections, "connectTimeout": duration(seconds(pool.connect_timeout))},
            "http": {
                "http2MaxRequests": pool.http2_max_requests,
                "maxRequestsPerConnection": pool.max_requests_per_connection,
            },
        },
        "outlierDetection": {
            "consecutive5xxErrors": outliers.consecutive5xx_errors,
            "interval": duration(seconds(outliers.interval)),
            "baseEjectionTime": duration(seconds(outliers.base_ejection_time)),
            "maxEjectionPercent": outliers.max_ejection_percent,
        },
        "loadBalancer": _load_balancer(traffic),
    }
    labels = dict(selector(of.service))
    subsets = [{"name": STABLE, "labels": labels}, {"name": CANARY, "labels": labels}] if traffic.split else None
    spec = {"host": traffic.target, "trafficPolicy": policy, **given(subsets=subsets)}
    return manifest(ISTIO, "DestinationRule", of.service, of.namespace, spec=spec)


def _load_balancer(traffic: TrafficPolicy) -> Manifest:
    """A simple one, or a hash. With outlierDetection a proxy knows the pods of its own zone before all others, so that
    proxies in two zones would hash over different pods; hence without localities (Istio, ConsistentHashLB)."""
    if traffic.affinity is None:
        return {"simple": traffic.resilience.load_balancer}
    return {
        "consistentHash": HASHES[type(traffic.affinity)](traffic.affinity),
        "localityLbSetting": {"enabled": False},
    }


def _cookie(affinity: CookieAffinity) -> Manifest:
    """Without a path a browser would keep one cookie per folder."""
    lifetime = {"path": "/", "ttl": duration(seconds(affinity.ttl))} if affinity.ttl else {}
    return {"httpCookie": {"name": affinity.name, **lifetime}}


HASHES: Final[Mapping[type, Callable[[Any], Manifest]]] = {
    CookieAffinity: _cookie,
    HeaderAffinity: lambda affinity: {"httpHeaderName": affinity.name},
    SourceIpAffinity: lambda _: {"useSourceIp": True},
}
"""Kind of affinity → what is hashed. Total over `balancing.Affinity`; a test says so."""


def _weights(of: Membership, traffic: TrafficPolicy, port: int) -> Manifest:
    """The delegate for one port. Argo Rollouts writes a canary's weights, and before them the route by header, which
    leads to the port of the route that is here: with a second port's, its requests would go there too."""
    destination = {"host": traffic.target, "port": {"number": port}}
    ends: list[Manifest] = [{"destination": destination}]
    if traffic.split:
        ends = [
            {"destination": {**destination, "subset": STABLE}, "weight": 100},
            {"destination": {**destination, "subset": CANARY}, "weight": 0},
        ]
    route = {"name": WEIGHTS_ROUTE, "match": [{"port": port}], "route": ends}
    return manifest(ISTIO, "VirtualService", names.weights(of.service, port), of.namespace, spec={"http": [route]})


def _public(of: Membership, traffic: TrafficPolicy) -> Manifest:
    """The root for the gateway, visible to it alone."""
    rules = [_rule(rule, of.service, of.namespace) for rule in traffic.public]
    return _root(of.service, of.namespace, traffic.host, rules, export_to=names.KONG)


def _calls(of: Membership, calls: Calls) -> Manifest:
    """The root for one caller, in its own namespace and visible there alone."""
    rules = [_rule(rule, calls.provider, calls.namespace) for rule in calls.rules]
    return _root(names.to(calls.provider), of.namespace, calls.host, rules, export_to=".")


def _root(name: str, namespace: str, host: str, rules: list[Manifest], *, export_to: str) -> Manifest:
    spec = {"hosts": [host], "exportTo": [export_to], "http": rules}
    return manifest(ISTIO, "VirtualService", name, namespace, spec=spec)


def _rule(rule: Rule, provider: str, namespace: str) -> Manifest:
    matches = [{"port": rule.port, **_match(request)} for request in rule.requests] or [{"port": rule.port}]
    retries: Manifest = {"attempts": rule.attempts}
    if rule.attempts:  # attempts 0 beside the other two is refused by Istio's webhook
        retries |= {"perTryTimeout": duration(rule.per_try_seconds), "retryOn": ",".join(rule.retry_on)}
    return {
        "name": rule.name,
        "match": matches,
        # None is said by leaving it out: Istio's schema refuses 0s, and takes no word for the default.
        **given(timeout=None if rule.timeout_seconds is None else duration(rule.timeout_seconds)),
        "retries": retries,
        "delegate": {"name": names.weights(provider, rule.port), "namespace": namespace},
    }


_PARAMETER: Final = re.compile(r"\{[^}]*\}")


def _match(request: Request) -> Manifest:
    """Method and path; a path with parameters as a regular expression (RE2, matched whole)."""
    if "{" not in request.path:
        return {"method": {"exact": request.method}, "uri": {"exact": request.path}}
    pattern = "[^/]+".join(re.escape(piece) for piece in _PARAMETER.split(request.path))
    return {"method": {"exact": request.method}, "uri": {"regex": pattern}}
