"""Whether Prometheus gets to a port it asks: the network's answer and the mesh's, as other rules find them."""

from collections.abc import Mapping
from typing import Final

from blueprint import names, vendors
from policies.core.world import Workload, World
from policies.mesh.authz import Request, admits, applying
from policies.mesh.edges import PROMETHEUS as ACCOUNT
from policies.network.ports import named_ports, ports
from policies.network.reach import End, Reach
from policies.objects import Object
from policies.objects.selectors import texts
from policies.objects.values import MalformedError, UndeterminedError
from policies.rules.obs.group import PROMETHEUS

NETWORK_POLICY: Final = "NetworkPolicy.networking.k8s.io"


def lets_in(workload: Workload, port: int, world: World) -> bool:
    """Whether the NetworkPolicies of the workload let every Prometheus in, on a TCP port.

    Raises UndeterminedError or MalformedError where a policy of its namespace cannot be read.
    """
    reach = world.once(_reach)
    for policy, error in reach.unread.items():
        if policy.namespace == workload.namespace:
            raise error
    end = world.once(_ends)[workload.object]
    known = reach.isolation(end, "Ingress")
    return all(known.lets(each) & ports("TCP", port) for each in world.once(_prometheus).values())


def admitted(workload: Workload, port: int, path: str, world: World) -> bool:
    """Whether the AuthorizationPolicies of the workload admit every Prometheus that reads `path`; so without a mesh."""
    if world.facts.mesh == "none":
        return True
    applied, domain = applying(world, workload.namespace, workload.labels), world.facts.trust_domain
    return all(
        admits(applied, Request(identity=identity, port=port, method="GET", path=path, token=False), domain)
        for identity in world.once(_prometheus)
    )


def _prometheus(world: World) -> Mapping[str, End]:
    """Each Prometheus by its identity: those of the run, else the platform's. The labels are the operator's own."""
    found = {}
    for each in world.of(PROMETHEUS):
        account = each.spec["serviceAccountName"].word or ACCOUNT
        labels = {**vendors.PROMETHEUS.labels, **texts(each.spec.at("podMetadata", "labels"))}
        end = End(namespace=each.namespace, name=each.name, labels={**labels, "prometheus": each.name})
        found[f"{each.namespace}/{account}"] = end
    platform = End(namespace=names.OBSERVABILITY, name=ACCOUNT, labels=vendors.PROMETHEUS.labels)
    return found or {f"{names.OBSERVABILITY}/{ACCOUNT}": platform}


def _ends(world: World) -> Mapping[Object, End]:
    found: dict[Object, End] = {}
    for workload in world.workloads:
        try:
            found[workload.object] = End(
                namespace=workload.namespace,
                name=workload.object.name,
                labels=workload.labels,
                named_ports=named_ports(workload.pod),
            )
        except (MalformedError, UndeterminedError):
            continue  # no monitor selects what cannot be read
    return found


def _reach(world: World) -> Reach:
    scrapers = world.once(_prometheus).values()
    namespaces: dict[str, Mapping[str, str]] = {end.namespace: {} for end in scrapers}
    for name, thing in world.namespaces.items():
        try:
            namespaces[name] = texts(thing.labels)
        except (MalformedError, UndeterminedError):
            namespaces[name] = {}
    ends = [*world.once(_ends).values(), *scrapers]
    return Reach(ends, namespaces, world.of(NETWORK_POLICY), frozenset())
