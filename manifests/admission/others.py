"""What nobody may do to addresses, grants, walls, the mesh and the labels all of it hangs on."""

from typing import Final

from blueprint import names
from manifests.admission.spelling import Check, Spelling, optional

ADDRESSES: Final = Spelling(
    resources=(("", "v1", ("services",)), ("discovery.k8s.io", "v1", ("endpointslices",))),
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
            "object.kind != 'EndpointSlice'"
            " || request.userInfo.username.startsWith('system:serviceaccount:kube-system:')"
            " || request.userInfo.username.startsWith('system:kube-controller-manager')",
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
            " && !(has(r.apiGroups) && r.apiGroups.exists(g, g == '*')))",
            "a role that grants everything there will ever be. List verbs, resources and groups",
        ),
        Check(
            "rbac-no-escalation-verbs",
            "variables.rules.all(r, !r.verbs.exists(v, v in ['bind', 'escalate', 'impersonate']))",
            "a role whose holder can make itself anybody. Remove escalate, bind and impersonate",
        ),
        Check(
            "rbac-no-cluster-admin",
            "object.kind != 'RoleBinding' || !(object.roleRef.name in ['admin', 'cluster-admin', 'edit']"
            " || object.roleRef.name.startsWith('system:'))",
            "a binding to a role made for people who run the cluster. Bind a role of its own",
        ),
        Check(
            "sa-no-legacy-token",
            "object.kind != 'Secret' || !has(object.type) || object.type != 'kubernetes.io/service-account-token'",
            "a token that never expires. Ask the TokenRequest API",
        ),
    ),
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
            "variables.ways.all(peers, peers.size() > 0 && peers.all(p, !(has(p.namespaceSelector)"
            " && !has(p.podSelector) && !has(p.namespaceSelector.matchLabels)"
            " && !has(p.namespaceSelector.matchExpressions))))",
            "a NetworkPolicy that lets everyone in or out. Name the peers",
        ),
    ),
)

MESH: Final = Spelling(
    resources=(
        ("networking.istio.io", "*", ("destinationrules", "envoyfilters")),
        ("security.istio.io", "*", ("authorizationpolicies", "peerauthentications")),
    ),
    variables={},
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
            " || object.metadata.annotations['istio.io/dry-run'] != 'true'",
            "an AuthorizationPolicy that only pretends. Remove istio.io/dry-run",
        ),
        Check(
            "mesh-authz-no-allow-all",
            "object.kind != 'AuthorizationPolicy' || !has(object.spec) || !has(object.spec.rules)"
            " || (has(object.spec.action) && object.spec.action != 'ALLOW')"
            " || object.spec.rules.all(r, has(r.from) && r.from.size() > 0)",
            "an AuthorizationPolicy that allows everyone. Name the principals in `from`",
        ),
        Check(
            "mesh-destrule-tls",
            "object.kind != 'DestinationRule' || !has(object.spec.trafficPolicy)"
            f" || {optional('object.spec.trafficPolicy', 'tls', 'mode', otherwise=repr(''))} != 'DISABLE'",
            "a DestinationRule that switches mTLS off. Remove trafficPolicy.tls",
        ),
        Check(
            "mesh-envoyfilter",
            "object.kind != 'EnvoyFilter' || object.metadata.namespace == 'istio-system'",
            "an EnvoyFilter can undo anything in this list. Remove it",
        ),
    ),
)

_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
OWNER: Final = f"{names.PREFIX}/owner"
"""On every namespace of a service and of its stores."""

NAMESPACES: Final = Spelling(
    resources=(("", "v1", ("namespaces",)),),
    variables={"labels": "has(object.metadata.labels) ? object.metadata.labels : {}"},
    checks=(
        Check(
            "ns-psa-labels",
            f"!('{OWNER}' in variables.labels)"
            f" || ('{_ENFORCE}' in variables.labels && variables.labels['{_ENFORCE}'] == 'restricted')",
            f"a service's namespace without Pod Security restricted. Set {_ENFORCE} to restricted",
        ),
        Check(
            "ns-labels",
            "oldObject == null || !has(oldObject.metadata.labels) || ["
            + ", ".join(f"'{label}'" for label in (OWNER, *names.MANAGED))
            + "].all(k, !(k in oldObject.metadata.labels)"
            " || (k in variables.labels && variables.labels[k] == oldObject.metadata.labels[k]))",
            "a namespace that loses the labels these walls hold by. Leave them as they are",
        ),
    ),
)
