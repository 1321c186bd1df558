"""Other people's software, as far as the platform must know it: which labels their pods carry, which ports they serve.

Once, here. The derivation reads it, and so do the policies; the proofs in `tests` keep a copy of their own, so that a
wrong line here is found. What is allowed between these pods is not decided here (`blueprint.platform_rules`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import names
from blueprint.catalogue.needing import Broker
from blueprint.network_rules import Pods as Pods  # noqa: PLC0414  (policies may read this module, and not that one)
from blueprint.network_rules import Port as Port  # noqa: PLC0414

KUBE_DNS: Final = Pods(namespace="kube-system", labels={"k8s-app": "kube-dns"})
"""The cluster's resolver, CoreDNS or the cloud's: all keep this label."""
DNS_CACHE: Final = Pods(namespace="kube-system", labels={"k8s-app": "node-local-dns"})
"""A resolver's cache on each node (kubernetes/kubernetes, cluster/addons/dns/nodelocaldns; GKE's keeps the label)."""
ISTIOD: Final = Pods(namespace=names.ISTIO, labels={"app": "istiod"})
COLLECTOR: Final = Pods(namespace=names.OBSERVABILITY, labels={"app.kubernetes.io/name": "otel-collector"})
PROMETHEUS: Final = Pods(namespace=names.OBSERVABILITY, labels={"app.kubernetes.io/name": "prometheus"})
ROLLOUTS: Final = Pods(namespace=names.ARGO_ROLLOUTS, labels={"app.kubernetes.io/name": "argo-rollouts"})
KONG_GATEWAY: Final = Pods(
    namespace=names.KONG, labels={"app.kubernetes.io/instance": "kong", "app.kubernetes.io/name": "gateway"}
)
KONG_CONTROLLER: Final = Pods(
    namespace=names.KONG, labels={"app.kubernetes.io/instance": "kong", "app.kubernetes.io/name": "controller"}
)
KONG_REDIS: Final = Pods(namespace=names.KONG, labels=names.selector(names.KONG_REDIS))
ACME_SOLVER: Final = Pods(namespace=names.KONG, labels={"acme.cert-manager.io/http01-solver": "true"})
"""The pods cert-manager makes for a moment, beside the Certificate, to answer a public authority's HTTP-01 challenge
(cert-manager v1.21.1, pkg/apis/acme/v1/types.go)."""
VELERO: Final = Pods(
    namespace=names.VELERO, labels={"app.kubernetes.io/instance": "velero", "app.kubernetes.io/name": "velero"}
)
BROKERS: Final[Mapping[Broker, Pods]] = {
    "kafka": Pods(namespace=names.MESSAGING, labels={"strimzi.io/cluster": "kafka", "strimzi.io/kind": "Kafka"}),
    "nats": Pods(
        namespace=names.MESSAGING, labels={"app.kubernetes.io/component": "nats", "app.kubernetes.io/name": "nats"}
    ),
    "rabbitmq": Pods(
        namespace=names.MESSAGING,
        labels={"app.kubernetes.io/component": "rabbitmq", "app.kubernetes.io/name": "rabbitmq"},
    ),
}
"""Broker → its pods, by the labels its operator or chart sets."""

DNS_PORTS: Final = (Port(number=53), Port(number=53, protocol="UDP"))
XDS_PORT: Final = Port(number=15012)
"""istiod: configuration and certificates."""
MERGED_METRICS_PORT: Final = Port(number=15020)
"""The proxy's and the service's metrics in one answer; not captured by the mesh."""
PROBE_PORTS: Final = (Port(number=15020), Port(number=15021))
"""The proxy answers the service's probes on 15020 and its own on 15021."""
OTLP_PORTS: Final = (Port(number=4317), Port(number=4318))
PROMETHEUS_PORT: Final = Port(number=9090)
KONG_PUBLIC_PORTS: Final = (Port(number=8000), Port(number=8443))
"""Kong's proxy, plain and with TLS (its chart's container ports)."""
KONG_ADMIN_PORT: Final = Port(number=8444)
KONG_STATUS_PORT: Final = Port(number=8100)
"""Kong's health and metrics."""
ACME_SOLVER_PORT: Final = Port(number=8089)
"""cert-manager v1.21.1, pkg/issuer/acme/http/http.go: `acmeSolverListenPort`."""
REDIS_PORT: Final = Port(number=6379)
VELERO_METRICS_PORT: Final = Port(number=8085)
"""Velero v1.18.1, pkg/cmd/server/config/config.go; its probes ask there as well (its chart)."""

STORE_PORTS: Final[Mapping[str, tuple[int, ...]]] = {
    "clickhouse": (8443, 9440),
    "elasticsearch": (9200,),
    "mongodb": (27017,),
    "mysql": (3306,),
    "opensearch": (9200,),
    "postgres": (5432,),
    "redis": (6379,),
    "valkey": (6379,),
}
"""Engine → client ports, as its operator serves them (Altinity, ECK, PSMDB, mariadb-operator, OpenSearch's own,
CloudNativePG, OT)."""

API_SERVER_PORTS: Final = (Port(number=443), Port(number=6443))
"""Where an API server listens behind the Service `kubernetes`: the clouds' on 443, those of kubeadm, kind and k3s on
6443."""


@dataclass(frozen=True, kw_only=True)
class Operated:
    """Whom the pods of a store speak to besides their owner, as its operator arranges them."""

    operator: Pods
    operated: tuple[int, ...]
    """Ports on which the operator asks and steers them."""
    peers: tuple[int, ...]
    """Ports among themselves."""
    metrics: int | None
    """Port of their metrics; None: they serve none."""
    probed: tuple[int, ...]
    """Ports the kubelet asks; none: its probes are programs inside the pods."""
    asks_api_server: bool
    """Whether something in the pods speaks to the API server."""
    copies: bool
    """Whether the pods write copies to a bucket where these are asked for."""


CLICKHOUSE_OPERATOR: Final = Pods(
    namespace=names.CLICKHOUSE_OPERATOR, labels={"app.kubernetes.io/name": "altinity-clickhouse-operator"}
)
REDIS_OPERATOR: Final = Pods(namespace=names.REDIS_OPERATOR, labels={"name": "redis-operator"})
CLOUDNATIVE_PG: Final = Pods(namespace=names.CLOUDNATIVE_PG, labels={"app.kubernetes.io/name": "cloudnative-pg"})
ECK_OPERATOR: Final = Pods(namespace=names.ECK, labels={"app.kubernetes.io/name": "elastic-operator"})
MARIADB_OPERATOR: Final = Pods(namespace=names.MARIADB_OPERATOR, labels={"app.kubernetes.io/name": "mariadb-operator"})
OPENSEARCH_OPERATOR: Final = Pods(
    namespace=names.OPENSEARCH_OPERATOR, labels={"app.kubernetes.io/name": "opensearch-operator"}
)
PSMDB_OPERATOR: Final = Pods(namespace=names.PSMDB, labels={"app.kubernetes.io/name": "psmdb-operator"})
# OT-CONTAINER-KIT/redis-operator v0.26.0: internal/controller/common/constants.go (6379, 26379 of Sentinel). The
# operator connects to both (internal/controller/common/redis/heal.go); the kubelet runs redis-cli in the container.
# Their exporter is off.
_REDIS: Final = Operated(
    operator=REDIS_OPERATOR,
    operated=(6379, 26379),
    peers=(6379, 26379),
    metrics=None,
    probed=(),
    asks_api_server=False,
    copies=False,
)
OPERATED: Final[Mapping[str, Operated]] = {
    # clickhouse-operator release-0.25.6: pkg/controller/chi/worker-migrator.go (operator to 8443). ClickHouse's ports
    # are its documentation's, "Network ports": 9440 queries between replicas, 9010 the data they fetch from each other,
    # 9281 of a Keeper, 9444 among Keepers (type_host.go of the operator), 9182 whether one is ready (its config/chk).
    "clickhouse": Operated(
        operator=CLICKHOUSE_OPERATOR,
        operated=(8443,),
        peers=(9010, 9281, 9440, 9444),
        metrics=None,
        probed=(8443, 9182, 9281),
        asks_api_server=False,
        copies=True,
    ),
    # cloud-on-k8s v3.5.0: pkg/controller/elasticsearch/network/ports.go (9200 HTTP, 9300 transport), nodespec
    # (a node that stops asks the others over HTTP, lifecycle_hook.go; its probe is a program, readiness_probe.go).
    # Nothing in its pods speaks to the API server; an exporter comes only with Elastic's own agents.
    "elasticsearch": Operated(
        operator=ECK_OPERATOR,
        operated=(9200,),
        peers=(9200, 9300),
        metrics=None,
        probed=(),
        asks_api_server=False,
        copies=True,
    ),
    # percona-server-mongodb-operator v1.22.0: pkg/psmdb/service.go and client.go (operator and members to 27017),
    # pkg/apis/psmdb/v1/psmdb_defaults.go (probes are exec). Nothing in its pods speaks to the API server; an exporter
    # comes only with PMM.
    "mongodb": Operated(
        operator=PSMDB_OPERATOR,
        operated=(27017,),
        peers=(27017,),
        metrics=None,
        probed=(),
        asks_api_server=False,
        copies=True,
    ),
    # mariadb-operator v26.6.0: pkg/sql (operator, followers, copies and probes to 3306), api/v1alpha1/base_types.go
    # (Agent.SetDefaults: 5555 for the operator, 5566 for the kubelet). The agent beside each of several pods reads and
    # reports at the API server (cmd/agent); beside a single pod there is none.
    "mysql": Operated(
        operator=MARIADB_OPERATOR,
        operated=(3306, 5555),
        peers=(3306,),
        metrics=None,
        probed=(5566,),
        asks_api_server=True,
        copies=True,
    ),
    # opensearch-k8s-operator v3.0.0-alpha: pkg/builders/cluster.go (9200 HTTP, 9300 transport; the kubelet asks the
    # first, its other probes are programs), pkg/reconcilers/securityconfig.go (so does a Job of the operator's).
    # Nothing in its pods speaks to the API server; an exporter would come from the internet.
    "opensearch": Operated(
        operator=OPENSEARCH_OPERATOR,
        operated=(9200,),
        peers=(9200, 9300),
        metrics=None,
        probed=(9200,),
        asks_api_server=False,
        copies=False,
    ),
    # cloudnative-pg v1.30.0: docs/src/networking.md (operator to 5432 and 8000), pkg/management/url (8000 status and
    # probes, 9187 metrics); the instance manager in every pod follows its Cluster at the API server.
    "postgres": Operated(
        operator=CLOUDNATIVE_PG,
        operated=(5432, 8000),
        peers=(5432, 8000),
        metrics=9187,
        probed=(8000,),
        asks_api_server=True,
        copies=True,
    ),
    "redis": _REDIS,
    "valkey": _REDIS,
}
"""Engine → what its operator's pods and its own speak to, for the engines whose operator is installed."""

BROKER_PORTS: Final[Mapping[Broker, tuple[int, ...]]] = {"kafka": (9094,), "nats": (4222,), "rabbitmq": (5671,)}
"""Broker → client ports: Strimzi's SCRAM listener with TLS, NATS' client port, AMQP over TLS."""
