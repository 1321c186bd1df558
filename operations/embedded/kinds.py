"""Every custom resource the platform emits, one row each: the permissive definition and the stage follow from the row.

`readiness` is None where the real controllers report nothing that could be waited for (Istio's kinds with their default
settings, templates, grants): making those ready here would let a program wait for what production never says.
To add a kind, add a row; versions and scopes are those of the strict schemas.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from operations.embedded.readiness import (
    Applied,
    Conditions,
    HealthyRollout,
    ParentConditions,
    Phase,
    PlainConditions,
    Readiness,
)
from operations.embedded.store_readiness import (
    AltinityInstallation,
    ElasticsearchPhase,
    MariadbServer,
    MongodbReplicaSet,
    OpensearchInitialized,
    OpensearchState,
    PostgresCluster,
    RedisFirst,
)

NAMESPACED: Literal["Namespaced"] = "Namespaced"
CLUSTER: Literal["Cluster"] = "Cluster"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A custom resource's coordinates and how it becomes ready."""

    group: str
    version: str
    kind: str
    plural: str
    scope: Literal["Namespaced", "Cluster"] = NAMESPACED
    readiness: Readiness | None = None
    status: bool = True
    """Whether its status is a subresource: then only who writes to that changes it, and some controllers never do."""

    @property
    def definition_name(self) -> str:
        """`metadata.name` of its CustomResourceDefinition."""
        return f"{self.plural}.{self.group}"

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}"


_READY = Conditions(types=("Ready",))
_PROGRAMMED = Conditions(types=("Programmed",))

_ROWS: dict[tuple[str, str], tuple[tuple[str, str, Literal["Namespaced", "Cluster"], Readiness | None], ...]] = {
    ("argoproj.io", "v1alpha1"): (
        ("AnalysisTemplate", "analysistemplates", NAMESPACED, None),
        ("Rollout", "rollouts", NAMESPACED, HealthyRollout()),
    ),
    ("barmancloud.cnpg.io", "v1"): (("ObjectStore", "objectstores", NAMESPACED, None),),
    ("cert-manager.io", "v1"): (
        ("Certificate", "certificates", NAMESPACED, _READY),
        ("ClusterIssuer", "clusterissuers", CLUSTER, _READY),
        ("Issuer", "issuers", NAMESPACED, _READY),
    ),
    ("clickhouse-keeper.altinity.com", "v1"): (
        ("ClickHouseKeeperInstallation", "clickhousekeeperinstallations", NAMESPACED, AltinityInstallation()),
    ),
    ("clickhouse.altinity.com", "v1"): (
        ("ClickHouseInstallation", "clickhouseinstallations", NAMESPACED, AltinityInstallation()),
    ),
    ("configuration.konghq.com", "v1"): (
        ("KongClusterPlugin", "kongclusterplugins", CLUSTER, _PROGRAMMED),
        ("KongConsumer", "kongconsumers", NAMESPACED, _PROGRAMMED),
        ("KongPlugin", "kongplugins", NAMESPACED, _PROGRAMMED),
    ),
    ("configuration.konghq.com", "v1alpha1"): (
        ("IngressClassParameters", "ingressclassparameterses", NAMESPACED, None),
    ),
    ("configuration.konghq.com", "v1beta1"): (("KongUpstreamPolicy", "kongupstreampolicies", NAMESPACED, None),),
    ("elasticsearch.k8s.elastic.co", "v1"): (("Elasticsearch", "elasticsearches", NAMESPACED, ElasticsearchPhase()),),
    ("external-secrets.io", "v1"): (
        ("ExternalSecret", "externalsecrets", NAMESPACED, PlainConditions(types=("Ready",))),
        ("SecretStore", "secretstores", NAMESPACED, PlainConditions(types=("Ready",))),
    ),
    ("gateway.networking.k8s.io", "v1"): (
        ("Gateway", "gateways", NAMESPACED, Conditions(types=("Accepted", "Programmed"))),
        ("GatewayClass", "gatewayclasses", CLUSTER, Conditions(types=("Accepted",))),
        ("HTTPRoute", "httproutes", NAMESPACED, ParentConditions(types=("Accepted", "ResolvedRefs"))),
    ),
    ("gateway.networking.k8s.io", "v1beta1"): (("ReferenceGrant", "referencegrants", NAMESPACED, None),),
    ("generators.external-secrets.io", "v1alpha1"): (("Password", "passwords", NAMESPACED, None),),
    ("k8s.mariadb.com", "v1alpha1"): (
        ("Database", "databases", NAMESPACED, PlainConditions(types=("Ready",))),
        ("Grant", "grants", NAMESPACED, PlainConditions(types=("Ready",))),
        ("MariaDB", "mariadbs", NAMESPACED, MariadbServer()),
        ("PhysicalBackup", "physicalbackups", NAMESPACED, None),
        ("PointInTimeRecovery", "pointintimerecoveries", NAMESPACED, None),
        ("User", "users", NAMESPACED, PlainConditions(types=("Ready",))),
    ),
    ("networking.istio.io", "v1"): (
        ("DestinationRule", "destinationrules", NAMESPACED, None),
        ("ServiceEntry", "serviceentries", NAMESPACED, None),
        ("Sidecar", "sidecars", NAMESPACED, None),
        ("VirtualService", "virtualservices", NAMESPACED, None),
    ),
    ("opensearch.org", "v1"): (
        ("OpenSearchCluster", "opensearchclusters", NAMESPACED, OpensearchInitialized()),
        ("OpensearchRole", "opensearchroles", NAMESPACED, OpensearchState()),
        ("OpensearchUser", "opensearchusers", NAMESPACED, OpensearchState()),
        ("OpensearchUserRoleBinding", "opensearchuserrolebindings", NAMESPACED, OpensearchState()),
    ),
    ("postgresql.cnpg.io", "v1"): (
        ("Cluster", "clusters", NAMESPACED, PostgresCluster()),
        ("Database", "databases", NAMESPACED, Applied()),
        ("Pooler", "poolers", NAMESPACED, Phase(value="active")),
        ("ScheduledBackup", "scheduledbackups", NAMESPACED, None),
    ),
    ("psmdb.percona.com", "v1"): (
        ("PerconaServerMongoDB", "perconaservermongodbs", NAMESPACED, MongodbReplicaSet()),
        ("PerconaServerMongoDBBackup", "perconaservermongodbbackups", NAMESPACED, None),
    ),
    ("redis.redis.opstreelabs.in", "v1beta2"): (
        ("RedisReplication", "redisreplications", NAMESPACED, RedisFirst()),
        ("RedisSentinel", "redissentinels", NAMESPACED, None),
    ),
    ("security.istio.io", "v1"): (
        ("AuthorizationPolicy", "authorizationpolicies", NAMESPACED, None),
        ("PeerAuthentication", "peerauthentications", NAMESPACED, None),
        ("RequestAuthentication", "requestauthentications", NAMESPACED, None),
    ),
    ("telemetry.istio.io", "v1"): (("Telemetry", "telemetries", NAMESPACED, None),),
    ("velero.io", "v1"): (
        ("BackupStorageLocation", "backupstoragelocations", NAMESPACED, None),
        ("Schedule", "schedules", NAMESPACED, None),
    ),
}


def _kinds() -> Iterator[Kind]:
    for (group, version), rows in sorted(_ROWS.items()):
        for kind, plural, scope, readiness in rows:
            yield Kind(group=group, version=version, kind=kind, plural=plural, scope=scope, readiness=readiness)


KINDS: tuple[Kind, ...] = tuple(_kinds())
"""Sorted by group, version and kind."""


def handed_over(*names: str, beside: Sequence[Kind] = ()) -> tuple[Kind, ...]:
    """`KINDS` for a control plane beside which a real controller runs: those called `names` are its work, so that
    nothing else makes them ready, and `beside` are kinds that it alone needs."""
    own = (replace(kind, readiness=None) if kind.kind in names else kind for kind in KINDS)
    return tuple(sorted((*own, *beside), key=lambda kind: (kind.group, kind.version, kind.kind)))
