"""An OpenSearch on the project's own operator: the cluster, its one user, and what these lean on beside it.

Field by field checked against the definitions of the chart 3.0.2, and its words against what the operator v3.0.0-alpha
makes of them. What its defaults would leave open is closed here: by itself it starts privileged containers, writes
an audit into indices that nobody deletes, and has certificates of an authority that no service knows.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from blueprint import names, store_names
from blueprint.stores.edges import marks
from blueprint.stores.opensearch_operator import BOOTSTRAP_DISK_GIB, OperatedOpensearch
from manifests.accounts import account
from manifests.certificates import BOTH_WAYS, administrator, server
from manifests.credentials import drawn
from manifests.manifest import Manifest, given, manifest
from manifests.pods import RESTRICTED, pod_security
from manifests.resources import resources
from manifests.spread import ZONE, apart, over

OPENSEARCH: Final = "opensearch.org/v1"

USER: Final = 1000
"""The image's own: nobody else may enter its folder. When opensearch-project/opensearch-build#3625 is closed, take one
of 10000 or above."""

FOLDER: Final = "/usr/share/opensearch"
ADMINISTRATOR: Final = "admin"
"""As whom the operator comes. It knows no other name (v3.0.0-alpha, pkg/helpers: InternalUserConfig)."""

CLUSTER: Final = "opensearch.org/opensearch-cluster"
POOL: Final = "opensearch.org/opensearch-nodepool"

CONFIG: Final = "writable-config"
WRITABLE: Final[Mapping[str, str]] = {
    CONFIG: f"{FOLDER}/config",
    "writable-logs": f"{FOLDER}/logs",
    "writable-tmp": "/tmp",  # noqa: S108  a folder in the pods
}
"""Volume → where a server writes besides its data: the keystore it makes, logs of the Java machine, its own folder."""

SETTINGS: Final[Mapping[str, str]] = {
    # By itself it maps its files into memory, which needs vm.max_map_count on the node: a right no pod here has.
    "node.store.allow_mmap": "false",
    # By itself the operator has an audit written into an index a day, which nobody deletes.
    "plugins.security.audit.type": "log4j",
}
ENVIRONMENT: Final[Mapping[str, str]] = {
    # Certificates and users everybody knows, where the image finds none.
    "DISABLE_INSTALL_DEMO_CONFIG": "true",
    # A second Java machine beside the server, which nobody asks anything.
    "DISABLE_PERFORMANCE_ANALYZER_AGENT_CLI": "true",
}

MAY_CLUSTER: Final = (
    "cluster:admin/component_template/*",
    "cluster_composite_ops",
    "cluster_manage_index_templates",
    "cluster_manage_pipelines",
    "cluster_monitor",
    "indices:admin/index_template/*",
)
MAY_INDICES: Final = ("indices_all",)
"""What the owner may do (docs.opensearch.org, "Default action groups"). Indices that are the server's own are not among
`*`: `plugins.security.system_indices.enabled`, which the operator sets."""


def objects(store: OperatedOpensearch) -> Iterator[Manifest]:
    """Identity, certificates and credentials first; then the nodes, and the user when these answer."""
    yield account(store.account, store.namespace, labels=marks(store))
    yield server(
        store.resource,
        store.namespace,
        store.dns_names,
        store.certificate_hours,
        labels=marks(store),
        watched={},
        usages=BOTH_WAYS,
        subject={"commonName": _node(store)},
        encoding="PKCS8",
    )
    yield administrator(
        store.resource, store.namespace, store.certificate_hours, labels=marks(store), name=_administrator(store)
    )
    yield from drawn(
        store_names.administrator(store.resource),
        store.namespace,
        kind="Opaque",
        data={"password": "{password}", "username": ADMINISTRATOR},
        labels=marks(store),
        watched={},
    )
    yield from drawn(
        store_names.owner(store.resource),
        store.namespace,
        kind="Opaque",
        data={"password": "{password}", "username": store.user},
        labels=marks(store),
        watched={},
    )
    yield _cluster(store)
    yield from _owner(store)


def _node(store: OperatedOpensearch) -> str:
    """Who a node is to the others: the subject of its certificate, which no other store's has."""
    return store.dns_names[0]


def _administrator(store: OperatedOpensearch) -> str:
    """Who may do everything: the subject of a certificate that the operator's Job alone mounts."""
    return f"{ADMINISTRATOR}.{_node(store)}"


def _cluster(store: OperatedOpensearch) -> Manifest:
    tag = store.image.tag
    spec = {
        "general": {
            "version": tag.partition("@")[0],
            "image": f"{store.image.repository}:{tag}",
            "imagePullPolicy": "IfNotPresent",
            "serviceName": store.resource,
            "serviceAccount": store.account,
            "setVMMaxMapCount": False,
            "additionalConfig": dict(SETTINGS),
            "additionalVolumes": [
                {"name": name, "path": path, "emptyDir": {}, "restartPods": False}
                for name, path in sorted(WRITABLE.items())
            ],
            "podSecurityContext": pod_security(USER, USER),
            "securityContext": dict(RESTRICTED),
        },
        "bootstrap": {
            "diskSize": f"{BOOTSTRAP_DISK_GIB}Gi",
            "env": _environment(),
            "initContainers": [_copier(store)],
            "labels": _labels(store),
            "priorityClassName": names.priority(store.tier),
            "resources": resources(store.size.amounts),
            **given(storageClass=store.storage_class),
        },
        # A node that goes is emptied first.
        "confMgmt": {"smartScaler": True},
        "nodePools": [
            _pool(store, "leaders", store.leaders, ["cluster_manager", "data", "ingest"]),
            *([_pool(store, "readers", store.readers, ["data", "ingest"])] if store.readers else []),
        ],
        "security": {"config": _users(store), "tls": _tls(store)},
    }
    return manifest(OPENSEARCH, "OpenSearchCluster", store.resource, store.namespace, labels=marks(store), spec=spec)


def _users(store: OperatedOpensearch) -> Manifest:
    return {
        "adminCredentialsSecret": {"name": store_names.administrator(store.resource)},
        "adminSecret": {"name": store_names.administrator_certificate(store.resource)},
        "updateJob": {
            "labels": _labels(store),
            "priorityClassName": names.priority(store.tier),
            "resources": resources(store.helper),
        },
    }


def _tls(store: OperatedOpensearch) -> Manifest:
    """One certificate for clients and among the nodes. A new one is read without a restart."""
    own = {
        "enabled": True,
        "enableHotReload": True,
        "generate": False,
        "secret": {"name": store_names.server(store.resource)},
    }
    return {
        "http": {**own, "adminDn": [f"CN={_administrator(store)}"]},
        # Who has a certificate of the authority with another subject is no member.
        "transport": {**own, "nodesDn": [f"CN={_node(store)}"], "perNode": False},
    }


def _pool(store: OperatedOpensearch, name: str, count: int, roles: list[str]) -> Manifest:
    pods = {CLUSTER: store.resource, POOL: name}
    disk = {"accessModes": ["ReadWriteOnce"], **given(storageClass=store.storage_class)}
    return {
        "component": name,
        "replicas": count,
        "roles": roles,
        "diskSize": f"{store.size.disk_gib}Gi",
        "persistence": {"pvc": disk},
        "resources": resources(store.size.amounts),
        "env": _environment(),
        "initContainers": [_copier(store)],
        "labels": _labels(store),
        "priorityClassName": names.priority(store.tier),
        # By itself there is none.
        "pdb": {"enable": True, "maxUnavailable": 1},
        # Apart as well as it goes, also where nobody asks: three of them on one node are gone with it.
        "affinity": apart(pods, strictly=store.spread_strictly),
        **given(
            topologySpreadConstraints=[over(ZONE, pods, strictly=store.spread_strictly)] if store.over_zones else None
        ),
    }


def _copier(store: OperatedOpensearch) -> Manifest:
    """Fills the writable folder of the configuration from the image's."""
    folder = "/copied"
    return {
        "name": "config",
        "image": f"{store.image.repository}:{store.image.tag}",
        "imagePullPolicy": "IfNotPresent",
        "command": ["cp", "-r", f"{FOLDER}/config/.", folder],
        "resources": resources(store.helper),
        "securityContext": dict(RESTRICTED),
        "volumeMounts": [{"name": CONFIG, "mountPath": folder}],
    }


def _environment() -> list[Manifest]:
    return [{"name": name, "value": value} for name, value in sorted(ENVIRONMENT.items())]


def _labels(store: OperatedOpensearch) -> dict[str, str]:
    outside = {"istio.io/dataplane-mode": "none", "sidecar.istio.io/inject": "false"}
    return dict(sorted({**marks(store), **outside}.items()))


def _owner(store: OperatedOpensearch) -> Iterator[Manifest]:
    """The one user besides the operator's, its role, and that it has it."""
    of = {"opensearchCluster": {"name": store.resource}}
    specs: Mapping[str, Mapping[str, Any]] = {
        "OpensearchRole": {
            "clusterPermissions": list(MAY_CLUSTER),
            "indexPermissions": [{"indexPatterns": ["*"], "allowedActions": list(MAY_INDICES)}],
        },
        "OpensearchUser": {"passwordFrom": {"name": store_names.owner(store.resource), "key": "password"}},
        "OpensearchUserRoleBinding": {"roles": [store.user], "users": [store.user]},
    }
    for kind, spec in specs.items():
        yield manifest(OPENSEARCH, kind, store.user, store.namespace, labels=marks(store), spec={**of, **spec})
