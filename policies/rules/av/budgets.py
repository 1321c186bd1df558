"""How many at once may go: a budget for every workload that has pods to spare, and none that allows all or nothing."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import HIGH, Breach, sorts
from policies.core.world import World, selects, texts
from policies.objects import Object
from policies.objects.readable import readable
from policies.objects.values import View
from policies.rules.av.standard import (
    AV,
    BUDGET,
    REPLICATED,
    WORKLOADS,
    least_pods,
    percentage,
    share,
    shown,
)


@AV.stack(
    "av-pdb",
    "A/M/M",
    HIGH,
    sorts(*REPLICATED),
    why="Without a budget an upgrade of the nodes takes all pods at once; with two it never ends.",
    cure="Give the workload exactly one PodDisruptionBudget that lets at least one pod go",
    where=WORKLOADS,
    sources=("kube-score", "Polaris missingPodDisruptionBudget", "Polaris pdbMinAvailableGreaterThanHPAMinReplicas"),
)
def pdb(thing: Object, world: World) -> Iterator[Breach]:
    """A missing budget is a finding where the run declares the workload's namespace."""
    least = least_pods(thing, world)
    if least < 2:
        return
    for workload in world.workloads_in(thing.namespace):
        if workload.object is not thing:
            continue
        budgets = [
            each
            for each in _asked(world.once(_budgets), thing.namespace, workload.labels)
            if each.spec["selector"].is_set and selects(each.spec["selector"], workload.labels)
        ]
        if not budgets and world.declares(thing.namespace):
            yield Breach("metadata.name", "has several pods and no PodDisruptionBudget")
        if len(budgets) > 1:
            told = sorted(each.name for each in budgets)
            several = " and ".join(told) if len(told) <= NAMED else f"{', '.join(told[:NAMED])} and others"
            yield Breach("metadata.name", f"is under {several}: with two budgets no pod can be evicted at all")
        for budget in budgets:
            kept = share(budget.spec["minAvailable"], least, up=True)
            if kept is not None and kept >= least:
                at = budget.spec["minAvailable"]
                yield Breach(at, f"keeps {shown(kept)} of {shown(least)} pods, so none may go", on=budget)
            gone = share(budget.spec["maxUnavailable"], least, up=True)
            if gone is not None and gone >= least:
                at = budget.spec["maxUnavailable"]
                yield Breach(at, f"lets {shown(gone)} of {shown(least)} pods go, so none need stay", on=budget)


NAMED: Final = 3
"""Budgets told by name."""

_Asked = tuple[str, tuple[str, str] | None]
"""A namespace, and a label that whoever is selected there bears; None: nobody knows one."""


def _budgets(world: World) -> Mapping[_Asked, list[Object]]:
    """The budgets by a label they ask for: of thousands in a namespace a workload is held against its own."""
    found: dict[_Asked, list[Object]] = {}
    for budget in world.of(BUDGET):
        found.setdefault((budget.namespace, readable(partial(_label, budget), None)), []).append(budget)
    return found


def _label(budget: Object) -> tuple[str, str] | None:
    asked = texts(budget.spec["selector"]["matchLabels"])
    return min(asked.items(), default=None)


def _asked(known: Mapping[_Asked, list[Object]], namespace: str, labels: Mapping[str, str]) -> Iterator[Object]:
    """Budgets that may select what bears `labels`."""
    for label in (None, *labels.items()):
        yield from known.get((namespace, label), ())


FIELDS: Final = ("minAvailable", "maxUnavailable")


@AV.resource(
    "av-pdb-sane",
    "M/M/M",
    HIGH,
    sorts(BUDGET),
    why="A budget that lets nothing go stops every upgrade of the nodes; one that lets everything go protects nobody.",
    cure="Set maxUnavailable to 1 and unhealthyPodEvictionPolicy to AlwaysAllow",
    where=WORKLOADS,
    sources=("Pulumi compliance-policies disallowZeroVoluntaryDisruption", "KubeLinter pdb-max-unavailable"),
)
def pdb_sane(thing: Object, _: Facts) -> Iterator[Breach]:
    given = [thing.spec[field] for field in FIELDS if thing.spec[field].is_set]
    if len(given) != len(FIELDS) - 1:
        both = " and ".join(FIELDS)
        yield Breach(thing.spec, f"has {'both' if given else 'none'} of {both}")
    for at in given:
        fault = _fault(at)
        if fault:
            yield Breach(at, f"is {at.quantity or 'empty'}, {fault}")
    policy = thing.spec["unhealthyPodEvictionPolicy"]
    if policy.word != "AlwaysAllow":
        found = policy.word or "not set"
        yield Breach(policy, f"is {found}: pods that never get ready keep their node from being drained")


def _fault(at: View) -> str:
    percent = percentage(at)
    if isinstance(at.value, str) and percent is None:
        return "which is neither a number nor a share"
    amount = at.number if percent is None else percent
    if not amount or amount < 0:
        return "which is nothing"
    return "which is everything" if percent is not None and percent >= 100 else ""
