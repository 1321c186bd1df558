"""What the laboratory's API server is given of the stack's for a mesh: objects without what their server wrote.

Of pods and Services only what a mesh reads. Definitions of kinds take anything: what is copied has passed the strict
ones already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final

from operations.embedded.commands import SERVICE_RANGE
from operations.embedded.crds import permissive
from operations.embedded.kinds import KINDS, Kind
from operations.leftovers import Cluster, Served

Manifest = Mapping[str, Any]

GROUPS: Final = frozenset(
    {
        "extensions.istio.io",
        "gateway.networking.k8s.io",
        "networking.istio.io",
        "security.istio.io",
        "telemetry.istio.io",
    }
)
"""Groups of kinds that istiod reads."""
ROLLOUT: Final = ("argoproj.io", "Rollout")
"""Read for what its controller would write into objects of these groups, and not copied."""
CORE: Final = (
    *("endpointslices.discovery.k8s.io", "namespaces", "pods", "serviceaccounts", "services"),
    *("cronjobs.batch", "deployments.apps", "limitranges", "priorityclasses.scheduling.k8s.io", "resourcequotas"),
)
_KEPT: Final = ("name", "namespace", "labels", "annotations")
"""Of an object's metadata: the rest belongs to the server it was read from."""
_SERVED: Final = ("name", "port", "protocol", "targetPort", "appProtocol")
"""Of a Service's port: a node's port is for no copy."""
_SERVERS: Final = ("default", "kubernetes")
"""The Service of the API server and its endpoints, which every API server makes for itself."""


@dataclass(frozen=True, kw_only=True)
class Copied:
    """One reading of a cluster, for a mesh."""

    kinds: Sequence[Kind]
    """Of the custom resources."""
    objects: Sequence[Manifest]
    """Everything, in the order it was created; with `status`."""

    def of(self, *kinds: str) -> list[Manifest]:
        """The objects of these kinds, in order."""
        return [each for each in self.objects if each["kind"] in kinds]

    @property
    def definitions(self) -> list[Manifest]:
        """For the laboratory's API server."""
        return [permissive(kind) for kind in self.kinds]

    @property
    def service_range(self) -> str:
        """A range that holds the address of every Service."""
        found = [address_of(each) for each in self.of("Service") if address_of(each)]
        return str(ip_network(f"{found[0]}/12", strict=False)) if found else SERVICE_RANGE

    def addresses(self) -> Mapping[str, str]:
        """`service.namespace` → the cluster's address of the Service."""
        return {_key(each): address_of(each) for each in self.of("Service") if address_of(each)}

    def hosts_outside(self) -> list[str]:
        """The hosts that proxies would look up: those of ServiceEntries resolved by DNS."""
        resolved = [each["spec"] for each in self.of("ServiceEntry") if each["spec"].get("resolution") == "DNS"]
        return sorted({host for spec in resolved for host in spec["hosts"]})

    def copies(self, namespaces: Set[str], addresses: Set[str]) -> Iterator[Manifest]:
        """All but the pods, as they are created anew; endpoints are those with one of `addresses`, and namespaces that
        are not there are made."""
        there = {each["metadata"]["name"] for each in self.of("Namespace")}
        for name in sorted(namespaces - there):
            yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for kind, own in _OWN.items():
            for each in self.of(kind):
                yield _unguarded({**bare(each), **own(each)})
        for slice_ in self.of("EndpointSlice"):
            yield {**bare(slice_), **_endpoints(slice_, addresses)}
        custom = {kind.kind for kind in self.kinds}
        for each in self.objects:
            if each["kind"] in custom and each["apiVersion"].partition("/")[0] in GROUPS:
                yield {**bare(each), **{key: each[key] for key in each if key not in _NOT_COPIED}}


_NOT_COPIED: Final = frozenset({"apiVersion", "kind", "metadata", "status"})


def read(cluster: Cluster) -> Copied:
    """Reads `cluster`, and writes nothing. Raises RefusedError where it does not answer."""
    every = cluster.kinds()
    kinds = [_kind(each) for each in every if each.group in GROUPS or (each.group, each.kind) == ROLLOUT]
    names = [f"{each.plural}.{each.version}.{each.group}" for each in kinds]
    return of(cluster.listed(*CORE, *names), kinds)


def of(objects: Iterable[Manifest], kinds: Sequence[Kind] = KINDS) -> Copied:
    """The same from objects at hand."""
    theirs = (each for each in objects if _place(each) != _SERVERS)
    ordered = sorted(theirs, key=lambda each: each["metadata"].get("creationTimestamp") or "")
    return Copied(kinds=[kind for kind in kinds if kind.group in GROUPS], objects=ordered)


def _place(thing: Manifest) -> tuple[str, str]:
    return thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


def address_of(service: Manifest) -> str:
    """The cluster's address of `service`, of IPv4; empty where it has none."""
    spec = service["spec"]
    listed = spec.get("clusterIPs") or [spec.get("clusterIP") or "None"]
    return next((str(each) for each in listed if each != "None" and ":" not in each), "")


_VERSIONS: Final = {(kind.group, kind.kind): kind.version for kind in KINDS}
"""Those the program writes its objects in. What a cluster prefers may be newer than what istiod watches: of
ReferenceGrants it serves v1 as well, and istiod waits for v1beta1 for ever."""


def _kind(served: Served) -> Kind:
    return Kind(
        group=served.group,
        version=_VERSIONS.get((served.group, served.kind), served.version),
        kind=served.kind,
        plural=served.plural,
        scope="Namespaced" if served.namespaced else "Cluster",
    )


def _key(service: Manifest) -> str:
    return f"{service['metadata']['name']}.{service['metadata']['namespace']}"


def bare(thing: Manifest) -> dict[str, Any]:
    """What `thing` is called, and nothing else of it."""
    metadata = {key: thing["metadata"][key] for key in _KEPT if key in thing["metadata"]}
    return {"apiVersion": thing["apiVersion"], "kind": thing["kind"], "metadata": metadata}


def _unguarded(copy: Manifest) -> Manifest:
    """A copy without what makes admission look at its namespace's pods: the copies of pods have been admitted, and are
    cut short."""
    labels = copy["metadata"].get("labels") or {}
    kept = {key: value for key, value in labels.items() if not key.startswith("pod-security.kubernetes.io/")}
    return {**copy, "metadata": {**copy["metadata"], "labels": kept}}


def _service(thing: Manifest) -> Manifest:
    spec = thing["spec"]
    kept = {key: spec[key] for key in ("selector", "externalName") if key in spec}
    ports = [{key: port[key] for key in _SERVED if key in port} for port in spec.get("ports", ())]
    if spec.get("type") == "ExternalName":
        return {"spec": {**kept, "type": "ExternalName", "ports": ports}}
    return {"spec": {**kept, "type": "ClusterIP", "clusterIP": address_of(thing) or "None", "ports": ports}}


def _endpoints(thing: Manifest, addresses: Set[str]) -> Manifest:
    kept = [each for each in thing.get("endpoints") or () if addresses & set(each["addresses"])]
    return {"addressType": thing["addressType"], "endpoints": kept, "ports": thing.get("ports") or []}


_OWN: Final = {
    "Namespace": lambda _: {},
    "ServiceAccount": lambda _: {},
    "Service": _service,
}
"""Kind → what of it is created anew, in that order."""
