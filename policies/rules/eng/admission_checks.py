"""Which rules the cluster's own policies speak for, and about what: a check taken out must be found.

A check says whose it is by the beginning of its message (`wl-privileged: …`). Where any does, all of them are asked
for; policies of other people, which say nothing of the kind, are judged by what they look at alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from policies.core.world import World
from policies.objects import Object
from policies.objects.values import View

RBAC: Final = "rbac.authorization.k8s.io"
SECURITY: Final = "security.istio.io"
NETWORKING: Final = "networking.istio.io"

PODS: Final = (
    *(("", each) for each in ("pods", "pods/ephemeralcontainers", "replicationcontrollers")),
    *(("apps", each) for each in ("daemonsets", "deployments", "replicasets", "statefulsets")),
    ("argoproj.io", "rollouts"),
    *(("batch", each) for each in ("cronjobs", "jobs")),
)
"""Everything that carries a pod spec (group, resource)."""

LABELLED: Final = tuple(("", each) for each in ("namespaces", "namespaces/finalize", "namespaces/status"))
"""Every way to write the labels of a namespace."""

EVERYWHERE: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "net-manual-endpoints": (("", "endpoints"), ("discovery.k8s.io", "endpointslices")),
    "net-no-allow-all": (("networking.k8s.io", "networkpolicies"),),
    "net-service-exposure": (("", "services"),),
    "net-service-external-ips": (("", "services"),),
    "ns-labels": LABELLED,
    "ns-psa-labels": LABELLED,
    "rbac-no-anonymous": ((RBAC, "rolebindings"),),
    "rbac-no-cluster-admin": ((RBAC, "rolebindings"),),
    "rbac-no-escalation-verbs": ((RBAC, "roles"),),
    "rbac-no-wildcards": ((RBAC, "roles"),),
    "res-limits": PODS,
    "sa-dedicated": PODS,
    "sa-no-legacy-token": (("", "secrets"),),
    "wl-capabilities": PODS,
    "wl-host-namespaces": PODS,
    "wl-host-ports": PODS,
    "wl-privilege-escalation": PODS,
    "wl-privileged": PODS,
    "wl-read-only-root-fs": PODS,
    "wl-run-as-non-root": PODS,
    "wl-seccomp": PODS,
    "wl-volume-types": PODS,
}
"""Rule to what must be judged by it."""

MESHED: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "mesh-authz-dry-run": ((SECURITY, "authorizationpolicies"),),
    "mesh-authz-no-allow-all": ((SECURITY, "authorizationpolicies"),),
    "mesh-destrule-tls": ((NETWORKING, "destinationrules"),),
    "mesh-envoyfilter": (
        ("extensions.istio.io", "wasmplugins"),
        *((NETWORKING, each) for each in ("envoyfilters", "proxyconfigs")),
    ),
    "mesh-injection-not-disabled": PODS,
    "mesh-peerauth-no-weaken": ((SECURITY, "peerauthentications"),),
    "mesh-traffic-exclusions": PODS,
}
"""The same, where there is a mesh."""


def unspoken(policies: Iterable[Object], world: World) -> Iterator[str]:
    """For every rule no policy speaks for as it should: the rule and the first resource it leaves out."""
    spoken: dict[str, set[tuple[str, str]]] = {}
    for policy in policies:
        seen = frozenset(_seen(policy))
        for check in policy.spec["validations"]:
            rule = check["message"].word.partition(":")[0]
            if check["expression"].word:
                spoken.setdefault(rule, set()).update(seen)
    wanted = EVERYWHERE if world.facts.mesh == "none" else {**EVERYWHERE, **MESHED}
    if not set(wanted) & set(spoken):
        return
    for rule, resources in wanted.items():
        for group, resource in resources:
            if (group, resource) not in spoken.get(rule, set()):
                yield f"{rule} on {resource}"
                break


def _seen(policy: Object) -> Iterator[tuple[str, str]]:
    for rule in policy.spec.at("matchConstraints", "resourceRules"):
        operations = set(rule["operations"].words)
        if ("*" in operations or operations >= {"CREATE", "UPDATE"}) and not rule["apiVersions"].is_empty:
            looked_at = [each for each in rule["resources"].words if is_whole(rule, each)]
            yield from ((group, each) for group in rule["apiGroups"].words for each in looked_at)


def is_whole(rule: View, resource: str) -> bool:
    """Whether a rule of `matchConstraints` is about every `resource`, whatever its name and wherever it is."""
    scopes = ("", "*", "Cluster" if resource.partition("/")[0] == "namespaces" else "Namespaced")
    return rule["resourceNames"].is_empty and rule["scope"].word in scopes
