"""A service's namespaces: Namespace, ResourceQuota, LimitRange, NetworkPolicies."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from blueprint import names, sizes
from blueprint.isolation import ServiceNamespace
from blueprint.network_rules import Addresses, NetworkRule, Peer, Pods, ServicePods
from blueprint.sizes import Amounts, Quota
from manifests.keeping import marked
from manifests.manifest import Manifest, given, manifest
from manifests.resources import resources

NETWORKING: Final = "networking.k8s.io/v1"

DEFAULT_DENY: Final = "default-deny"


def isolation(decision: ServiceNamespace) -> Iterator[Manifest]:
    """The namespaces with their default deny first, then what is allowed in them."""
    labels = owned(decision)
    own = namespace(decision.namespace, labels=labels, meshed=decision.meshed, restricted=True)
    yield marked(own, decision.deletion)
    yield _quota(decision.service, decision.namespace, decision.quota)
    yield _limits(decision.service, decision.namespace, decision.largest)
    yield default_deny(decision.namespace)
    for data in filter(None, (decision.data, decision.drill)):
        marks = {names.STORES_LABEL: decision.service, **_people(decision)}
        yield marked(namespace(data.name, labels=marks, meshed=False, restricted=True), data.deletion)
        if data.quota and data.largest:
            yield _quota(decision.service, data.name, data.quota)
            yield _limits(decision.service, data.name, data.largest)
        yield default_deny(data.name)
    for rule in (*decision.rules, *decision.far_rules):
        yield network_policy(rule)


def owned(decision: ServiceNamespace) -> Mapping[str, str]:
    """Labels that say whose the namespace is."""
    return {names.SERVICE_LABEL: decision.service, **_people(decision)}


def _people(decision: ServiceNamespace) -> Mapping[str, str]:
    return {
        **given(**{f"{names.PREFIX}/tenant": decision.tenant}),
        f"{names.PREFIX}/cost-center": decision.cost_center,
        f"{names.PREFIX}/data-class": decision.data_class,
        f"{names.PREFIX}/env": decision.environment,
        f"{names.PREFIX}/owner": decision.owner,
        f"{names.PREFIX}/system": decision.system,
        f"{names.PREFIX}/domain": decision.domain,
    }


def namespace(name: str, *, labels: Mapping[str, str], meshed: bool, restricted: bool) -> Manifest:
    """A namespace with its pod security level; `meshed` puts a proxy into every pod, else says that none may be."""
    level = "restricted" if restricted else "privileged"
    security = {f"pod-security.kubernetes.io/{mode}": level for mode in ("audit", "enforce", "warn")}
    version = {f"pod-security.kubernetes.io/{mode}-version": "latest" for mode in ("audit", "enforce", "warn")}
    injection = {"istio-injection": "enabled" if meshed else "disabled"}
    return manifest("v1", "Namespace", name, None, labels={**labels, **security, **version, **injection})


def default_deny(name: str) -> Manifest:
    """Nothing in, nothing out, for every pod of the namespace."""
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    return manifest(NETWORKING, "NetworkPolicy", DEFAULT_DENY, name, spec=spec)


def _quota(service: str, namespace: str, quota: Quota) -> Manifest:
    total = resources(quota.total)
    hard = {f"{side}.{what}": value for side, of in total.items() for what, value in of.items()}
    hard |= {
        "pods": str(quota.pods),
        "persistentvolumeclaims": str(quota.claims),
        **({"requests.storage": f"{quota.disk_gib}Gi"} if quota.claims else {}),
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }
    return manifest("v1", "ResourceQuota", service, namespace, spec={"hard": dict(sorted(hard.items()))})


def _limits(service: str, namespace: str, largest: Amounts) -> Manifest:
    """For containers nobody described (a debugging pod): small defaults, and no more than the largest of ours."""
    most, small = resources(largest)["limits"], resources(sizes.UNASKED)["limits"]
    limit = {"type": "Container", "default": small, "defaultRequest": small, "max": most}
    return manifest("v1", "LimitRange", service, namespace, spec={"limits": [limit]})


_SIDES: Final = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}


def network_policy(rule: NetworkRule) -> Manifest:
    """`rule` as a NetworkPolicy of its own."""
    field, side = _SIDES[rule.direction]
    ports = [{"port": port.number, "protocol": port.protocol} for port in sorted(rule.ports)]
    allowed = {side: [peer(of) for of in rule.peers], "ports": ports}
    selected = {"matchLabels": dict(sorted(rule.labels.items()))} if rule.labels else {}
    spec = {"podSelector": selected, "policyTypes": [rule.direction], field: [allowed]}
    why = {f"{names.PREFIX}/why": rule.why}
    return manifest(NETWORKING, "NetworkPolicy", rule.name, rule.namespace, annotations=why, spec=spec)


def _pods(of: Pods) -> Manifest:
    """One item with both selectors: this namespace AND these pods. Two items would mean OR."""
    found: Manifest = {"namespaceSelector": {"matchLabels": dict(names.namespace_selector(of.namespace))}}
    return found | given(podSelector={"matchLabels": dict(sorted(of.labels.items()))} if of.labels else None)


def _services(_: ServicePods) -> Manifest:
    return {"namespaceSelector": {"matchExpressions": [{"key": names.SERVICE_LABEL, "operator": "Exists"}]}}


def _addresses(of: Addresses) -> Manifest:
    return {"ipBlock": {"cidr": of.cidr, **given(**{"except": list(of.excluded)})}}


PEERS: Final[Mapping[type, Callable[[Any], Manifest]]] = {
    Addresses: _addresses,
    Pods: _pods,
    ServicePods: _services,
}
"""Peer type → spelling. Total over `blueprint.isolation.Peer`; a test says so."""


def peer(of: Peer) -> Manifest:
    """The other side of a connection."""
    return PEERS[type(of)](of)
