"""The group, and what its modules share: selectors, and the lines an owner edits."""

from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import Group, Selector, sorts
from policies.core.world import WORKLOADS, Workload
from policies.mesh.authz import AUTHORIZATION_POLICY
from policies.mesh.mode import PEER_AUTHENTICATION
from policies.objects import Object
from policies.objects.pods import pods

MESH: Final = Group("MESH", "Strict mTLS everywhere, never weakened")

PLATFORM: Final = "manifests/mesh.py"
"""Where the platform spells the mesh's objects."""
PODS_SPELT: Final = "manifests/workloads.py"
"""Where it spells pods."""
SETTINGS: Final = "Pulumi.<stack>.yaml: platform:settings.mesh"

DESTINATION_RULE: Final = "DestinationRule.networking.istio.io"
VIRTUAL_SERVICE: Final = "VirtualService.networking.istio.io"
SIDECAR: Final = "Sidecar.networking.istio.io"
REQUEST_AUTHENTICATION: Final = "RequestAuthentication.security.istio.io"
KUBERNETES_GATEWAY: Final = "Gateway.gateway.networking.k8s.io"

NAMESPACES: Final = sorts("Namespace")
PEERS: Final = sorts(PEER_AUTHENTICATION)
AUTHORIZATIONS: Final = sorts(AUTHORIZATION_POLICY)
SERVICES: Final = sorts("Service")


def _workload(thing: Object) -> Iterator[Workload]:
    for pod in pods(thing):
        yield Workload(object=thing, pod=pod)
        return


EACH_WORKLOAD: Final = Selector[Workload](_workload, WORKLOADS, reads="every workload")


def has_mesh(facts: Facts) -> bool:
    """Whether the stack has one; without it nothing is missed, and what is there is still judged."""
    return facts.mesh != "none"
