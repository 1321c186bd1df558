"""Alerts: every objective of the catalogue over several windows, and every alert with an owner and a runbook."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from policies.core.rule import MEDIUM, Violation, sorts
from policies.core.world import World
from policies.objects import Object
from policies.objects.readable import readable
from policies.objects.selectors import texts
from policies.objects.values import View
from policies.rules.obs.group import OBS, PROMETHEUS_RULE, service_of

WINDOW: Final = re.compile(r"(?:rate|\[)(\d+[smhdw])(?![0-9A-Za-z])")
"""A window in a query: of a function (`[5m]`), or in the name of what was recorded (`ratio_rate5m`)."""
WINDOWS: Final = 4
"""Windows of an objective: a long and a short one at two rates of burning (Google, SRE workbook, chapter 5)."""
LABELS: Final = ("severity", "service", "owner")
"""Who is woken, for what, and whose it is."""


@OBS.stack(
    "obs-slo-alerts",
    "–/A/M",
    MEDIUM,
    sorts(PROMETHEUS_RULE, "Namespace"),
    why="An objective without an alert is broken unseen; one over a single window alerts for nothing, or late.",
    cure="Generate its recording rules and its burn-rate alerts over several windows, labelled and with a runbook_url",
    where="services/{service}.yaml: spec.slos",
    sources=("Google SRE workbook, chapter 5",),
)
def slo_alerts(thing: Object, world: World) -> Iterator[Violation]:
    """An objective without alerts is a finding where the run holds monitoring objects at all."""
    yield from _ABOUT[thing.sort](thing, world)


@dataclass(frozen=True)
class _Rule:
    """One rule of a PrometheusRule, with the labels it has and inherits."""

    object: Object
    view: View
    labels: Mapping[str, str]

    def is_about(self, service: str, objective: str) -> bool:
        return self.labels.get("service") == service and self.labels.get("slo") in (objective, f"{service}-{objective}")

    @property
    def windows(self) -> frozenset[str]:
        return frozenset(WINDOW.findall(self.view["expr"].word))


def _rules(thing: Object) -> tuple[_Rule, ...]:
    return tuple(
        _Rule(thing, rule, {**texts(group["labels"]), **texts(rule["labels"])})
        for group in thing.spec["groups"]
        for rule in group["rules"]
    )


_NONE: Final[tuple[_Rule, ...]] = ()


def _every_rule(world: World) -> tuple[_Rule, ...]:
    return tuple(rule for thing in world.of(PROMETHEUS_RULE) for rule in readable(partial(_rules, thing), _NONE))


def _of_namespace(thing: Object, world: World) -> Iterator[Violation]:
    service = world.facts.service.get(service_of(thing, world))
    for slo in service.spec.slos if service else ():
        rules = [rule for rule in world.once(_every_rule) if rule.is_about(thing.name, slo.name)]
        alerts = [rule for rule in rules if rule.view["alert"].is_set]
        if not any(rule.view["record"].is_set for rule in rules):
            yield Violation("metadata.name", f"has no recording rules for its objective {slo.name}")
        if not alerts:
            yield Violation("metadata.name", f"has no alerts for its objective {slo.name}")
        elif len(frozenset[str]().union(*(rule.windows for rule in alerts))) < WINDOWS:
            yield Violation(
                "metadata.name", f"has alerts for its objective {slo.name} over fewer than {WINDOWS} windows"
            )


def _of_rules(thing: Object, world: World) -> Iterator[Violation]:
    for rule in _rules(thing):
        # Alerts that other people's charts bring are about the cluster, not about a service.
        if not rule.view["alert"].is_set or not ("slo" in rule.labels or thing.namespace in world.service_namespaces):
            continue
        for label in LABELS:
            if not rule.labels.get(label):
                yield Violation(rule.view["labels"], f"lacks {label}")
        if not rule.view.at("annotations", "runbook_url").word:
            yield Violation(rule.view["annotations"], "lacks runbook_url")
        if "slo" in rule.labels and len(rule.windows) < 2:
            yield Violation(rule.view["expr"], "looks at fewer than two windows")


_ABOUT: Final[Mapping[str, Callable[[Object, World], Iterator[Violation]]]] = {
    PROMETHEUS_RULE: _of_rules,
    "Namespace": _of_namespace,
}
