"""What is refused in addresses, grants, NetworkPolicies, the mesh, and the labels by which policies select."""

from typing import Final

from blueprint import names
from manifests.admission.spelling import Check, Spelling, optional

ADDRESSES: Final = Spelling(
    resources=(("", "v1", ("endpoints", "services")), ("discovery.k8s.io", "v1", ("endpointslices",))),
    variables={"spec": "object.kind == 'Service' ? object.spec : {}"},
    checks=(
        Check(
            "net-service-exposure",
            "object.kind != 'Service' || "
            + optional("object.spec", "type", otherwise="'ClusterIP'")
            + " == 'ClusterIP'",
            "a Service that is reached past the gateway. Set type to ClusterIP and publish a route",
        ),
        Check(
            "net-service-external-ips",
            "object.kind != 'Service' || !has(object.spec.externalIPs) || object.spec.externalIPs.size() == 0",
            "a Service that takes other people's addresses (CVE-2020-8554). Remove externalIPs",
        ),
        Check(
            "net-manual-endpoints",
            # What is written to Endpoints the control plane mirrors into slices.
            "!(object.kind in ['EndpointSlice', 'Endpoints'])"
            " || request.userInfo.username.startsWith('system:serviceaccount:kube-system:')"
            " || request.userInfo.username == 'system:kube-controller-manager'",
            "endpoints written by hand lead past every selector. Give the Service a selector",
        ),
    ),
)

_RULES: Final = "(object.kind == 'Role' && has(object.rules) && object.rules != null ? object.rules : [])"

GRANTS: Final = Spelling(
    resources=(("rbac.authorization.k8s.io", "v1", ("rolebindings", "roles")), ("", "v1", ("secrets",))),
    variables={"rules": _RULES},
    checks=(
        Check(
            "rbac-no-wildcards",
            "variables.rules.all(r, !r.verbs.exists(v, v == '*')"
            " && !(has(r.resources) && r.resources.exists(n, n.contains('*')))"
            " && !(has(r.apiGroups) && r.apiGroups.exists(g, g == '*'))"
            " && !['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']"
            ".all(v, v in r.verbs))",
            "a role that grants everything there will ever be. List the verbs, resources and groups that are needed",
        ),
        Check(
            "rbac-no-escalation-verbs",
            "variables.rules.all(r, !r.verbs.exists(v, v in ['bind', 'escalate'] || v.startsWith('impersonate')))",
            "a role whose holder can make itself anybody. Remove escalate, bind and impersonate",
        ),
        Check(
            "rbac-no-cluster-admin",
            "object.kind != 'RoleBinding' || object.roleRef.kind == 'Role'"
            " || !(object.roleRef.name in ['admin', 'cluster-admin', 'edit']"
            " || object.roleRef.name.startsWith('system:'))",
            "a binding to a role made for people who run the cluster. Bind a role of its own",
        ),
        Check(
            "rbac-no-anonymous",
            "object.kind != 'RoleBinding' || !has(object.subjects) || object.subjects.all(s, !(s.name in ["
            "'system:anonymous', 'system:authenticated', 'system:masters', 'system:serviceaccounts',"
            " 'system:unauthenticated']) && !s.name.startsWith('system:serviceaccounts:'))",
            "a binding to everybody. Bind one service account",
        ),
        Check(
            "sa-no-legacy-token",
            "object.kind != 'Secret' || !has(object.type) || object.type != 'kubernetes.io/service-account-token'",
            "a token that never expires. Ask the TokenRequest API",
        ),
    ),
)


def _is_any(selector: str) -> str:
    """Whether a selector of a NetworkPolicy asks for nothing anybody would lack."""
    return (
        f"((!has({selector}.matchLabels) || {selector}.matchLabels.size() == 0)"
        f" && (!has({selector}.matchExpressions) || {selector}.matchExpressions.all(e, e.operator in"
        " ['DoesNotExist', 'NotIn'] || (e.operator == 'Exists' && e.key == 'kubernetes.io/metadata.name'))))"
    )


TRAFFIC: Final = Spelling(
    resources=(("networking.k8s.io", "v1", ("networkpolicies",)),),
    variables={
        "ways": "(has(object.spec.ingress) ? object.spec.ingress.map(r, has(r.from) ? r.from : []) : [])"
        " + (has(object.spec.egress) ? object.spec.egress.map(r, has(r.to) ? r.to : []) : [])",
    },
    checks=(
        Check(
            "net-no-allow-all",
            "variables.ways.all(peers, peers.size() > 0 && peers.all(p, has(p.ipBlock)"
            # Half of all addresses is no range anybody meant: two of them are all.
            " ? cidr(p.ipBlock.cidr).prefixLength() > 1 || has(p.ipBlock.except)"
            " : has(p.podSelector) && !has(p.namespaceSelector)"
            f" || has(p.namespaceSelector) && !({_is_any('p.namespaceSelector')}"
            f" && (!has(p.podSelector) || {_is_any('p.podSelector')}))))",
            "a NetworkPolicy that lets everyone in or out. Name the peers",
        ),
    ),
)

_SAFE: Final = "has({0}.mode) && {0}.mode in ['ISTIO_MUTUAL', 'MUTUAL', 'SIMPLE']"
"""A client's TLS that is not switched off. Without a mode it is: Istio's default is DISABLE."""

_NAMED: Final = " + ".join(
    optional("f.source", field, otherwise="[]") for field in ("principals", "serviceAccounts", "namespaces")
)
_USERS: Final = optional("f.source", "requestPrincipals", otherwise="[]")

MESH: Final = Spelling(
    resources=(
        ("extensions.istio.io", "*", ("trafficextensions", "wasmplugins")),
        ("networking.istio.io", "*", ("destinationrules", "envoyfilters", "proxyconfigs")),
        ("security.istio.io", "*", ("authorizationpolicies", "peerauthentications")),
    ),
    variables={
        "policies": "object.kind != 'DestinationRule' ? []"
        " : [object.spec].filter(s, has(s.trafficPolicy)).map(s, s.trafficPolicy)"
        f" + {optional('object.spec', 'subsets', otherwise='[]')}"
        ".filter(s, has(s.trafficPolicy)).map(s, s.trafficPolicy)",
    },
    checks=(
        Check(
            "mesh-peerauth-no-weaken",
            "object.kind != 'PeerAuthentication' || !has(object.spec) || ("
            f"{optional('object.spec', 'mtls', 'mode', otherwise=repr('UNSET'))} in ['STRICT', 'UNSET']"
            " && (!has(object.spec.portLevelMtls)"
            " || object.spec.portLevelMtls.all(p, !has(object.spec.portLevelMtls[p].mode)"
            " || object.spec.portLevelMtls[p].mode in ['STRICT', 'UNSET'])))",
            "a PeerAuthentication that lets plain text in. Set the mode to STRICT",
        ),
        Check(
            "mesh-authz-dry-run",
            "object.kind != 'AuthorizationPolicy' || !has(object.metadata.annotations)"
            " || !('istio.io/dry-run' in object.metadata.annotations)"
            " || object.metadata.annotations['istio.io/dry-run'].lowerAscii() in ['', '0', 'f', 'false']",
            "an AuthorizationPolicy that only pretends. Remove istio.io/dry-run",
        ),
        Check(
            "mesh-authz-no-allow-all",
            "object.kind != 'AuthorizationPolicy' || !has(object.spec) || !has(object.spec.rules)"
            " || (has(object.spec.action) && object.spec.action != 'ALLOW')"
            " || object.spec.rules.all(r, has(r.from) && r.from.size() > 0 && r.from.all(f, has(f.source)"
            f" && ({_NAMED}).all(n, n != '' && !n.contains('*')) && (({_NAMED}).size() > 0"
            f" || ({_USERS}.size() > 0 && {_USERS}.all(u, !(u in ['', '*', '*/*']))))))",
            "an AuthorizationPolicy that allows everyone. Name the principals in `from`",
        ),
        Check(
            "mesh-destrule-tls",
            f"variables.policies.all(p, (!has(p.tls) || ({_SAFE.format('p.tls')})) && (!has(p.portLevelSettings)"
            f" || p.portLevelSettings.all(s, !has(s.tls) || ({_SAFE.format('s.tls')}))))",
            "a DestinationRule that switches mTLS off. Remove tls, from its subsets and ports too",
        ),
        Check(
            "mesh-envoyfilter",
            "!(object.kind in ['EnvoyFilter', 'ProxyConfig', 'TrafficExtension', 'WasmPlugin'])"
            " || object.metadata.namespace == 'istio-system'",
            "an extension of proxies can undo anything in this list. Remove it",
        ),
    ),
)

_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
OWNER: Final = f"{names.PREFIX}/owner"
"""On every namespace of a service and of its stores."""

NAMESPACES: Final = Spelling(
    # Whoever may write a status or finalize a namespace writes its labels too.
    resources=(("", "v1", ("namespaces", "namespaces/finalize", "namespaces/status")),),
    variables={
        "labels": "has(object.metadata.labels) ? object.metadata.labels : {}",
        "before": "oldObject != null && has(oldObject.metadata.labels) ? oldObject.metadata.labels : {}",
    },
    checks=(
        Check(
            "ns-psa-labels",
            f"!('{OWNER}' in variables.labels)"
            f" || ('{_ENFORCE}' in variables.labels && variables.labels['{_ENFORCE}'] == 'restricted'"
            f" && (!('{_ENFORCE}-version' in variables.labels)"
            f" || variables.labels['{_ENFORCE}-version'] == 'latest'))",
            f"a service's namespace without Pod Security restricted. Set {_ENFORCE} to restricted, version latest",
        ),
        Check(
            "ns-labels",
            # A service may change its owner: the policies select by the presence of the label, not by its value.
            f"(!('{OWNER}' in variables.before) || '{OWNER}' in variables.labels) && ["
            + ", ".join(f"'{label}'" for label in names.MANAGED)
            + "].all(k, !(k in variables.before)"
            " || (k in variables.labels && variables.labels[k] == variables.before[k]))"
            # Beside stores less is asked of pods: no namespace becomes such a one.
            f" && (!('{OWNER}' in variables.before) || '{names.STORES_LABEL}' in variables.before"
            f" || !('{names.STORES_LABEL}' in variables.labels))",
            "a namespace that loses the labels these walls hold by. Leave them as they are",
        ),
    ),
)
