"""Objects other people's charts bring: findings about them are advice, unless they open the cluster, mesh or network.

A chart's pods have the resources, probes and users its authors gave them. Refusing them would refuse the chart; what
they may do (grants, secrets, privileges) is a reason to. So is what opens the mesh or the network: charts live in the
mesh's root namespace and in the gateway's, where one object opens every proxy or leads past all of them
(docs/decisions/0018-charts-may-not-open-the-mesh-or-the-network.md).

Whose an object is follows from what the pinned chart makes, by kind, namespace, name and image, and from nothing the
object could say of itself: a label, or its absence, would be anyone's to write
(docs/decisions/0026-charts-are-known-by-what-they-make.md).
"""

from collections.abc import Mapping
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, LOW, Rule, Severity
from policies.objects import Object
from policies.objects.pods import parts
from policies.objects.values import MalformedError, UndeterminedError

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
    """Whether `thing` is what a pinned chart makes: kind, namespace, name, and no image but the chart's."""
    allowed = facts.limits.chart_objects.get(f"{thing.sort} {thing.namespace}/{thing.name}")
    return allowed is not None and thing.once(_images) <= allowed


def _images(thing: Object) -> frozenset[str]:
    """Every image its pods name, without digest; what cannot be read is an image no chart has."""
    found: set[str] = set()
    try:
        for pod in parts(thing):
            found |= {container.view["image"].word.partition("@")[0] for container in pod.containers if pod.whole}
            # What brings a container or a volume by itself is no part of any of these charts.
            found |= {place.path for place in pod.loose}
            found |= {volume.path for volume in pod.spec["volumes"] if volume["image"].is_set}
    except (MalformedError, UndeterminedError) as error:
        found.add(error.path)
    return frozenset(found)


def is_advice(rule: Rule, thing: Object | None, facts: Facts) -> bool:
    """Whether a mandatory `rule` is only advice about `thing`."""
    if thing is None or not is_charts(thing, facts):
        return False
    least = REFUSED.get(rule.group)
    if least is None or rule.severity < least or rule.id in ADVISED:
        return True
    return rule.group == "WL" and thing.namespace in facts.limits.privileged_namespaces
