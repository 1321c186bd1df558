"""Objects other people's charts bring: what nobody here can edit is told, and refused only where it opens a wall.

A chart's pods have the resources, probes and users its authors gave them. Refusing them would refuse the chart; what
they may do (grants, secrets, privileges) is a reason to.
"""

from typing import Final

from blueprint import names
from policies.facts import Facts
from policies.objects import Object
from policies.rule import Rule

REFUSED: Final = frozenset({"ENG", "GW", "RBAC", "SEC", "WL"})
"""Groups that hold for charts as for everybody. Their known exceptions are listed by name (`limits.access.operators`);
what sets up nodes (`limits.privilegedNamespaces`) cannot be *restricted*, so WL is advice there."""


def is_charts(thing: Object, facts: Facts) -> bool:
    """Whether `thing` came with a chart: in a namespace where charts live, without our mark."""
    if thing.namespace not in facts.limits.chart_namespaces:
        return False
    metadata = thing.props.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    if not isinstance(labels, dict | None):
        return False  # not known, or no labels at all: judged like everybody's
    return (
        not names.MANAGED.items()
        <= {key: value for key, value in (labels or {}).items() if isinstance(value, str)}.items()
    )


def is_advice(rule: Rule, thing: Object | None, facts: Facts) -> bool:
    """Whether a mandatory `rule` is only advice about `thing`."""
    if thing is None or not is_charts(thing, facts):
        return False
    return rule.group not in REFUSED or (rule.group == "WL" and thing.namespace in facts.limits.privileged_namespaces)
