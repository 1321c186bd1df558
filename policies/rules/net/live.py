"""Selectors that match no pod: of NetworkPolicies and their peers, Services, budgets and monitors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from blueprint import names
from policies.core.rule import HIGH, Violation, sorts
from policies.core.world import World
from policies.network.reach import NAME, End, is_empty_selector
from policies.objects import Object
from policies.objects.pods import parts, pods
from policies.objects.selectors import Matcher, matcher, selects, texts
from policies.objects.values import View
from policies.rules.net.group import NET, PLATFORM, POLICY_SORTS, peers
from policies.rules.net.table import table

_PEER_FREE: Final = "policies/rules/net/platform.py: STANDING"
"""The list of pods that no object of the program declares."""


@NET.stack(
    "net-selectors-live",
    "A/M/M",
    HIGH,
    sorts(
        *POLICY_SORTS,
        "Service",
        "PodDisruptionBudget.policy",
        "ServiceMonitor.monitoring.coreos.com",
        "PodMonitor.monitoring.coreos.com",
        "DestinationRule.networking.istio.io",
    ),
    why="A misspelt label selects no pod, and nothing reports it: the pod stays open, the budget protects nothing.",
    cure=f"Spell the labels as the pods have them; list pods of a chart in {_PEER_FREE}",
    where=PLATFORM,
    sources=("kube-linter dangling-*", "Kubescape dangling-networkpolicy"),
)
def selectors_live(thing: Object, world: World) -> Iterator[Violation]:
    if world.declares(thing.namespace):
        yield from _READERS[thing.sort](thing, world)


def _roster(world: World) -> Mapping[str, tuple[End, ...]]:
    """The pods of each declared namespace. Left out are namespaces whose pods cannot all be known, because an operator
    makes some or their labels cannot be read. Ask `world.once(_roster)`."""
    known = world.once(table)
    real = {id(end) for end in known.workloads.values()}
    hidden = {workload.namespace for workload in world.workloads if workload.object not in known.workloads}
    # What describes a piece of a pod and no whole one is read by an operator, which makes the pods (Prometheus).
    hidden |= {thing.namespace for thing in world.objects if thing.is_custom and parts(thing) and not pods(thing)}
    found: dict[str, tuple[End, ...]] = {}
    for name in world.namespaces:
        service = name in world.service_namespaces
        ends = [end for end in known.reach.ends_of(name) if not end.made_up and (not service or id(end) in real)]
        if name not in hidden and (ends or service):
            found[name] = tuple(ends)
    return found


def _dangles(selector: View, namespace: str, world: World) -> bool:
    return _selects_none(matcher(selector), namespace, world)


def _selects_none(selector: Matcher, namespace: str, world: World) -> bool:
    there = world.once(_roster).get(namespace)
    return there is not None and not any(selector.selects(end.labels) for end in there)


def _policy(policy: Object, world: World) -> Iterator[Violation]:
    selector = policy.spec["podSelector"]
    if not is_empty_selector(selector) and _dangles(selector, policy.namespace, world):
        yield Violation(selector, "selects no pod")
    for _, peer in peers(policy):
        chosen, selected = peer["namespaceSelector"], peer["podSelector"]
        places = _places(chosen, policy.namespace, world)
        wanted = matcher(selected)
        name = chosen.at("matchLabels", NAME).text
        if name is not None and world.declares(name) and not places:
            yield Violation(chosen, f"does not select {name}, which lacks the other labels")
        if places and not is_empty_selector(selected) and all(_selects_none(wanted, place, world) for place in places):
            yield Violation(selected, "selects no pod")


def _places(selector: View, own: str, world: World) -> Sequence[str]:
    """The declared namespaces a peer may mean."""
    if not selector.is_set:
        return (own,)
    chosen = matcher(selector)
    if (name := chosen.labels.get(NAME)) is not None:
        return (name,) if world.declares(name) and chosen.selects(_labels(world)[name]) else ()
    return [each for each, labels in _labels(world).items() if chosen.selects(labels)]


def _labels(world: World) -> Mapping[str, Mapping[str, str]]:
    return world.once(_namespace_labels)


def _namespace_labels(world: World) -> Mapping[str, Mapping[str, str]]:
    return {name: {**texts(thing.labels), NAME: name} for name, thing in world.namespaces.items()}


def _service(service: Object, world: World) -> Iterator[Violation]:
    selector = service.spec["selector"]
    if selector.is_empty:
        if service.namespace in world.service_namespaces and service.spec["type"].text != "ExternalName":
            yield Violation(selector, "selects no pod, so anyone who may write EndpointSlices decides where it leads")
    elif _dangles(View({"matchLabels": selector.value}, selector.path), service.namespace, world):
        yield Violation(selector, "selects no pod")


def _budget(budget: Object, world: World) -> Iterator[Violation]:
    selector = budget.spec["selector"]
    if not selector.is_set or _dangles(selector, budget.namespace, world):
        yield Violation(selector, "selects no pod")


def _targets(monitor: Object, world: World) -> Sequence[str]:
    """The namespaces a monitor looks into; none where one is in another stack, which may have what it looks for."""
    chosen = monitor.spec["namespaceSelector"]
    named = chosen["matchNames"].words or (monitor.namespace,)
    return () if chosen["any"].flag or not all(map(world.declares, named)) else named


def _service_monitor(monitor: Object, world: World) -> Iterator[Violation]:
    selector, places = monitor.spec["selector"], _targets(monitor, world)
    # Services of operators and charts are in no run: only where every place is a service's can all be known.
    if places and all(place in world.service_namespaces for place in places):
        services = [service for place in places for service in world.within(place, "Service")]
        if not any(selects(selector, texts(service.labels)) for service in services):
            yield Violation(selector, "selects no Service")


def _pod_monitor(monitor: Object, world: World) -> Iterator[Violation]:
    selector, places = monitor.spec["selector"], _targets(monitor, world)
    if places and all(_dangles(selector, place, world) for place in places):
        yield Violation(selector, "selects no pod")


def _destination(rule: Object, world: World) -> Iterator[Violation]:
    host = rule.spec["host"].word
    name, _, rest = host.partition(".")
    namespace = rest.removesuffix(names.DOMAIN).removesuffix(".").removesuffix("svc").removesuffix(".")
    namespace = namespace if rest else rule.namespace
    if host and namespace in world.service_namespaces and name != "*":
        service = world.named("Service", namespace, name)
        if service is None:
            yield Violation(rule.spec["host"], f"is no Service of {namespace}")
        for subset in rule.spec["subsets"]:
            labels = subset["labels"]
            if not labels.is_empty and _dangles(View({"matchLabels": labels.value}, labels.path), namespace, world):
                yield Violation(labels, "selects no pod")
    selected = rule.spec["workloadSelector"]
    if selected.is_set and _dangles(selected, rule.namespace, world):
        yield Violation(selected, "selects no pod")


_READERS: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    **dict.fromkeys(POLICY_SORTS, _policy),
    "Service": _service,
    "PodDisruptionBudget.policy": _budget,
    "ServiceMonitor.monitoring.coreos.com": _service_monitor,
    "PodMonitor.monitoring.coreos.com": _pod_monitor,
    "DestinationRule.networking.istio.io": _destination,
}
