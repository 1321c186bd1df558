"""What a ready object's status looks like, per family of controllers: the vocabulary of the table in kinds.py.

Each way of being ready knows two things: an expression (CEL) that holds once an object says so for its present
generation, and the template (Go text/template, as kwok renders it) of the status that says so. The expression has to
become true through the template, or the object would be patched again and again; a test holds every kind to that.

No attempt to be the controller: nothing is computed, no object is ever found unready for a reason of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

REASON = "Simulated"
MESSAGE = "The embedded control plane runs no controller for this kind and reports it ready."

_OF_THIS_GENERATION = "has(c.observedGeneration) && c.observedGeneration == self.metadata.generation"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A state on the way, which a client may see and must wait through."""

    when: str
    """CEL over `self`: the object is to enter it."""
    status: str
    """Template of the whole status."""


class Readiness(Protocol):
    """One way of being ready."""

    before: ClassVar[tuple[Step, ...]]
    """What it passes through, in order; the last one's object is the one that becomes ready."""

    @property
    def ready(self) -> str:
        """CEL over `self`: the object is ready as it is now."""

    @property
    def status(self) -> str:
        """Template of the whole status."""

    @property
    def stand_in(self) -> str | None:
        """Template of an object that is applied with the status, or None."""


class _AtOnce:
    """Ready without a state before it."""

    before: ClassVar[tuple[Step, ...]] = ()


def _condition(kind: str, *, extra: str = "") -> str:
    return (
        f"- type: {kind}\n"
        '  status: "True"\n'
        f"  reason: {REASON}\n"
        f"  message: {MESSAGE}\n"
        "  lastTransitionTime: {{ Now | Quote }}\n" + extra
    )


def _all_true(types: tuple[str, ...], *, also: str = "") -> str:
    """CEL: `status.conditions` has each of `types`, True, and `also` holds for each."""
    return (
        f"has(self.status) && has(self.status.conditions) && {list(types)}.all(t, self.status.conditions"
        f".exists(c, c.type == t && c.status == 'True'{also}))"
    )


_OBSERVED = "  observedGeneration: {{ .metadata.generation }}\n"


@dataclass(frozen=True, kw_only=True)
class Conditions(_AtOnce):
    """`status.conditions` with each of `types` True and observed at the present generation."""

    types: tuple[str, ...]
    stand_in: None = None

    @property
    def ready(self) -> str:
        return _all_true(self.types, also=f" && {_OF_THIS_GENERATION}")

    @property
    def status(self) -> str:
        return "conditions:\n" + "".join(_condition(kind, extra=_OBSERVED) for kind in self.types)


@dataclass(frozen=True, kw_only=True)
class PlainConditions(_AtOnce):
    """`status.conditions` with each of `types` True, of a kind whose conditions name no generation."""

    types: tuple[str, ...]
    stand_in: None = None

    @property
    def ready(self) -> str:
        return _all_true(self.types)

    @property
    def status(self) -> str:
        return "conditions:\n" + "".join(map(_condition, self.types))


@dataclass(frozen=True, kw_only=True)
class ParentConditions(_AtOnce):
    """`status.parents[].conditions`, one entry per `spec.parentRefs`: how routes of the Gateway API are accepted."""

    types: tuple[str, ...]
    stand_in: None = None

    @property
    def ready(self) -> str:
        return (
            "has(self.status) && has(self.status.parents) && size(self.status.parents) > 0 && self.status.parents"
            f".all(p, p.conditions.all(c, c.status == 'True' && {_OF_THIS_GENERATION}))"
        )

    @property
    def status(self) -> str:
        conditions = "".join(_condition(kind, extra=_OBSERVED) for kind in self.types)
        indented = "".join(f"  {line}\n" for line in f"conditions:\n{conditions}".splitlines())
        return (
            "{{ $metadata := .metadata }}\nparents:\n{{ range .spec.parentRefs }}\n"
            "- controllerName: platform.local/embedded\n"
            "  parentRef: {{ toJson . }}\n" + indented.replace(".metadata.", "$metadata.") + "{{ else }}[]\n{{ end }}\n"
        )


@dataclass(frozen=True, kw_only=True)
class HealthyRollout(_AtOnce):
    """Argo's Rollout: `status.phase` Healthy, the generation as a string, every replica updated and available.

    Its pods are real objects all the same: a Deployment of the same template, owned by the Rollout, stands in for
    Argo's ReplicaSets, so that admission, quota, scheduling and the Services' endpoints see them. Healthy is said
    without looking at these pods: canary steps and their analysis are not simulated.
    """

    @property
    def ready(self) -> str:
        return (
            "has(self.status) && has(self.status.phase) && self.status.phase == 'Healthy'"
            " && self.status.observedGeneration == string(self.metadata.generation)"
        )

    @property
    def status(self) -> str:
        replicas = "{{ default 1 .spec.replicas }}"
        counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "HPAReplicas")
        conditions = "".join(
            _condition(kind, extra="  lastUpdateTime: {{ Now | Quote }}\n")
            for kind in ("Available", "Completed", "Healthy")
        )
        return (
            "phase: Healthy\n"
            "observedGeneration: {{ toString .metadata.generation | Quote }}\n"
            + "".join(f"{count}: {replicas}\n" for count in counts)
            + "selector: {{ range $key, $value := .spec.selector.matchLabels }}"
            "{{ $key }}={{ $value }},{{ end }}app.kubernetes.io/managed-by\n"
            f"conditions:\n{conditions}"
        )

    @property
    def stand_in(self) -> str | None:
        return """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .metadata.name }}-rollout
  namespace: {{ .metadata.namespace }}
  labels: {{ toJson .metadata.labels }}
  ownerReferences:
  - apiVersion: {{ .apiVersion }}
    kind: {{ .kind }}
    name: {{ .metadata.name }}
    uid: {{ .metadata.uid }}
    controller: true
    blockOwnerDeletion: true
spec:
  replicas: {{ default 1 .spec.replicas }}
  selector: {{ toJson .spec.selector }}
  template: {{ toJson .spec.template }}
"""


@dataclass(frozen=True, kw_only=True)
class Phase(_AtOnce):
    """`status.phase` with one value, of a kind that says nothing else."""

    value: str
    stand_in: None = None

    @property
    def ready(self) -> str:
        return f"has(self.status) && has(self.status.phase) && self.status.phase == '{self.value}'"

    @property
    def status(self) -> str:
        return f"phase: {self.value}\n"


@dataclass(frozen=True, kw_only=True)
class Applied(_AtOnce):
    """CloudNativePG's Database: `status.applied`, at the present generation."""

    stand_in: None = None

    @property
    def ready(self) -> str:
        return (
            "has(self.status) && has(self.status.applied) && self.status.applied == true"
            " && has(self.status.observedGeneration) && self.status.observedGeneration == self.metadata.generation"
        )

    @property
    def status(self) -> str:
        return "applied: true\nobservedGeneration: {{ .metadata.generation }}\n"


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
            f"{_all_true(('Ready',))} && has(self.status.phase) && self.status.phase == '{_HEALTHY}'"
            " && self.status.instances == self.spec.instances"
        )

    @property
    def status(self) -> str:
        return (
            _phase(_HEALTHY, ready="{{ .spec.instances }}")
            + "currentPrimary: {{ .metadata.name }}-1\n"
            + "writeService: {{ .metadata.name }}-rw\nreadService: {{ .metadata.name }}-r\n"
            + "conditions:\n"
            + _condition("Ready")
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
