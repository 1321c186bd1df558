"""Pods that a stack's objects speak of and somebody else brings: the charts', the operators', the cluster's.

They replace the real ones with what policies see of them, labels and service accounts, written out from the charts.
Beside them are pods that no file declares: one without labels in every namespace of ours (`a-stray`), and one in
another namespace with a service's labels and account (`a-stranger`). Whatever those reach is a fault.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A pod that stands in for another."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    account: str = "default"
    annotations: Mapping[str, str] = field(default_factory=dict)
    walled: bool = False
    """Whether this program isolates it. The charts' controllers are not isolated: they call the API server, whose
    address no selector can name."""
    service_pod: bool = False
    """Whether it gets a proxy like a service's."""
    several: bool = False
    """Whether there are two of it, so that what they may say to each other is seen."""

    ours: bool = False
    """Whether this program makes it: it is known by name here, and its objects are those it has."""

    @property
    def end(self) -> str:
        """As the analyser calls it."""
        return f"{self.namespace}/{self.name}"

    def objects(self) -> Iterator[dict[str, Any]]:
        """Its Pod, or the Deployment of its pods; nothing where the program brings it."""
        if self.ours:
            return
        metadata = {"name": self.name, "namespace": self.namespace}
        about = {"labels": dict(self.labels), "annotations": dict(self.annotations)}
        spec: dict[str, Any] = {
            "serviceAccountName": self.account,
            "containers": [{"name": "main", "image": "stand-in:1"}],
        }
        if self.several:
            spec = {"selector": {"matchLabels": dict(self.labels)}, "template": {"metadata": about, "spec": spec}}
            yield {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
        else:
            yield {"apiVersion": "v1", "kind": "Pod", "metadata": metadata | about, "spec": spec}


def _named(name: str, **more: str) -> Mapping[str, str]:
    return {"app.kubernetes.io/name": name, **more}


_NO_PROXY: Final = {"sidecar.istio.io/inject": "false"}

DNS: Final = Standing(namespace="kube-system", name="kube-dns", labels={"k8s-app": "kube-dns"})
DNS_CACHE: Final = Standing(namespace="kube-system", name="node-local-dns", labels={"k8s-app": "node-local-dns"})
ISTIOD: Final = Standing(namespace="istio-system", name="istiod", labels={"app": "istiod"}, account="istiod")
COLLECTOR: Final = Standing(
    namespace="observability", name="otel-collector", labels=_named("otel-collector"), walled=True
)
PROMETHEUS: Final = Standing(
    namespace="observability", name="prometheus", labels=_named("prometheus"), walled=True, several=True
)
ROLLOUTS: Final = Standing(namespace="argo-rollouts", name="argo-rollouts", labels=_named("argo-rollouts"))
GATEWAY: Final = Standing(
    namespace="kong",
    name="gateway",
    labels=_named("gateway", **{"app.kubernetes.io/instance": "kong"}),
    account="kong-gateway",
    # The chart's own: its proxy judges nothing that comes in.
    annotations={"traffic.sidecar.istio.io/includeInboundPorts": ""},
    walled=True,
    several=True,
)
CONTROLLER: Final = Standing(
    namespace="kong",
    name="controller",
    labels=_named("controller", **{"app.kubernetes.io/instance": "kong"}, **_NO_PROXY),
    account="kong-controller",
)
REDIS: Final = Standing(
    namespace="kong",
    name="kong-redis",
    labels=_named("kong-redis", **_NO_PROXY),
    account="kong-redis",
    walled=True,
    several=True,
    ours=True,
)
SOLVER: Final = Standing(
    namespace="kong",
    name="cm-acme-http-solver",
    # cert-manager writes the second as an annotation, which Istio reads as well and the analyser does not.
    labels={"acme.cert-manager.io/http01-solver": "true", **_NO_PROXY},
)
VELERO: Final = Standing(
    namespace="velero",
    name="velero",
    labels=_named("velero", **{"app.kubernetes.io/instance": "velero"}),
    account="velero-server",
    walled=True,
)
BROKERS: Final[Mapping[str, Standing]] = {
    "kafka": Standing(
        namespace="messaging",
        name="kafka",
        labels={"strimzi.io/cluster": "kafka", "strimzi.io/kind": "Kafka"},
        account="kafka-kafka",
        walled=True,
        several=True,
    ),
    "nats": Standing(
        namespace="messaging",
        name="nats",
        labels=_named("nats", **{"app.kubernetes.io/component": "nats"}),
        walled=True,
        several=True,
    ),
    "rabbitmq": Standing(
        namespace="messaging",
        name="rabbitmq",
        labels=_named("rabbitmq", **{"app.kubernetes.io/component": "rabbitmq"}),
        walled=True,
        several=True,
    ),
}
CLOUDNATIVE_PG: Final = Standing(
    namespace="cnpg-system", name="cloudnative-pg", labels=_named("cloudnative-pg"), account="cloudnative-pg"
)
ECK_OPERATOR: Final = Standing(
    namespace="elastic-system", name="elastic-operator", labels=_named("elastic-operator"), account="elastic-operator"
)
CLICKHOUSE_OPERATOR: Final = Standing(
    namespace="clickhouse-operator",
    name="altinity-clickhouse-operator",
    labels=_named("altinity-clickhouse-operator"),
    account="clickhouse-operator",
)
MARIADB_OPERATOR: Final = Standing(
    namespace="mariadb-operator",
    name="mariadb-operator",
    labels=_named("mariadb-operator"),
    account="mariadb-operator",
)
OPENSEARCH_OPERATOR: Final = Standing(
    namespace="opensearch-operator",
    name="opensearch-operator",
    labels=_named("opensearch-operator"),
    account="opensearch-operator",
)
PSMDB_OPERATOR: Final = Standing(
    namespace="psmdb-system", name="psmdb-operator", labels=_named("psmdb-operator"), account="psmdb-operator"
)
REDIS_OPERATOR: Final = Standing(
    namespace="redis-operator", name="redis-operator", labels={"name": "redis-operator"}, account="redis-operator"
)
OPERATORS: Final[Mapping[str, Standing]] = {
    "clickhouse": CLICKHOUSE_OPERATOR,
    "elasticsearch": ECK_OPERATOR,
    "mongodb": PSMDB_OPERATOR,
    "mysql": MARIADB_OPERATOR,
    "opensearch": OPENSEARCH_OPERATOR,
    "postgres": CLOUDNATIVE_PG,
    "redis": REDIS_OPERATOR,
    "valkey": REDIS_OPERATOR,
}
"""Engine → who runs its stores."""
COPIED_BY_RUNS: Final = ("clickhouse", "elasticsearch", "redis", "valkey")
"""Engines that a run beside them asks for copies."""
STORES: Final = ("clickhouse", "elasticsearch", "mongodb", "mysql", "opensearch", "postgres", "redis", "valkey")


DRILLED: Final = ("mongodb", "mysql", "postgres")
"""Those whose copies are restored from time to time."""


def drills(spec: Mapping[str, Any]) -> Mapping[str, str]:
    """Store of a service → how often a copy of it is restored, where copies are made."""
    backups = {key: of.get("backup", {}) for key, of in spec.get("resources", {}).items() if of["type"] in DRILLED}
    found = {key: of.get("restoreDrill", "weekly") for key, of in backups.items() if of != "none"}
    return {key: often for key, often in found.items() if often != "never"}


def stand_ins(
    specs: Mapping[str, Mapping[str, Any]], *, meshed: bool, copies: bool, objects_copied: bool
) -> Sequence[Standing]:
    """Everybody who stands beside the services of `specs`. `copies`: whether their stores make any; `objects_copied`:
    whether those of the cluster's objects are made."""
    found = [
        *OPERATORS.values(),
        DNS,
        DNS_CACHE,
        COLLECTOR,
        PROMETHEUS,
        ROLLOUTS,
        GATEWAY,
        CONTROLLER,
        REDIS,
        SOLVER,
        *BROKERS.values(),
    ]
    found += [ISTIOD] if meshed else []
    found += [VELERO, _stray("velero")] if objects_copied else []
    found.append(Standing(namespace="cert-manager", name="cert-manager", labels=_named("cert-manager")))
    found.append(Standing(namespace="kube-system", name="metrics-server", labels=_named("metrics-server")))
    found += [_stray(namespace) for namespace in ("messaging", "observability")]
    for name, spec in sorted(specs.items()):
        found.append(_stray(name, service_pod=True))
        stores = [key for key, of in sorted(spec.get("resources", {}).items()) if of["type"] in STORES]
        found += [
            Standing(
                namespace=f"{name}-data", name=key, labels={"catalog.platform/resource": key}, walled=True, several=True
            )
            for key in stores
        ]
        found += [_stray(f"{name}-data")] if stores else []
        found += _runs(name, spec) if copies else ()
        found += _of_drills(name, drills(spec) if copies else {})
    found.append(_stranger(specs))
    return found


def _runs(service: str, spec: Mapping[str, Any]) -> Iterator[Standing]:
    """What asks stores for copies."""
    for key, of in sorted(spec.get("resources", {}).items()):
        if of["type"] in COPIED_BY_RUNS and of.get("backup") != "none":
            yield Standing(
                namespace=f"{service}-data",
                name=f"{key}-copy",
                labels={"catalog.platform/copier": key},
                account=f"{key}.copier",
                walled=True,
                several=True,
                ours=True,
            )


def _of_drills(service: str, tried: Mapping[str, str]) -> Iterator[Standing]:
    """What is restored, what restores it and what sweeps up, and a pod that is none of these."""
    for key, often in tried.items():
        restored = {"catalog.platform/resource": key}
        yield Standing(namespace=f"{service}-drill", name=key, labels=restored, walled=True, several=True)
        for run in (often, "sweep"):
            yield Standing(
                namespace=f"{service}-drill",
                name=f"{key}-{run}",
                labels={"catalog.platform/drill": key},
                account=f"{key}.drill",
                walled=True,
                several=True,
                ours=True,
            )
    if tried:
        yield _stray(f"{service}-drill")


def _stray(namespace: str, *, service_pod: bool = False) -> Standing:
    return Standing(
        namespace=namespace, name="a-stray", labels={"app": "a-stray"}, walled=True, service_pod=service_pod
    )


def _stranger(specs: Mapping[str, Mapping[str, Any]]) -> Standing:
    """In a namespace of nobody's, with the labels and the account of a service that calls others."""
    callers = [name for name, spec in sorted(specs.items()) if spec.get("consumes")] or sorted(specs)
    return Standing(namespace="default", name="a-stranger", labels=_named(callers[0]), account=callers[0])
