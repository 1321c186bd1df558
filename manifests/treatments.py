"""What the engine must know about a kind that its manifest does not say: what replaces, restarts, is waited for.

Pure data, so that a review can say "replaced" and "restarts" without an engine; `components.kubernetes` tells the
engine. Nothing here asks a cluster, and nothing here judges: `policies` has its own list of what may be ignored.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from blueprint.sizes import MIGRATION_SECONDS
from manifests import mariadb_treatments, opensearch_treatments
from manifests.identity import kind
from manifests.manifest import Manifest
from manifests.treating import CREDENTIALS, PREREQUISITES
from manifests.treating import Treatment as Treatment  # noqa: PLC0414
from manifests.treating import at as at  # noqa: PLC0414

_PLAIN: Final = Treatment()
_MOUNTED: Final = ("ConfigMap", "PersistentVolumeClaim")
"""What its pods mount."""
_STORES: Final = (
    *("ClickHouseInstallation", "Cluster", "Database", "Elasticsearch", "Grant", "MariaDB", "OpenSearchCluster"),
    *("OpensearchUserRoleBinding", "PerconaServerMongoDB", "Pooler", "RedisReplication", "User"),
)
"""What its pods connect to when they start."""
_MIGRATIONS: Final = ("Job",)
"""What has to end before: the only Jobs there are. One that fails fails the run, and what comes after it is not asked
for (pulumi-kubernetes v4.25.0, provider/pkg/await/job.go): the pods that run stay as they are."""
_ENDING_SECONDS: Final = 60
"""What the cluster may take to say that a Job is over."""

TREATMENTS: Final[Mapping[str, Treatment]] = {
    "admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy": _PLAIN,
    "admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding": _PLAIN,
    "apps/v1:Deployment": Treatment(
        after=(*PREREQUISITES, *_MOUNTED, *CREDENTIALS, *_MIGRATIONS),
        across=_STORES,
        provider_replaces=("spec.selector",),
        restarted_by=("spec.template",),
    ),
    # Replaced, all its pods end before the new ones start; their disks stay.
    "apps/v1:StatefulSet": Treatment(
        after=(*PREREQUISITES, *_MOUNTED, *CREDENTIALS, *_MIGRATIONS),
        across=_STORES,
        provider_replaces=(
            "spec.podManagementPolicy",
            "spec.revisionHistoryLimit",
            "spec.selector",
            "spec.serviceName",
            "spec.volumeClaimTemplates",
        ),
        restarted_by=("spec.template",),
    ),
    "argoproj.io/v1alpha1:AnalysisTemplate": _PLAIN,
    "argoproj.io/v1alpha1:Rollout": Treatment(
        after=(
            *PREREQUISITES,
            *_MOUNTED,
            *("AnalysisTemplate", "VirtualService/-weights"),
            *CREDENTIALS,
            *_MIGRATIONS,
        ),
        across=_STORES,
        wait_for="jsonpath={.status.phase}=Healthy",
        replaced_by=("spec.selector",),
        restarted_by=("spec.template",),
        # Argo Rollouts writes the whole object when it numbers a version, and every quantity in its shortest form:
        # 1024Mi becomes 1Gi, and its own. The next value would be refused as a conflict.
        prevails=True,
    ),
    "autoscaling/v2:HorizontalPodAutoscaler": _PLAIN,
    "barmancloud.cnpg.io/v1:ObjectStore": _PLAIN,
    # A new template holds from the next run on; the run that is under way goes on.
    "batch/v1:CronJob": Treatment(after=(*PREREQUISITES, *_MOUNTED, *CREDENTIALS, *_MIGRATIONS), across=_STORES),
    "batch/v1:Job": Treatment(
        after=(
            *PREREQUISITES,
            *CREDENTIALS,
            *(f"NetworkPolicy/.migrations.{edge}" for edge in ("dns", "istiod", "store")),
            "Sidecar",  # its proxy knows no store before
        ),
        across=_STORES,
        patience_seconds=MIGRATION_SECONDS + _ENDING_SECONDS,
        retried=True,
        provider_replaces=("spec.template",),
    ),
    "cert-manager.io/v1:Certificate": Treatment(wait_for="condition=Ready"),
    "cert-manager.io/v1:ClusterIssuer": Treatment(wait_for="condition=Ready", across=("Certificate",)),
    "cert-manager.io/v1:Issuer": _PLAIN,
    # It makes what replicated tables are made of: Keepers without it start empty, and the tables can only be read.
    "clickhouse-keeper.altinity.com/v1:ClickHouseKeeperInstallation": Treatment(
        after=(*PREREQUISITES, "NetworkPolicy", *CREDENTIALS),
        wait_for="jsonpath={.status.status}=Completed",
        protected=True,
    ),
    "clickhouse.altinity.com/v1:ClickHouseInstallation": Treatment(
        after=(*PREREQUISITES, "NetworkPolicy", *CREDENTIALS, "ClickHouseKeeperInstallation"),
        wait_for="jsonpath={.status.status}=Completed",
        holds_data=True,
        protected=True,
        grows=("spec.templates.volumeClaimTemplates.0.spec.resources.requests.storage",),
        # With Keepers its database is of another engine, and the server keeps the one it has.
        born_with=("spec.configuration.zookeeper",),
        version="spec.templates.podTemplates.0.spec.containers.0.image",
    ),
    "configuration.konghq.com/v1:KongClusterPlugin": Treatment(replaced_by=("plugin",)),
    "configuration.konghq.com/v1:KongConsumer": Treatment(after=("Secret",)),
    "configuration.konghq.com/v1:KongPlugin": Treatment(replaced_by=("plugin",)),
    "configuration.konghq.com/v1beta1:TCPIngress": _PLAIN,
    "core/v1:ConfigMap": _PLAIN,
    "core/v1:LimitRange": _PLAIN,
    "core/v1:Namespace": _PLAIN,
    "core/v1:PersistentVolumeClaim": Treatment(
        # Under the old quota a larger one would be refused.
        after=("ResourceQuota",),
        # A disk that is there stays of the class it was made from: another setting is for the next one.
        others_own=("spec.storageClassName",),
        provider_replaces=("spec.accessModes",),
        # Of a class that waits for the first pod it is bound only then. And the provider waits in vain for one that
        # comes back and is bound already: it expects Pending (v4.25.0, provider/pkg/await/awaiters.go).
        skip_await=True,
        holds_data=True,
        protected=True,
        grows=("spec.resources.requests.storage",),
    ),
    "core/v1:ResourceQuota": Treatment(provider_replaces=("spec.scopes",)),
    "core/v1:Secret": Treatment(provider_replaces=("type",)),
    # The workload behind a Service is waited for; its endpoints, settling for ten seconds, prove nothing more.
    "core/v1:Service": Treatment(skip_await=True, provider_replaces=("spec.clusterIP",)),
    "core/v1:ServiceAccount": _PLAIN,
    # A node of several whose shards have too few copies leaves it yellow, which is the indices' own affair.
    "elasticsearch.k8s.elastic.co/v1:Elasticsearch": Treatment(
        after=(*PREREQUISITES, "NetworkPolicy", *CREDENTIALS),
        wait_for="jsonpath={.status.phase}=Ready",
        holds_data=True,
        protected=True,
        grows=(
            "spec.nodeSets.0.volumeClaimTemplates.0.spec.resources.requests.storage",
            "spec.nodeSets.1.volumeClaimTemplates.0.spec.resources.requests.storage",
        ),
        version="spec.image",
    ),
    "external-secrets.io/v1:ExternalSecret": Treatment(wait_for="condition=Ready", after=("Password", "SecretStore")),
    "external-secrets.io/v1:SecretStore": Treatment(
        wait_for="condition=Ready", after=("RoleBinding", "ServiceAccount"), across=("RoleBinding",)
    ),
    "gateway.networking.k8s.io/v1:Gateway": Treatment(wait_for="condition=Programmed", after=("Certificate",)),
    "gateway.networking.k8s.io/v1:GatewayClass": Treatment(replaced_by=("spec.controllerName",)),
    "gateway.networking.k8s.io/v1:HTTPRoute": Treatment(after=("Gateway", "KongPlugin")),
    "generators.external-secrets.io/v1alpha1:Password": _PLAIN,
    **mariadb_treatments.TREATMENTS,
    # Argo Rollouts keeps the hashes of the two versions in the subsets, and the weights in the delegate.
    "networking.istio.io/v1:DestinationRule": Treatment(others_own=("spec.subsets",)),
    "networking.istio.io/v1:ServiceEntry": _PLAIN,
    "networking.istio.io/v1:Sidecar": _PLAIN,
    "networking.istio.io/v1:VirtualService": Treatment(after=("DestinationRule",)),
    "networking.k8s.io/v1:IngressClass": Treatment(replaced_by=("spec.controller",)),
    "networking.k8s.io/v1:NetworkPolicy": _PLAIN,
    **opensearch_treatments.TREATMENTS,
    "policy/v1:PodDisruptionBudget": _PLAIN,
    # The operator makes the database, the roles and the pooler of a cluster when that answers.
    "postgresql.cnpg.io/v1:Cluster": Treatment(
        after=(*PREREQUISITES, "NetworkPolicy", *CREDENTIALS, "ObjectStore"),
        wait_for="condition=Ready",
        replaced_by=("spec.bootstrap",),
        holds_data=True,
        protected=True,
        grows=("spec.storage.size",),
        version="spec.imageName",
    ),
    # What it names stays in its cluster when it goes (spec.databaseReclaimPolicy).
    "postgresql.cnpg.io/v1:Database": Treatment(
        after=("Cluster",),
        wait_for="jsonpath={.status.applied}=true",
        replaced_by=("spec.cluster", "spec.name"),
        protected=True,
    ),
    "postgresql.cnpg.io/v1:Pooler": Treatment(
        after=(*PREREQUISITES, "Cluster"), wait_for="jsonpath={.status.phase}=active", replaced_by=("spec.cluster",)
    ),
    "postgresql.cnpg.io/v1:ScheduledBackup": Treatment(after=("Cluster", "ObjectStore"), replaced_by=("spec.cluster",)),
    # Its users come a moment after it is ready: the operator makes them when it looks again, every five seconds.
    "psmdb.percona.com/v1:PerconaServerMongoDB": Treatment(
        after=(*PREREQUISITES, "NetworkPolicy", *CREDENTIALS),
        wait_for="jsonpath={.status.state}=ready",
        holds_data=True,
        protected=True,
        grows=("spec.replsets.0.volumeSpec.persistentVolumeClaim.resources.requests.storage",),
        version="spec.image",
    ),
    # Made once, whatever is written in it later; the services need not wait for it.
    "psmdb.percona.com/v1:PerconaServerMongoDBBackup": Treatment(after=("PerconaServerMongoDB",)),
    "rbac.authorization.k8s.io/v1:ClusterRole": _PLAIN,
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": Treatment(after=("ClusterRole",), replaced_by=("roleRef",)),
    "rbac.authorization.k8s.io/v1:Role": _PLAIN,
    "rbac.authorization.k8s.io/v1:RoleBinding": Treatment(after=("Role", "ServiceAccount"), replaced_by=("roleRef",)),
    # It has no conditions; it names the first of its pods as soon as that answers.
    "redis.redis.opstreelabs.in/v1beta2:RedisReplication": Treatment(
        after=(*PREREQUISITES, "NetworkPolicy", "ConfigMap", *CREDENTIALS),
        wait_for="jsonpath={.status.masterNode}",
        holds_data=True,
        protected=True,
        grows=("spec.storage.volumeClaimTemplate.spec.resources.requests.storage",),
        version="spec.kubernetesConfig.image",
    ),
    "redis.redis.opstreelabs.in/v1beta2:RedisSentinel": Treatment(after=(*PREREQUISITES, "RedisReplication")),
    "scheduling.k8s.io/v1:PriorityClass": Treatment(replaced_by=("preemptionPolicy", "value")),
    "security.istio.io/v1:AuthorizationPolicy": _PLAIN,
    "security.istio.io/v1:PeerAuthentication": _PLAIN,
    "security.istio.io/v1:RequestAuthentication": _PLAIN,
    "velero.io/v1:BackupStorageLocation": _PLAIN,
    "velero.io/v1:Schedule": Treatment(after=("BackupStorageLocation",)),
}
"""Kind → treatment. Total over the kinds this room spells; a test says so."""


def _weighted(manifest: Manifest) -> bool:
    """Whether Argo Rollouts moves the weights of this route: only a canary's delegate has any."""
    return any("weight" in end for rule in manifest["spec"]["http"] for end in rule.get("route", []))


SPECIAL: Final[Mapping[str, tuple[Callable[[Manifest], bool], Treatment]]] = {
    "networking.istio.io/v1:VirtualService": (
        _weighted,
        Treatment(others_own=("spec.http",), after=("DestinationRule",)),
    ),
}
"""Kind → which of its objects are treated otherwise, and how."""

_IDENTITY: Final = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
"""What makes an object that object, whatever its kind."""


def treatment(manifest: Manifest) -> Treatment:
    """How `manifest` is treated. Raises LookupError for a kind without a row."""
    found = kind(manifest)
    if found in SPECIAL and SPECIAL[found][0](manifest):
        return SPECIAL[found][1]
    if found not in TREATMENTS:
        raise LookupError(
            f"{found} '{manifest['metadata']['name']}' has no treatment, so it is not known what replaces it"
            f" and whether it is waited for. Give it a row in manifests/treatments.py beside: {', '.join(TREATMENTS)}."
        )
    return TREATMENTS[found]


def annotated(manifest: Manifest) -> Manifest:
    """`manifest` with the provider's own annotations about waiting and conflicts; the manifest itself without any."""
    notes, metadata = dict(_notes(treatment(manifest))), manifest["metadata"]
    noted = {**metadata, "annotations": {**metadata.get("annotations", {}), **notes}}
    return {**manifest, "metadata": noted} if notes else manifest


def follows(how: Treatment, other: Manifest, *, beside: bool) -> bool:
    """Whether what is treated so comes after `other`, an object of the same component; `beside` it: of the same
    namespace, too."""
    name = other["metadata"]["name"]
    wanted = (each.partition("/") for each in how.after if beside)
    return other["kind"] in how.across or any(other["kind"] == kind and name.endswith(end) for kind, _, end in wanted)


def replaces(old: Manifest, new: Manifest) -> tuple[str, ...]:
    """The paths at which going from `old` to `new` deletes one object and makes another; none: it changes in place."""
    how = treatment(new)
    return _changed((*_IDENTITY, *how.replaced_by, *how.provider_replaces), old, new)


def restarts(old: Manifest, new: Manifest) -> tuple[str, ...]:
    """The paths at which going from `old` to `new` starts every pod anew; none: the pods that run stay."""
    return _changed(treatment(new).restarted_by, old, new)


def _notes(how: Treatment) -> Iterator[tuple[str, str]]:
    if how.wait_for:
        yield "pulumi.com/waitFor", how.wait_for
    if how.skip_await:
        yield "pulumi.com/skipAwait", "true"
    if how.patience_seconds:
        yield "pulumi.com/timeoutSeconds", str(how.patience_seconds)
    if how.retried:
        yield "pulumi.com/replaceUnready", "true"
    if how.prevails:
        yield "pulumi.com/patchForce", "true"


def _changed(paths: tuple[str, ...], old: Manifest, new: Manifest) -> tuple[str, ...]:
    return tuple(sorted(path for path in paths if at(old, path) != at(new, path)))
