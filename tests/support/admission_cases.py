"""What the cluster must refuse and what it must let pass: one object per check of `manifests.admission`."""

import copy
from collections.abc import Iterator
from typing import Any, Final

import yaml

from tests.support.policy_cases import FOLDER

ROOM: Final = "walled"
"""A namespace with our labels."""
STORES: Final = "walled-data"
"""A namespace with our labels and that of stores."""

POD: Final[dict[str, Any]] = yaml.safe_load((FOLDER / "bases" / "pod.yaml").read_text())[0]


def pod(**patch: Any) -> dict[str, Any]:
    """A pod nobody objects to, but for `patch` on its spec."""
    made = copy.deepcopy(POD)
    made["metadata"] |= {"name": "tried", "namespace": ROOM}
    del made["spec"]["priorityClassName"]
    made["spec"] |= {"serviceAccountName": "tried", **patch}
    return made


def container(**patch: Any) -> dict[str, Any]:
    """The same, with `patch` on its container."""
    made = pod()
    made["spec"]["containers"][0] |= patch
    return made


def security(**patch: Any) -> dict[str, Any]:
    """The same, with `patch` on the container's securityContext; None takes a field away."""
    made = pod()
    context = {**made["spec"]["containers"][0]["securityContext"], **patch}
    made["spec"]["containers"][0]["securityContext"] = {key: said for key, said in context.items() if said is not None}
    return made


def carried(kind: str, of: dict[str, Any]) -> dict[str, Any]:
    """The pod `of` as a template of `kind`."""
    labels = {"app": "tried"}
    marks = {"annotations": of["metadata"]["annotations"], "labels": {**of["metadata"]["labels"], **labels}}
    template = {"metadata": marks, "spec": of["spec"]}
    meta = {"name": "tried", "namespace": ROOM}
    common = {"selector": {"matchLabels": labels}, "template": template}
    jobbed = {**template, "spec": {**of["spec"], "restartPolicy": "Never"}}
    return {
        "Pod": of,
        "Deployment": {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": common},
        "ReplicaSet": {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": common},
        "DaemonSet": {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": common},
        "StatefulSet": {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": common},
        "ReplicationController": {
            "apiVersion": "v1", "kind": kind, "metadata": meta, "spec": {"selector": labels, "template": template}
        },
        "Job": {"apiVersion": "batch/v1", "kind": kind, "metadata": meta, "spec": {"template": jobbed}},
        "CronJob": {
            "apiVersion": "batch/v1", "kind": kind, "metadata": meta,
            "spec": {"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": jobbed}}},
        },
        "Rollout": {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": meta, "spec": common},
    }[kind]  # fmt: skip


CARRIERS: Final = (
    "Pod", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "ReplicationController", "Job", "CronJob", "Rollout"
)  # fmt: skip


def thing(api_version: str, kind: str, **rest: Any) -> dict[str, Any]:
    """An object in the namespace that the policies judge."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "tried", "namespace": ROOM}, **rest}


def marked(annotations: dict[str, str] | None = None, labels: dict[str, str] | None = None) -> dict[str, Any]:
    """A pod with these marks."""
    made = pod()
    made["metadata"] |= {"annotations": annotations or {}, "labels": {"app": "tried", **(labels or {})}}
    return made


BAD_PODS: Final[dict[str, list[dict[str, Any]]]] = {
    "wl-host-namespaces": [pod(hostNetwork=True), pod(hostPID=True), pod(hostIPC=True)],
    "wl-privileged": [security(privileged=True, allowPrivilegeEscalation=True)],
    "wl-privilege-escalation": [security(allowPrivilegeEscalation=True), security(allowPrivilegeEscalation=None)],
    "wl-capabilities": [
        security(capabilities={}),
        security(capabilities={"drop": ["all"]}),
        security(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
    ],
    "wl-run-as-non-root": [
        pod(securityContext={"seccompProfile": {"type": "RuntimeDefault"}}),
        security(runAsNonRoot=False),
    ],
    "wl-seccomp": [
        pod(securityContext={"runAsNonRoot": True}),
        security(seccompProfile={"type": "Unconfined"}),
        pod(securityContext={"runAsNonRoot": True, "seccompProfile": {"type": "Unconfined"}}),
    ],
    "wl-read-only-root-fs": [security(readOnlyRootFilesystem=False)],
    "wl-volume-types": [
        pod(volumes=[{"name": "node", "hostPath": {"path": "/"}}]),
        pod(volumes=[{"name": "share", "nfs": {"server": "a.example.com", "path": "/"}}]),
    ],
    "wl-host-ports": [container(ports=[{"containerPort": 80, "hostPort": 80}])],
    "res-limits": [container(resources={"requests": {"cpu": "1", "memory": "1Gi"}}), container(resources={})],
    "sa-dedicated": [pod(serviceAccountName="default"), pod(serviceAccountName="")],
    "mesh-injection-not-disabled": [
        marked(annotations={"sidecar.istio.io/inject": "false"}),
        marked(labels={"sidecar.istio.io/inject": "false"}),
        marked(annotations={"sidecar.istio.io/inject": "no"}),
        marked(labels={"istio.io/dataplane-mode": "none"}),
    ],
    "mesh-traffic-exclusions": [
        marked(annotations={"traffic.sidecar.istio.io/excludeInboundPorts": "8003"}),
        marked(annotations={"traffic.sidecar.istio.io/includeInboundPorts": ""}),
        marked(annotations={"traffic.sidecar.istio.io/includeOutboundIPRanges": "10.0.0.0/8"}),
        marked(annotations={"sidecar.istio.io/interceptionMode": "NONE"}),
    ],
}
"""Rule to pods that break it and no check of another policy before it."""

ISTIO: Final = "security.istio.io/v1"
RBAC: Final = "rbac.authorization.k8s.io/v1"


def role(**rule: Any) -> dict[str, Any]:
    """A Role with one rule."""
    return thing(RBAC, "Role", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], **rule}])


def policy(**spec: Any) -> dict[str, Any]:
    """A NetworkPolicy."""
    return thing("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, **spec})


def bound(name: str, to: str = "", kind: str = "ClusterRole") -> dict[str, Any]:
    """A RoleBinding of the role `name` to the group `to`, or to an account."""
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
    account = {"kind": "ServiceAccount", "name": "tried", "namespace": ROOM}
    group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": to}
    return thing(RBAC, "RoleBinding", roleRef=reference, subjects=[group if to else account])


def destination(**spec: Any) -> dict[str, Any]:
    """A DestinationRule."""
    return thing("networking.istio.io/v1", "DestinationRule", spec={"host": "a", **spec})


def allowed(**source: Any) -> dict[str, Any]:
    """An AuthorizationPolicy that lets `source` in."""
    return thing(ISTIO, "AuthorizationPolicy", spec={"rules": [{"from": [{"source": source}]}]})


PORT: Final = [{"port": 80}]
NAMED: Final = "kubernetes.io/metadata.name"

BAD: Final[dict[str, list[dict[str, Any]]]] = {
    "net-service-exposure": [
        thing("v1", "Service", spec={"type": "NodePort", "ports": PORT}),
        thing("v1", "Service", spec={"type": "LoadBalancer", "ports": PORT}),
        thing("v1", "Service", spec={"type": "ExternalName", "externalName": "example.com"}),
    ],
    "net-service-external-ips": [thing("v1", "Service", spec={"ports": PORT, "externalIPs": ["192.0.2.1"]})],
    "net-manual-endpoints": [
        thing("discovery.k8s.io/v1", "EndpointSlice", addressType="IPv4", endpoints=[{"addresses": ["192.0.2.1"]}]),
        thing("v1", "Endpoints", subsets=[{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}]}]),
    ],
    "net-no-allow-all": [
        policy(ingress=[{}]),
        policy(egress=[{}], policyTypes=["Egress"]),
        policy(ingress=[{"from": [{"namespaceSelector": {}}]}]),
        policy(egress=[{"to": [{"namespaceSelector": {}}]}], policyTypes=["Egress"]),
        policy(ingress=[{"from": [{"namespaceSelector": {}, "podSelector": {}}]}]),
        policy(
            ingress=[
                {"from": [{"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}}]}
            ]
        ),
        policy(
            ingress=[{"from": [{"namespaceSelector": {"matchExpressions": [{"key": NAMED, "operator": "Exists"}]}}]}]
        ),
        policy(ingress=[{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]),
        policy(
            egress=[{"to": [{"ipBlock": {"cidr": "::/1"}}, {"ipBlock": {"cidr": "8000::/1"}}]}], policyTypes=["Egress"]
        ),
    ],
    "rbac-no-anonymous": [bound("reader", to="system:authenticated"), bound("reader", to="system:serviceaccounts:a")],
    "rbac-no-wildcards": [
        role(verbs=["*"]),
        role(resources=["*"]),
        role(apiGroups=["*"]),
        role(resources=["pods/*"]),
        role(verbs=["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]),
    ],
    "rbac-no-escalation-verbs": [
        role(apiGroups=["rbac.authorization.k8s.io"], resources=["roles"], verbs=["escalate"]),
        role(apiGroups=["rbac.authorization.k8s.io"], resources=["roles"], verbs=["bind"]),
        role(resources=["users"], verbs=["impersonate"]),
    ],
    "rbac-no-cluster-admin": [bound("cluster-admin"), bound("admin"), bound("edit"), bound("system:node")],
    "sa-no-legacy-token": [
        {
            **thing("v1", "Secret", type="kubernetes.io/service-account-token"),
            "metadata": {
                "name": "tried",
                "namespace": ROOM,
                "annotations": {"kubernetes.io/service-account.name": "tried"},
            },
        }
    ],
    "mesh-peerauth-no-weaken": [
        thing(ISTIO, "PeerAuthentication", spec={"mtls": {"mode": "PERMISSIVE"}}),
        thing(ISTIO, "PeerAuthentication", spec={"mtls": {"mode": "DISABLE"}}),
        thing(
            ISTIO,
            "PeerAuthentication",
            spec={"selector": {"matchLabels": {"a": "b"}}, "portLevelMtls": {"8003": {"mode": "PERMISSIVE"}}},
        ),
    ],
    "mesh-authz-dry-run": [
        {
            **thing(ISTIO, "AuthorizationPolicy", spec={}),
            "metadata": {"name": "tried", "namespace": ROOM, "annotations": {"istio.io/dry-run": said}},
        }
        for said in ("true", "T", "1")
    ],
    "mesh-authz-no-allow-all": [
        thing(ISTIO, "AuthorizationPolicy", spec={"rules": [{}]}),
        thing(ISTIO, "AuthorizationPolicy", spec={"rules": [{"to": [{"operation": {"methods": ["GET"]}}]}]}),
        allowed(),
        allowed(principals=["*"]),
        allowed(namespaces=["a", "*"]),
        allowed(requestPrincipals=["*"]),
        allowed(ipBlocks=["0.0.0.0/0"]),
    ],
    "mesh-destrule-tls": [
        destination(trafficPolicy={"tls": {"mode": "DISABLE"}}),
        destination(trafficPolicy={"tls": {"sni": "a.example.com"}}),
        destination(subsets=[{"name": "a", "trafficPolicy": {"tls": {"mode": "DISABLE"}}}]),
        destination(trafficPolicy={"portLevelSettings": [{"port": {"number": 1}, "tls": {"mode": "DISABLE"}}]}),
    ],
    "mesh-envoyfilter": [
        thing("networking.istio.io/v1alpha3", "EnvoyFilter", spec={}),
        thing("networking.istio.io/v1beta1", "ProxyConfig", spec={}),
        thing("extensions.istio.io/v1alpha1", "WasmPlugin", spec={"url": "oci://ghcr.io/acme/filter:1"}),
    ],
}
"""Rule to objects that break it."""


def of_a_store(made: dict[str, Any], **labels: str) -> dict[str, Any]:
    """The pod `made` as an operator makes it beside a service: in the namespace of stores, out of the mesh."""
    about = made["metadata"]
    marks = {"labels": {**about["labels"], "sidecar.istio.io/inject": "false", **labels}, "namespace": STORES}
    return {**made, "metadata": {**about, **marks}}


MONGOD: Final = {"app.kubernetes.io/name": "percona-server-mongodb"}

BAD_STORES: Final[list[tuple[str, dict[str, Any]]]] = [
    ("wl-privileged", of_a_store(security(privileged=True, allowPrivilegeEscalation=True), **MONGOD)),
    ("wl-read-only-root-fs", of_a_store(security(readOnlyRootFilesystem=False))),
    ("wl-read-only-root-fs", {**marked(labels=MONGOD), "spec": security(readOnlyRootFilesystem=False)["spec"]}),
]
"""What is refused beside a service, too; and what is not refused there, in a service's own namespace."""

GOOD_STORES: Final[list[dict[str, Any]]] = [
    of_a_store(pod()),
    of_a_store(security(readOnlyRootFilesystem=False), **MONGOD),
]

GOOD: Final[list[dict[str, Any]]] = [
    *(carried(kind, pod()) for kind in CARRIERS),
    pod(volumes=[{"name": "a", "emptyDir": {}}, {"name": "b", "configMap": {"name": "a"}}]),
    # As Istio's injector leaves a Pod where its CNI is installed.
    marked(
        annotations={
            "sidecar.istio.io/interceptionMode": "REDIRECT",
            "traffic.sidecar.istio.io/excludeInboundPorts": "15020",
            "traffic.sidecar.istio.io/includeInboundPorts": "*",
            "traffic.sidecar.istio.io/includeOutboundIPRanges": "*",
        },
        labels={"security.istio.io/tlsMode": "istio"},
    ),
    marked(annotations={"sidecar.istio.io/inject": "true"}),
    thing("v1", "Service", spec={"ports": PORT}),
    thing("v1", "Secret", type="Opaque"),
    role(),
    thing(RBAC, "Role", rules=[]),
    bound("reader"),
    bound("edit", kind="Role"),
    policy(policyTypes=["Ingress", "Egress"]),
    policy(ingress=[{"from": [{"namespaceSelector": {"matchLabels": {NAMED: "a"}}}]}]),
    policy(ingress=[{"from": [{"podSelector": {}}]}]),
    policy(ingress=[{"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "a"}}}]}]),
    policy(egress=[{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}], policyTypes=["Egress"]),
    thing(ISTIO, "PeerAuthentication", spec={"mtls": {"mode": "STRICT"}}),
    thing(ISTIO, "PeerAuthentication", spec={}),
    thing(ISTIO, "AuthorizationPolicy", spec={}),
    thing(ISTIO, "AuthorizationPolicy", spec={"action": "DENY", "rules": [{}]}),
    allowed(principals=["a"]),
    allowed(requestPrincipals=["https://id.example.com/*"]),
    destination(trafficPolicy={}),
    destination(trafficPolicy={"tls": {"mode": "ISTIO_MUTUAL"}}, subsets=[{"name": "a"}]),
]
"""What must pass."""


def refused() -> Iterator[tuple[str, dict[str, Any]]]:
    """Rule and object, every one; pods in every carrier."""
    for rule, several in BAD_PODS.items():
        for one in several:
            for kind in CARRIERS:
                yield rule, carried(kind, one)
    for rule, several in BAD.items():
        for one in several:
            yield rule, one
