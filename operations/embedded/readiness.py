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


def condition(kind: str, *, extra: str = "") -> str:
    return (
        f"- type: {kind}\n"
        '  status: "True"\n'
        f"  reason: {REASON}\n"
        f"  message: {MESSAGE}\n"
        "  lastTransitionTime: {{ Now | Quote }}\n" + extra
    )


def all_true(types: tuple[str, ...], *, also: str = "") -> str:
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
        return all_true(self.types, also=f" && {_OF_THIS_GENERATION}")

    @property
    def status(self) -> str:
        return "conditions:\n" + "".join(condition(kind, extra=_OBSERVED) for kind in self.types)


@dataclass(frozen=True, kw_only=True)
class PlainConditions(_AtOnce):
    """`status.conditions` with each of `types` True, of a kind whose conditions name no generation."""

    types: tuple[str, ...]
    stand_in: None = None

    @property
    def ready(self) -> str:
        return all_true(self.types)

    @property
    def status(self) -> str:
        return "conditions:\n" + "".join(map(condition, self.types))


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
        conditions = "".join(condition(kind, extra=_OBSERVED) for kind in self.types)
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
            condition(kind, extra="  lastUpdateTime: {{ Now | Quote }}\n")
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
