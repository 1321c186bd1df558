"""Every name, label, namespace, address and identity, computable before the thing exists.

Names replace plumbing: a workload mounts a Secret and calls an address by a name both sides compute here, so no
value has to travel between them. A name is an interface: changing a rule of this module replaces running objects.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

PREFIX: Final = "catalog.platform"
"""Prefix of our own labels and annotations; the domain of the catalogue's apiVersion."""

ISTIO: Final = "istio-system"
ISTIO_CNI: Final = "istio-cni"
MARIADB_OPERATOR: Final = "mariadb-operator"
KONG: Final = "kong"
CERT_MANAGER: Final = "cert-manager"
CLICKHOUSE_OPERATOR: Final = "clickhouse-operator"
CLOUDNATIVE_PG: Final = "cnpg-system"
ECK: Final = "elastic-system"
EXTERNAL_SECRETS: Final = "external-secrets"
ARGO_ROLLOUTS: Final = "argo-rollouts"
MESSAGING: Final = "messaging"
OBSERVABILITY: Final = "observability"
OPENSEARCH_OPERATOR: Final = "opensearch-operator"
PSMDB: Final = "psmdb-system"
REDIS_OPERATOR: Final = "redis-operator"
RELOADER: Final = "reloader"
VELERO: Final = "velero"
PLATFORM_NAMESPACES: Final = (
    ARGO_ROLLOUTS,
    CERT_MANAGER,
    CLICKHOUSE_OPERATOR,
    CLOUDNATIVE_PG,
    ECK,
    EXTERNAL_SECRETS,
    ISTIO,
    ISTIO_CNI,
    KONG,
    MARIADB_OPERATOR,
    MESSAGING,
    OBSERVABILITY,
    OPENSEARCH_OPERATOR,
    PSMDB,
    REDIS_OPERATOR,
    RELOADER,
    VELERO,
)
"""Namespaces of the platform itself; no service may be called like one of them."""
CLUSTER_NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
"""Namespaces every cluster has."""

DOMAIN: Final = "cluster.local"
"""The cluster's DNS domain: Kubernetes' default, and what EKS and GKE use."""

LABEL_LENGTH: Final = 63
"""Characters of a DNS label (RFC 1123): Namespaces, Services, label values, container names."""
NAME_LENGTH: Final = 253
"""Characters of a DNS subdomain (RFC 1123): what most objects may be called."""


def fit(name: str, limit: int = LABEL_LENGTH) -> str:
    """`name`, or its beginning and six hex digits of its hash where it is longer than `limit` characters.

    The hash is of the whole name, so that two long names with the same beginning stay two names.
    """
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[: limit - 7].rstrip('-.')}-{digest}"


def selector(service: str) -> Mapping[str, str]:
    """What selects the pods of `service`. Immutable on a running workload, so it never holds a version."""
    return {"app.kubernetes.io/name": service}


def namespace_selector(namespace: str) -> Mapping[str, str]:
    """What selects `namespace`: the one label nobody but the API server sets."""
    return {"kubernetes.io/metadata.name": namespace}


MANAGED: Final[Mapping[str, str]] = {"app.kubernetes.io/managed-by": "platform"}
"""On every object of ours; how left-overs are found."""

SERVICE_LABEL: Final = f"{PREFIX}/service"
"""On every namespace of a service: which one."""
STORES_LABEL: Final = f"{PREFIX}/data-of"
"""On every namespace with the stores of a service: of which one."""

RESOURCE: Final = f"{PREFIX}/resource"
"""On what belongs to a store, its pods among them: which resource of its owner it is."""

KEPT: Final = f"{PREFIX}/kept"
"""On what has left the catalogue and stays in the cluster: which stack it was of."""

DELETION: Final = f"{PREFIX}/deletion"
"""On every object of a store or a volume: what is left of it when the resource leaves the catalogue."""

TENANT_MARK: Final = "--"
"""Between a tenant and a service. No service's name holds it, so no two pairs share a namespace."""


def namespace(service: str, tenant: str | None) -> str:
    """Namespace of `service`, and what else of it is named in the whole cluster: its own name in the base stack,
    behind the tenant's in a stack that shares the cluster. At most 58 characters."""
    return f"{tenant}{TENANT_MARK}{service}" if tenant else service


def data_namespace(service: str, tenant: str | None = None) -> str:
    """Namespace of the stores of `service`; out of the mesh. At most 63 characters."""
    return f"{namespace(service, tenant)}-data"


def service_account(service: str) -> str:
    """The service account of `service`: its identity in the mesh and in the cloud."""
    return service


def principal(namespace: str, account: str, trust_domain: str) -> str:
    """The identity of `account` as AuthorizationPolicy spells it: without spiffe://."""
    return f"{trust_domain}/ns/{namespace}/sa/{account}"


def address(service: str, namespace: str) -> str:
    """The full DNS name of the Kubernetes Service `service` in `namespace`."""
    return f"{service}.{namespace}.svc.{DOMAIN}"


def stable(service: str) -> str:
    """The Service of a canary's old version."""
    return f"{service}-stable"


def canary(service: str) -> str:
    """The Service of a canary's new version."""
    return f"{service}-canary"


def active(service: str) -> str:
    """The Service of the version that takes the requests (blue-green)."""
    return f"{service}-active"


def preview(service: str) -> str:
    """The Service of the version that waits for promotion (blue-green)."""
    return f"{service}-preview"


def weights(service: str, port: int) -> str:
    """The delegate VirtualService that holds the weights of one port; Argo Rollouts writes a canary's. By number and
    not by the port's name: what Argo Rollouts wrote stays under the old name, and would go on naming the old number."""
    return f"{service}-{port}-weights"


def config(service: str) -> str:
    """The ConfigMap with the variables of the containers of `service`."""
    return f"{service}-config"


def connection(service: str, resource: str) -> str:
    """The Secret through which `service` reaches its `resource`; keys: `blueprint.catalogue.owning.keys`."""
    return fit(f"{service}-{resource}")


def claim(service: str, resource: str, *, shared: bool) -> str:
    """The PersistentVolumeClaim of the volume `resource` of `service`. How it is accessed is immutable, so it is part
    of the name; no resource's name holds a dot."""
    return fit(f"{service}-{resource}") + (".shared" if shared else "")


def claim_of(service: str, resource: str, number: int) -> str:
    """The PersistentVolumeClaim of the volume `resource` of one pod of `service`, as a StatefulSet calls it."""
    return f"{disk(resource)}-{service}-{number}"


def numbered(service: str) -> str:
    """The headless Service of pods that keep their numbers."""
    return fit(f"{service}-pods")


def disk(resource: str) -> str:
    """The volume `resource` in the pods; what else is mounted there begins otherwise."""
    return fit(f"disk-{resource}")


SECRET_READER: Final = "secret-reader"  # noqa: S105  an account's name
"""The service account in a service's namespace as which External Secrets reads the service's secrets, and nobody
else's. No pod runs as it."""
RESTARTS: Final = "reloader.restarts"
"""The right of Reloader in a service's namespace: Role and RoleBinding. With a dot: no resource's name has one."""
STORE_SECRETS: Final = "stores"
"""The SecretStore through which a service's credentials come from the namespace of its stores."""
STORE_AUTHORITY: Final = "platform-stores"
"""The ClusterIssuer that signs the certificates of stores, and the Certificate and Secret of its key."""
STORE_CLIENT: Final = "store-client"
"""The Certificate of a service towards its stores, and its Secret, which brings the authority's certificate with it."""


def kept_apart(service: str, resource: str, key: str) -> str:
    """The ExternalSecret that draws one `key` of the Secret of `resource`. Six digits of the key's hash, because an
    object's name knows neither case nor `_`: API_KEY and api_key stay two."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:6]
    word = key.lower().replace("_", "-").strip("-")
    return ".".join((connection(service, resource), "-".join(filter(None, (digest, word)))))


MIGRATION: Final = f"{PREFIX}/migration"
"""On the pods of a migration: of which resource. Network rules know them by it, and no Service selects it."""


def migrations(resource: str) -> str:
    """What the migrations of a store have in common: their account, the name on their pods and the beginning of their
    network rules' names. With a dot, as above."""
    return f"{resource}.migrations"


def migration(resource: str, digest: str) -> str:
    """One Job of these, by the `digest` of what it says: a Job cannot be changed, so another one has another name."""
    return f"{resource}-migrations-{digest}"


def plugin(service: str, api: str, kind: str) -> str:
    """The KongPlugin of `kind` on the route of `api`. A plugin's kind is immutable, so it is part of the name."""
    return fit(f"{service}-{api}-{kind}")


def route(service: str, api: str) -> str:
    """The HTTPRoute of `api`."""
    return fit(f"{service}-{api}")


def tcp_route(service: str, port: str) -> str:
    """The TCPIngress of the public port called `port`."""
    return fit(f"{service}-{port}")


def from_(*words: str) -> str:
    """The policy at the receiving end of an edge. Dots between words: a-b.c and a.b-c stay two names."""
    return ".".join(("from", *words))


def to(*words: str) -> str:
    """The policy at the calling end of an edge."""
    return ".".join(("to", *words))


def to_host(host: str, port: int) -> str:
    """The policy towards a host in a private network. A service and its API are two words, a host at least two."""
    return fit(to("host", host, str(port)), NAME_LENGTH)


def public(*words: str) -> str:
    """The policies at the receiving end of a public route: of an API, or of `port` and its name. No service's edge
    begins so: one may be called `gateway`."""
    return ".".join(("public", *words))


def store(resource: str) -> str:
    """The policy at the calling end of an edge to a store."""
    return f"store.{resource}"


def priority(tier: str) -> str:
    """The PriorityClass of `tier`."""
    return f"platform-{tier}"


GATEWAY: Final = "edge"
"""The one Gateway, in Kong's namespace."""
GATEWAY_CLASS: Final = "kong"
GATEWAY_ACCOUNT: Final = "kong-gateway"
"""Kong's identity in the mesh: the chart's service account under the release name `kong`."""
IDENTITY_HEADERS: Final = (
    "x-consumer-custom-id",
    "x-consumer-groups",
    "x-consumer-id",
    "x-consumer-username",
    "x-jwt-sub",
)
"""In which the gateway names a consumer: believed inside, so never taken from outside."""
KONG_REDIS: Final = "kong-redis"
"""The Redis in which the gateway's pods count together, in Kong's namespace: its Deployment, Service, account and
Secret, and the generator of its password."""
KONG_REDIS_PASSWORD: Final = "password"  # noqa: S105  the key in that Secret, not its content
OBJECT_COPIES: Final = "cluster-objects"
"""The Schedule of copies of the cluster's objects, in Velero's namespace: each copy is called like it, and when."""
ISSUER: Final = "platform"
"""The ClusterIssuer of the gateway's certificates."""


def certificate(host: str) -> str:
    """The Certificate of `host` and the Secret it fills. With its dots: a-b.c and a.b-c stay two hosts."""
    return fit(f"{host}-tls")


def consumer(issuer: str) -> str:
    """The KongConsumer of `issuer`."""
    return f"issuer-{issuer}"
