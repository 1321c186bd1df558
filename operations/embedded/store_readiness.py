"""How the stores that operators run become ready: states on the way, as each operator reports them.

Their pods are not simulated: they are the operators', and no object of ours says what they look like.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from operations.embedded.readiness import Step, all_true, condition

_FIRST, _WAITING, _HEALTHY = (
    "Setting up primary",
    "Waiting for the instances to become active",
    "Cluster in healthy state",
)
"""Phases of CloudNativePG 1.30.0 (api/v1/cluster_types.go), on the way to a new cluster."""


def _phase(phase: str, *, ready: str) -> str:
    return f"phase: {phase}\ninstances: {{{{ .spec.instances }}}}\nreadyInstances: {ready}\n"


@dataclass(frozen=True, kw_only=True)
class PostgresCluster:
    """CloudNativePG's Cluster: one instance is set up, the others join it, then all are healthy.

    Its pods are not simulated: they are the operator's, and no object of ours says what they look like.
    """

    before: ClassVar[tuple[Step, ...]] = (
        Step(when="!has(self.status) || !has(self.status.phase)", status=_phase(_FIRST, ready="0")),
        Step(
            when=f"has(self.status) && has(self.status.phase) && self.status.phase == '{_FIRST}'",
            status=_phase(_WAITING, ready="1"),
        ),
    )
    stand_in: None = None

    @property
    def ready(self) -> str:
        return (
            f"{all_true(('Ready',))} && has(self.status.phase) && self.status.phase == '{_HEALTHY}'"
            " && self.status.instances == self.spec.instances"
        )

    @property
    def status(self) -> str:
        return (
            _phase(_HEALTHY, ready="{{ .spec.instances }}")
            + "currentPrimary: {{ .metadata.name }}-1\n"
            + "writeService: {{ .metadata.name }}-rw\nreadService: {{ .metadata.name }}-r\n"
            + "conditions:\n"
            + condition("Ready")
        )


_MEMBERS = "{{ (index .spec.replsets 0).size }}"


def _state(state: str, *, ready: str) -> str:
    return f"state: {state}\nsize: {_MEMBERS}\nready: {ready}\nobservedGeneration: {{{{ .metadata.generation }}}}\n"


@dataclass(frozen=True, kw_only=True)
class MongodbReplicaSet:
    """Percona's PerconaServerMongoDB: initializing until every member is ready (v1.22.0, api/v1 psmdb_types.go).

    Its pods are not simulated, as CloudNativePG's are not.
    """

    before: ClassVar[tuple[Step, ...]] = (
        Step(when="!has(self.status) || !has(self.status.state)", status=_state("initializing", ready="0")),
    )
    stand_in: None = None

    @property
    def ready(self) -> str:
        return (
            "has(self.status) && has(self.status.state) && self.status.state == 'ready'"
            " && has(self.status.observedGeneration) && self.status.observedGeneration == self.metadata.generation"
        )

    @property
    def status(self) -> str:
        set_ = "{{ (index .spec.replsets 0).name }}"
        host = f"{{{{ .metadata.name }}}}-{set_}.{{{{ .metadata.namespace }}}}.svc.cluster.local"
        return _state("ready", ready=_MEMBERS) + f"host: {host}\n"


_HOSTS = "{{ (index .spec.configuration.clusters 0).layout.replicasCount }}"


def _reconcile(status: str, *, completed: str) -> str:
    return f"status: {status}\nhosts: {_HOSTS}\nhostsCompleted: {completed}\n"


@dataclass(frozen=True, kw_only=True)
class AltinityInstallation:
    """Altinity's ClickHouseInstallation and ClickHouseKeeperInstallation: in progress until every pod was made and
    answers (release-0.25.6, type_status.go of both). It says nothing of the generation it has seen.

    Its pods are not simulated, as CloudNativePG's are not.
    """

    before: ClassVar[tuple[Step, ...]] = (
        Step(when="!has(self.status) || !has(self.status.status)", status=_reconcile("InProgress", completed="0")),
    )
    stand_in: None = None

    @property
    def ready(self) -> str:
        return "has(self.status) && has(self.status.status) && self.status.status == 'Completed'"

    @property
    def status(self) -> str:
        return _reconcile("Completed", completed=_HOSTS)


_REACHED: Final = (
    "connectionInfo:\n"
    '  host: {{ printf "%s-master.%s.svc.cluster.local" .metadata.name .metadata.namespace }}\n'
    "  port: 6379\n"
)


@dataclass(frozen=True, kw_only=True)
class RedisFirst:
    """redis-operator's RedisReplication: where it will be reached, then which of its pods is the first.

    It has no conditions, and its pods are the operator's, as PostgreSQL's are.
    """

    before: ClassVar[tuple[Step, ...]] = (
        Step(when="!has(self.status) || !has(self.status.connectionInfo)", status=_REACHED),
    )
    stand_in: None = None

    @property
    def ready(self) -> str:
        return "has(self.status) && has(self.status.masterNode) && self.status.masterNode == self.metadata.name + '-0'"

    @property
    def status(self) -> str:
        return "masterNode: {{ .metadata.name }}-0\n" + _REACHED


_LEADERS: Final = "{{ (index .spec.nodeSets 0).count }}"


def _elasticsearch(phase: str, *, health: str, nodes: str) -> str:
    return (
        f"phase: {phase}\nhealth: {health}\navailableNodes: {nodes}\nversion: {{{{ .spec.version }}}}\n"
        "observedGeneration: {{ .metadata.generation }}\n"
    )


@dataclass(frozen=True, kw_only=True)
class ElasticsearchPhase:
    """ECK's Elasticsearch: changes are applied until every node has joined (v3.5.0, v1/status.go).

    Its pods are not simulated, as CloudNativePG's are not.
    """

    before: ClassVar[tuple[Step, ...]] = (
        Step(
            when="!has(self.status) || !has(self.status.phase)",
            status=_elasticsearch("ApplyingChanges", health="unknown", nodes="0"),
        ),
    )
    stand_in: None = None

    @property
    def ready(self) -> str:
        return (
            "has(self.status) && has(self.status.phase) && self.status.phase == 'Ready'"
            " && has(self.status.observedGeneration) && self.status.observedGeneration == self.metadata.generation"
        )

    @property
    def status(self) -> str:
        return _elasticsearch("Ready", health="green", nodes=_LEADERS)


_NODES: Final = "{{ (index .spec.nodePools 0).replicas }}"


def _opensearch(*, health: str, nodes: str) -> str:
    return (
        f"phase: RUNNING\nhealth: {health}\navailableNodes: {nodes}\nversion: {{{{ .spec.general.version }}}}\n"
        "componentsStatus: []\n"
    )


@dataclass(frozen=True, kw_only=True)
class OpensearchInitialized:
    """The OpenSearchCluster of the project's operator: it says at once that it runs, and when every node that may lead
    has answered, that it is initialized (v3.0.0-alpha, opensearchController.go). It says nothing of the generation.

    Its pods are not simulated, as CloudNativePG's are not.
    """

    before: ClassVar[tuple[Step, ...]] = (
        Step(when="!has(self.status) || !has(self.status.phase)", status=_opensearch(health="unknown", nodes="0")),
    )
    stand_in: None = None

    @property
    def ready(self) -> str:
        return "has(self.status) && has(self.status.initialized) && self.status.initialized == true"

    @property
    def status(self) -> str:
        return _opensearch(health="green", nodes=_NODES) + "initialized: true\n"


@dataclass(frozen=True, kw_only=True)
class OpensearchState:
    """A user, a role or a binding of the same operator: pending until the server has it (v3.0.0-alpha, users.go)."""

    before: ClassVar[tuple[Step, ...]] = (
        Step(when="!has(self.status) || !has(self.status.state)", status="state: PENDING\n"),
    )
    stand_in: None = None

    @property
    def ready(self) -> str:
        return "has(self.status) && has(self.status.state) && self.status.state == 'CREATED'"

    @property
    def status(self) -> str:
        return "state: CREATED\n"


_CHOSEN: Final = "replicas: {{ .spec.replicas }}\ncurrentPrimaryPodIndex: 0\n"


@dataclass(frozen=True, kw_only=True)
class MariadbServer:
    """mariadb-operator's MariaDB: which pod is the first, then that its pods are ready (v26.6.0, api/v1alpha1
    mariadb_types.go). It says nothing of the generation it has seen.

    Its pods are not simulated, as CloudNativePG's are not.
    """

    before: ClassVar[tuple[Step, ...]] = (
        Step(when="!has(self.status) || !has(self.status.currentPrimaryPodIndex)", status=_CHOSEN),
    )
    stand_in: None = None

    @property
    def ready(self) -> str:
        return f"{all_true(('Ready',))} && has(self.status.currentPrimary)"

    @property
    def status(self) -> str:
        return _CHOSEN + "currentPrimary: {{ .metadata.name }}-0\nconditions:\n" + condition("Ready")
