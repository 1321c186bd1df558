"""Two tables over the same pods: what the policies let through, and what ought to pass."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.world import World
from policies.network.ports import named_ports
from policies.network.reach import Direction, End, Reach
from policies.objects import Object
from policies.objects.selectors import texts
from policies.objects.values import MalformedError, UndeterminedError
from policies.rules.net.edges import copiers, drills, edges, migrations, service_pods, stores
from policies.rules.net.group import POLICY_SORTS, TRUSTED
from policies.rules.net.platform import CLOSED_NAMESPACES, STANDING, Edge, Place, Pods, ServiceNamespaces, Zone

OUTSIDE: Final = "any/other"
"""Stands for a namespace the run does not declare. No namespace can be called so, and what admits it admits any."""


@dataclass(kw_only=True)
class Wanted:
    """What one end ought to let through in one direction."""

    must: dict[End, list[tuple[int, str]]] = field(default_factory=dict)
    """Ports, and why."""
    may: dict[End, int] = field(default_factory=dict)
    """Everything that may pass, what must included."""
    anybody: int = 0
    """Ports that may be open from or to every pod in a service's namespace."""
    zones: list[tuple[Zone, int, str]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Table:
    """Every end, and what the policies let through to and from it."""

    reach: Reach
    workloads: Mapping[Object, End]
    """Of each workload whose labels can be read."""
    standing: Mapping[tuple[str, str], tuple[End, ...]]
    """(namespace, name) of `Pods` to the ends they are."""
    unread: Mapping[Object, UndeterminedError | MalformedError]
    """What could not be read, and why."""

    def ends(self, pods: Pods) -> tuple[End, ...]:
        """The ends `pods` are."""
        return self.standing.get((pods.namespace, pods.name), ())


def table(world: World) -> Table:
    """The table of what the policies let through; ask `world.once(table)`."""
    unread: dict[Object, UndeterminedError | MalformedError] = {}
    ends: dict[tuple[str, frozenset[tuple[str, str]]], End] = {}
    workloads: dict[Object, End] = {}
    for workload in world.workloads:
        try:
            if not workload.pod.spec.is_known:
                raise UndeterminedError(workload.pod.spec.path)
            labels, named = workload.labels, named_ports(workload.pod)
            end = End(namespace=workload.namespace, name=workload.object.name, labels=labels, named_ports=named)
        except (UndeterminedError, MalformedError) as error:
            unread[workload.object] = error
            continue
        known = ends.setdefault((workload.namespace, frozenset(labels.items())), end)
        if end.named_ports != known.named_ports:  # no longer one to a policy
            ends[workload.namespace, frozenset({*labels.items(), ("", workload.object.name)})] = known = end
        workloads[workload.object] = known
    found = list(ends.values())
    standing = dict(_standing(world, found))
    known_ends = {id(end) for end in found}
    found += [end for several in standing.values() for end in several if id(end) not in known_ends]
    namespaces: dict[str, Mapping[str, str]] = {}
    for name, thing in world.namespaces.items():
        try:
            namespaces[name] = texts(thing.labels)
        except (UndeterminedError, MalformedError) as error:
            unread[thing] = error
            namespaces[name] = {}
    places = {OUTSIDE, *namespaces, *names.PLATFORM_NAMESPACES, *names.CLUSTER_NAMESPACES}
    found += [End(namespace=name, name="any other pod", made_up=True) for name in sorted(places)]
    found += [end for pods in (*STANDING, *stores(world.facts)) if pods.namespace in places for end in _almost(pods)]
    reach = Reach(found, namespaces, world.of(*POLICY_SORTS), TRUSTED)
    return Table(reach=reach, workloads=workloads, standing=standing, unread={**unread, **reach.unread})


def _standing(world: World, found: Iterable[End]) -> Iterator[tuple[tuple[str, str], tuple[End, ...]]]:
    """The pods known by their labels: those of the run that bear them, else one end that stands for them."""
    there: dict[str, list[End]] = {}
    for end in found:
        there.setdefault(end.namespace, []).append(end)
    facts = world.facts
    services = [service_pods(service.name) for service in facts.services or ()]
    for pods in (*STANDING, *stores(facts), *migrations(facts), *drills(facts), *copiers(facts), *services):
        here = there.get(pods.namespace, [])
        ends = tuple(end for end in here if pods.labels.items() <= end.labels.items())
        if not ends and any(pods is each for each in services):
            ends = tuple(here)  # a service's pods without the service's label are cut off, not absent
        stand_in = End(namespace=pods.namespace, name=pods.name, labels=pods.labels)
        yield (pods.namespace, pods.name), ends or (stand_in,)


def _almost(pods: Pods) -> Iterator[End]:
    """Pods with all labels of `pods` but one: a policy that selects them too asks for too little."""
    for missing in pods.labels if len(pods.labels) > 1 else ():
        labels = {label: value for label, value in pods.labels.items() if label != missing}
        yield End(namespace=pods.namespace, name=f"a {pods.name} without {missing}", labels=labels, made_up=True)


def wanted(world: World) -> Mapping[tuple[End, Direction], Wanted]:
    """The table of what ought to pass; ask `world.once(wanted)`."""
    known = world.once(table)
    found: dict[tuple[End, Direction], Wanted] = {}
    for edge in edges(world.facts):
        for end in _near(edge.source, known, world):
            _want(found.setdefault((end, "Egress"), Wanted()), edge, edge.target, known)
        for end in _near(edge.target, known, world):
            _want(found.setdefault((end, "Ingress"), Wanted()), edge, edge.source, known)
    return found


def _near(place: Place, known: Table, world: World) -> tuple[End, ...]:
    if isinstance(place, Pods):
        return known.ends(place)
    if isinstance(place, ServiceNamespaces) and place.all_at_once:
        return tuple(end for name in world.facts.service for end in known.reach.ends_of(name))
    return ()


def _want(wanted: Wanted, edge: Edge, far: Place, known: Table) -> None:
    if isinstance(far, Zone):
        wanted.zones.append((far, edge.ports, edge.why))
    elif isinstance(far, ServiceNamespaces):
        wanted.anybody |= edge.ports
    else:
        for other in known.ends(far):
            wanted.may[other] = wanted.may.get(other, 0) | edge.ports
            if edge.must:
                wanted.must.setdefault(other, []).append((edge.ports, edge.why))


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One end whose NetworkPolicies must let through exactly what is wanted."""

    end: End
    namespace: Object | None
    """The object that declares its namespace; None: only what is there can be judged, as in another stack's."""
    like: End
    """The end whose edges it may have: itself, or a known pod that may bear its labels too."""


def judged(world: World) -> Iterator[Judged]:
    """The ends of the namespaces the platform closes: services, their stores, and its own closed pods."""
    known, facts = world.once(table), world.facts
    closed = {id(end) for pods in STANDING if pods.closed for end in known.ends(pods)}
    for name in known.reach.places:
        for end in known.reach.ends_of(name):
            if is_tenant(name, facts) or id(end) in closed or (end.made_up and name in CLOSED_NAMESPACES):
                yield Judged(end=end, namespace=world.namespaces.get(name), like=end)
            elif end.made_up and end.labels:
                yield from (Judged(end=end, namespace=None, like=other) for other in _may_be(end, known))


def _may_be(end: End, known: Table) -> Iterator[End]:
    """The closed pods that may bear the labels of `end` too: controllers add labels to those they are known by."""
    here = (pods for pods in STANDING if pods.closed and pods.namespace == end.namespace)
    for pods in here:
        if all(end.labels.get(label, value) == value for label, value in pods.labels.items()):
            yield from known.ends(pods)


def is_tenant(namespace: str, facts: Facts) -> bool:
    """Whether `namespace` is a service's or that of its stores, running or restored."""
    return namespace in facts.service or namespace in facts.of_stores
