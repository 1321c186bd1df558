"""Objects other people's charts bring: findings about them are advice, unless they open the cluster, mesh or network.

A chart's pods have the resources, probes and users its authors gave them. Refusing them would refuse the chart; what
they may do (grants, secrets, privileges) is a reason to. So is what opens the mesh or the network: charts live in the
mesh's root namespace and in the gateway's, and an object there without our labels would otherwise open every proxy, or
lead past all of them, and be advice (docs/decisions/0018-charts-may-not-open-the-mesh-or-the-network.md).
"""

from collections.abc import Mapping
from typing import Final

from blueprint import names
from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, LOW, Rule, Severity
from policies.objects import Object

REFUSED: Final[Mapping[str, Severity]] = {
    "ENG": LOW,
    "GW": LOW,
    "MESH": HIGH,
    "NET": CRITICAL,
    "RBAC": LOW,
    "SEC": LOW,
    "WL": LOW,
}
"""Groups whose findings are no advice for charts either, from which severity on (how a chart names its ports is its
own). Their known exceptions are listed by name (`limits.access.operators`, `limits.mesh`); what sets up nodes
(`limits.privilegedNamespaces`) cannot be *restricted*, so WL is advice there."""

ADVISED: Final = frozenset({"net-imds-blocked", "net-no-allow-all"})
"""Of these groups, rules the NetworkPolicies of Istio's and cert-manager's charts break for their own pods: keys of
token issuers and certificate authorities are anywhere. Policies that open the platform's closed pods are found by
net-reachability."""


def is_charts(thing: Object, facts: Facts) -> bool:
    """Whether `thing` came with a chart: in a namespace where charts live, without our mark."""
    if thing.namespace not in facts.limits.chart_namespaces:
        return False
    metadata = thing.props.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    if not isinstance(labels, dict | None):
        return False  # not known yet, or no mapping: judged like any other
    return (
        not names.MANAGED.items()
        <= {key: value for key, value in (labels or {}).items() if isinstance(value, str)}.items()
    )


def is_advice(rule: Rule, thing: Object | None, facts: Facts) -> bool:
    """Whether a mandatory `rule` is only advice about `thing`."""
    if thing is None or not is_charts(thing, facts):
        return False
    least = REFUSED.get(rule.group)
    if least is None or rule.severity < least or rule.id in ADVISED:
        return True
    return rule.group == "WL" and thing.namespace in facts.limits.privileged_namespaces
