"""The kinds of objects the rules read; whatever is of another kind passes them unread, and is refused for that.

Lists, not groups: `NetworkPolcy` is in a group everybody knows. Each list was written from what defines the kinds, and
`tests/test_policies_kinds.py` compares it with that where it is there.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

BUILT_IN: Final[Mapping[str, str]] = {
    "": (
        "Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume "
        "PersistentVolumeClaim Pod PodStatusResult PodTemplate ReplicationController ResourceQuota Secret "
        "Service ServiceAccount"
    ),
    "admission.k8s.io": "AdmissionReview",
    "admissionregistration.k8s.io": (
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration "
        "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration"
    ),
    "apiextensions.k8s.io": "ConversionReview CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "apps": "ControllerRevision DaemonSet Deployment DeploymentRollback ReplicaSet Scale StatefulSet",
    "authentication.k8s.io": "SelfSubjectReview TokenRequest TokenReview",
    "authorization.k8s.io": (
        "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview"
    ),
    "autoscaling": "HorizontalPodAutoscaler Scale",
    "batch": "CronJob Job",
    "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle PodCertificateRequest",
    "coordination.k8s.io": "Lease LeaseCandidate",
    "discovery.k8s.io": "EndpointSlice",
    "events.k8s.io": "Event",
    "extensions": "DaemonSet Deployment DeploymentRollback Ingress NetworkPolicy ReplicaSet Scale",
    "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
    "internal.apiserver.k8s.io": "StorageVersion",
    "networking.k8s.io": "IPAddress Ingress IngressClass NetworkPolicy ServiceCIDR",
    "node.k8s.io": "RuntimeClass",
    "policy": "Eviction PodDisruptionBudget",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "resource.k8s.io": (
        "DeviceClass DeviceTaintRule ResourceClaim ResourceClaimTemplate ResourcePoolStatusRequest ResourceSlice"
    ),
    "scheduling.k8s.io": "PodGroup PriorityClass Workload",
    "storage.k8s.io": "CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass",
    "storagemigration.k8s.io": "StorageVersionMigration",
}
"""Group to the kinds of Kubernetes' own API (k8s.io/api, apiextensions-apiserver and kube-aggregator, 1.36.4: what each
version's register.go adds, but for lists and options). A cluster need not serve them all: that is eng-deprecated-api's.
"""

OPERATORS: Final[Mapping[str, str]] = {
    "agent.k8s.elastic.co": "Agent",
    "apm.k8s.elastic.co": "ApmServer",
    "argoproj.io": "AnalysisRun AnalysisTemplate ClusterAnalysisTemplate Experiment Rollout",
    "autoops.k8s.elastic.co": "AutoOpsAgentPolicy",
    "autoscaling.k8s.elastic.co": "ElasticsearchAutoscaler",
    "barmancloud.cnpg.io": "ObjectStore",
    "beat.k8s.elastic.co": "Beat",
    "cert-manager.io": "Certificate ClusterIssuer Issuer",
    "chaos-mesh.org": "NetworkChaos PodChaos Schedule",
    "clickhouse-keeper.altinity.com": "ClickHouseKeeperInstallation",
    "clickhouse.altinity.com": "ClickHouseInstallation",
    "configuration.konghq.com": (
        "IngressClassParameters KongClusterPlugin KongConsumer KongConsumerGroup KongCustomEntity KongIngress "
        "KongLicense KongPlugin KongUpstreamPolicy KongVault TCPIngress UDPIngress"
    ),
    "elasticsearch.k8s.elastic.co": "Elasticsearch",
    "enterprisesearch.k8s.elastic.co": "EnterpriseSearch",
    "extensions.istio.io": "TrafficExtension WasmPlugin",
    "external-secrets.io": "ClusterExternalSecret ClusterSecretStore ExternalSecret PushSecret SecretStore",
    "gateway.networking.k8s.io": "BackendTLSPolicy GRPCRoute Gateway GatewayClass HTTPRoute ReferenceGrant",
    "generators.external-secrets.io": "Password VaultDynamicSecret",
    "jetstream.nats.io": "Account Consumer KeyValue ObjectStore Stream StreamTemplate",
    "k6.io": "TestRun",
    "k8s.mariadb.com": (
        "Backup Connection Database ExternalMariaDB Grant MariaDB MaxScale PhysicalBackup PointInTimeRecovery Restore "
        "SqlJob User"
    ),
    "kafka.strimzi.io": "Kafka KafkaNodePool KafkaTopic KafkaUser",
    "keda.sh": "ClusterTriggerAuthentication ScaledObject TriggerAuthentication",
    "kibana.k8s.elastic.co": "Kibana",
    "logstash.k8s.elastic.co": "Logstash",
    "maps.k8s.elastic.co": "ElasticMapsServer",
    "monitoring.coreos.com": "PodMonitor PrometheusRule ServiceMonitor",
    "networking.istio.io": (
        "DestinationRule EnvoyFilter Gateway ProxyConfig ServiceEntry Sidecar VirtualService WorkloadEntry "
        "WorkloadGroup"
    ),
    "opensearch.opster.io": (
        "OpenSearchCluster OpenSearchISMPolicy OpensearchActionGroup OpensearchComponentTemplate "
        "OpensearchIndexTemplate OpensearchRole OpensearchSnapshotPolicy OpensearchTenant OpensearchUser "
        "OpensearchUserRoleBinding"
    ),
    "opensearch.org": (
        "OpenSearchCluster OpenSearchISMPolicy OpensearchActionGroup OpensearchComponentTemplate "
        "OpensearchIndexTemplate OpensearchRole OpensearchSnapshotPolicy OpensearchTenant OpensearchUser "
        "OpensearchUserRoleBinding"
    ),
    "opentelemetry.io": "Instrumentation OpenTelemetryCollector",
    "packageregistry.k8s.elastic.co": "PackageRegistry",
    "postgresql.cnpg.io": (
        "Backup Cluster ClusterImageCatalog Database DatabaseRole ImageCatalog Pooler ScheduledBackup"
    ),
    "psmdb.percona.com": "PerconaServerMongoDB PerconaServerMongoDBBackup PerconaServerMongoDBRestore",
    "rabbitmq.com": "Binding Exchange Permission Policy Queue RabbitmqCluster TopicPermission User Vhost",
    "redis.redis.opstreelabs.in": "Redis RedisCluster RedisReplication RedisSentinel",
    "security.istio.io": "AuthorizationPolicy PeerAuthentication RequestAuthentication",
    "stackconfigpolicy.k8s.elastic.co": "StackConfigPolicy",
    "telemetry.istio.io": "Telemetry",
    "velero.io": "Backup BackupStorageLocation Schedule VolumeSnapshotLocation",
}
"""Group to the kinds of the operators this platform is made for, as their CustomResourceDefinitions name them."""

READ: Final[Mapping[str, str]] = {
    "acme.cert-manager.io": "Challenge Order",
    "argoproj.io": "Application ApplicationSet",
    "bitnami.com": "SealedSecret",
    "cert-manager.io": "CertificateRequest",
    "cilium.io": (
        "CiliumCIDRGroup CiliumClusterwideNetworkPolicy CiliumEgressGatewayPolicy CiliumLoadBalancerIPPool "
        "CiliumNetworkPolicy CiliumNode"
    ),
    "crd.k8s.amazonaws.com": "ENIConfig",
    "crd.projectcalico.org": "GlobalNetworkPolicy IPPool NetworkPolicy",
    "elbv2.k8s.aws": "IngressClassParams",
    "external-secrets.io": "ClusterPushSecret",
    "gateway.networking.k8s.io": "ListenerSet TCPRoute TLSRoute UDPRoute",
    "gateway.networking.x-k8s.io": "XListenerSet",
    "gateway.nginx.org": "SnippetsFilter",
    "grafana.integreatly.org": "Grafana GrafanaDashboard GrafanaDatasource",
    "helm.cattle.io": "HelmChart",
    "helm.toolkit.fluxcd.io": "HelmRelease",
    "install.istio.io": "IstioOperator",
    "karpenter.sh": "NodePool",
    "kustomize.toolkit.fluxcd.io": "Kustomization",
    "kyverno.io": "ClusterPolicy",
    "monitoring.coreos.com": "Prometheus",
    "operator.tigera.io": "Installation",
    "policies.kyverno.io": "DeletingPolicy GeneratingPolicy ImageValidatingPolicy MutatingPolicy ValidatingPolicy",
    "policy.networking.k8s.io": "AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy",
    "policy.sigstore.dev": "ClusterImagePolicy",
    "projectcalico.org": "GlobalNetworkPolicy IPPool NetworkPolicy",
    "snapshot.storage.k8s.io": "VolumeSnapshotClass VolumeSnapshotContent",
    "templates.gatekeeper.sh": "ConstraintTemplate",
    "trust.cert-manager.io": "Bundle",
}
"""Group to further kinds that rules read by name, most of them to refuse what they do."""

LISTED: Final = frozenset(
    f"{kind}.{group}" if group else kind
    for table in (BUILT_IN, OPERATORS, READ)
    for group, kinds in table.items()
    for kind in kinds.split()
)
"""All of them, as `Object.sort` says them."""

LONGEST: Final = 63
"""Characters of a kind that are compared with others; the API server takes no longer one (RFC 1035)."""


def nearest(kind: str, group: str) -> str | None:
    """The listed kind that is spelled most like `kind`, of `group` rather than of another, or None."""
    # Only what begins alike and is about as long: a run may have ten thousand kinds nobody knows.
    said = kind[:LONGEST].casefold()
    alike: dict[str, list[str]] = {}
    for sort, spelled in _SPELLED.get(said[:1], ()):
        if abs(len(spelled) - len(said)) <= _APART:
            alike.setdefault(spelled, []).append(sort)
    found = get_close_matches(said, alike, n=1, cutoff=0.8)
    return min(alike[found[0]], key=lambda sort: (sort.partition(".")[2] != group, sort)) if found else None


_APART: Final = 2
"""Letters somebody leaves out or adds."""

_SPELLED: Final[Mapping[str, list[tuple[str, str]]]] = {
    first: [(sort, sort.partition(".")[0].casefold()) for sort in sorted(LISTED) if sort[0].casefold() == first]
    for first in {sort[0].casefold() for sort in LISTED}
}
