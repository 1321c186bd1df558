"""All objects of a run, looked up by what they are and where they live.

Absence is judged only where the run would have it: a namespace without a quota is a finding when the run declares
that namespace, and none when the run is a Deployment by itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from blueprint import names, store_names
from policies.core.facts import Facts
from policies.objects import Object
from policies.objects.pods import Pod, pods
from policies.objects.selectors import texts
from policies.objects.values import MalformedError, UndeterminedError

T = TypeVar("T")

WORKLOADS = frozenset(
    {
        "Pod",
        "ReplicationController",
        "Deployment.apps",
        "ReplicaSet.apps",
        "StatefulSet.apps",
        "DaemonSet.apps",
        "Job.batch",
        "CronJob.batch",
        "Rollout.argoproj.io",
    }
)
"""Sorts that become pods by themselves. Everything else with a pod spec is some operator's."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """An object that becomes pods."""

    object: Object
    pod: Pod

    @property
    def namespace(self) -> str:
        """Where its pods run."""
        return self.object.namespace

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Labels of its pods. Raises UndeterminedError where one is not known."""
        return texts(self.pod.labels)


@dataclass(frozen=True, eq=False)
class World:
    """Everything of a run."""

    facts: Facts
    objects: Sequence[Object]
    _computed: dict[Callable[..., Any], Any] = field(default_factory=dict, repr=False)

    def once(self, compute: Callable[["World"], T]) -> T:
        """`compute(world)`, computed once for all rules that ask: tables over the whole stack."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        known: T = self._computed[compute]
        return known

    @cached_property
    def _by_sort(self) -> Mapping[str, tuple[Object, ...]]:
        found: dict[str, list[Object]] = {}
        for thing in self.objects:
            found.setdefault(thing.sort, []).append(thing)
        return {sort: tuple(things) for sort, things in found.items()}

    @cached_property
    def _by_place(self) -> Mapping[tuple[str, str], tuple[Object, ...]]:
        found: dict[tuple[str, str], list[Object]] = {}
        for thing in self.objects:
            found.setdefault((thing.sort, thing.namespace), []).append(thing)
        return {place: tuple(things) for place, things in found.items()}

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str, str], Object]:
        return {(thing.sort, thing.namespace, thing.name): thing for thing in reversed(self.objects)}

    def of(self, *sorts: str) -> tuple[Object, ...]:
        """All objects of these sorts, in the order they came."""
        return tuple(thing for sort in sorts for thing in self._by_sort.get(sort, ()))

    def within(self, namespace: str, *sorts: str) -> tuple[Object, ...]:
        """The objects of these sorts in `namespace`."""
        return tuple(thing for sort in sorts for thing in self._by_place.get((sort, namespace), ()))

    def named(self, sort: str, namespace: str, name: str) -> Object | None:
        """The object of this sort and name."""
        return self._by_name.get((sort, namespace, name))

    @cached_property
    def namespaces(self) -> Mapping[str, Object]:
        """The namespaces the run declares, by name."""
        return {thing.name: thing for thing in self.of("Namespace")}

    def declares(self, namespace: str) -> bool:
        """Whether the run declares `namespace`, and so everything that should be in it."""
        return namespace in self.namespaces

    @cached_property
    def service_namespaces(self) -> Mapping[str, Object]:
        """Declared namespaces that hold a service: every one that is neither the platform's nor a service's stores."""
        return {name: thing for name, thing in self._tenants.items() if not self._holds_stores(name)}

    @cached_property
    def data_namespaces(self) -> Mapping[str, Object]:
        """Declared namespaces that hold the stores of a service, running or restored from their copies."""
        return {name: thing for name, thing in self._tenants.items() if self._holds_stores(name)}

    @cached_property
    def _tenants(self) -> Mapping[str, Object]:
        theirs = {*names.PLATFORM_NAMESPACES, *names.CLUSTER_NAMESPACES}
        return {name: thing for name, thing in self.namespaces.items() if name not in theirs}

    def _holds_stores(self, name: str) -> bool:
        return name in self._stores

    @cached_property
    def _stores(self) -> frozenset[str]:
        return frozenset(
            place(name) for name in self.namespaces for place in (names.data_namespace, store_names.drill_namespace)
        )

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """Everything that becomes pods by itself. One whose shape cannot be read is left to the rules about it."""
        return tuple(self._workloads())

    def _workloads(self) -> Iterator[Workload]:
        for thing in self.of(*sorted(WORKLOADS)):
            try:
                for pod in pods(thing):
                    yield Workload(object=thing, pod=pod)
                    break
            except (MalformedError, UndeterminedError):
                continue

    @cached_property
    def _workloads_by_namespace(self) -> Mapping[str, tuple[Workload, ...]]:
        found: dict[str, list[Workload]] = {}
        for workload in self.workloads:
            found.setdefault(workload.namespace, []).append(workload)
        return {namespace: tuple(several) for namespace, several in found.items()}

    def workloads_in(self, namespace: str) -> tuple[Workload, ...]:
        """The workloads of `namespace`."""
        return self._workloads_by_namespace.get(namespace, ())
