"""What a pod asks beyond its containers: identities, networks and names of its own choice, and special nodes' goods."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CRITICAL, HIGH, POD_PARTS, Violation
from policies.objects.pods import Pod
from policies.objects.values import View
from policies.rules.wl.group import PLATFORM, WL_PLUS, both

ISSUING: Final = "csi.cert-manager.io"
"""The driver that asks cert-manager for a certificate in the name of whoever mounts it, with what the volume says."""


@WL_PLUS.resource(
    "wl-pod-identity",
    "M/M/M",
    CRITICAL,
    POD_PARTS,
    why="A certificate in another's name is that other: to the API server, to the mesh and to every service.",
    cure="Mount certificates for the pod's own account and namespace alone",
    where=PLATFORM,
    sources=("KEP-4317 pod certificates", "cert-manager csi-driver"),
)
def pod_identity(pod: Pod, facts: Facts) -> Iterator[Violation]:
    for volume in pod.spec["volumes"]:
        for source in volume.at("projected", "sources"):
            certificate = source["podCertificate"]
            if certificate.is_set:
                signer = certificate["signerName"]
                yield Violation(signer, f"asks {signer.word or 'no signer'} for a certificate, which no rule judges")
        if volume.at("csi", "driver").word == ISSUING:
            yield from _issued(volume.at("csi", "volumeAttributes"), pod, facts)


def _issued(asked: View, pod: Pod, facts: Facts) -> Iterator[Violation]:
    for attribute, is_own in _OWN.items():
        written = asked[f"{ISSUING}/{attribute}"]
        for name in filter(None, (part.strip() for part in (written.quantity or "").split(","))):
            if not is_own(name, pod, facts):
                yield Violation(written, "names what is not the pod's own")
                break


def _own_uri(uri: str, pod: Pod, facts: Facts) -> bool:
    account = pod.spec["serviceAccountName"].word
    namespaces, accounts = {pod.object.namespace, "${POD_NAMESPACE}"}, {account, "${SERVICE_ACCOUNT_NAME}"}
    start, parts = f"spiffe://{facts.trust_domain}/", uri.split("/")[3:]
    return (
        uri.startswith(start)
        and len(parts) == 4
        and (parts[0], parts[2]) == ("ns", "sa")
        and parts[1] in namespaces
        and parts[3] in accounts
    )


def _own_name(name: str, pod: Pod, _: Facts) -> bool:
    within = name.partition(".")[2]
    namespaces = (pod.object.namespace, "${POD_NAMESPACE}")
    return any(within in (f"{each}.svc", f"{each}.svc.cluster.local") for each in namespaces)


def _never(_: str, __: Pod, ___: Facts) -> bool:
    return False


_OWN: Final[Mapping[str, Callable[[str, Pod, Facts], bool]]] = {
    "uri-sans": _own_uri,
    "dns-names": _own_name,
    "common-name": _own_name,
    "ip-sans": _never,
    "literal-subject": _never,
    "is-ca": lambda said, _, __: said.casefold() == "false",
}
"""Attribute of a volume of that driver to whether one name in it is the pod's own."""


NETWORKS: Final = ("k8s.v1.cni.cncf.io/", "k8s.ovn.org/", "v1.multus-cni.io/")
"""Beginnings of annotations with which Multus and OVN give a pod further networks."""

NAMES: Final = (("hostAliases",), ("dnsConfig", "nameservers"), ("dnsConfig", "searches"))
"""Fields with which a pod resolves names otherwise than its cluster."""


@WL_PLUS.resource(
    "wl-pod-network",
    "M/M/M",
    HIGH,
    POD_PARTS,
    why="A second network has no NetworkPolicies, and names of the pod's own lead clients where no edge was declared.",
    cure="Remove it; what a service reaches stands under spec.consumes and spec.egress",
    where=PLATFORM,
    sources=("Multus: k8s.v1.cni.cncf.io/networks", "Kubernetes: hostAliases, dnsConfig"),
)
def pod_network(pod: Pod, _: Facts) -> Iterator[Violation]:
    for key, value in pod.annotations.entries():
        if key.startswith(NETWORKS):
            yield Violation(value, "attaches the pod to another network")
    for path in NAMES:
        written = pod.spec.at(*path)
        if not written.is_empty:
            yield Violation(written, "resolves names otherwise than the cluster does")


PLAIN: Final = frozenset({"cpu", "ephemeral-storage", "memory"})
"""Resources every node has."""

SCHEDULERS: Final = frozenset({"", "default-scheduler"})
"""Names of the cluster's scheduler."""

LOCAL: Final = "Localhost"
"""Type of a profile that is a file of the node."""


@WL_PLUS.resource(
    "wl-node-extras",
    "A/M/M",
    HIGH,
    POD_PARTS,
    why="Devices, huge pages, profiles and groups of the node are shared with whoever else has them, past every quota.",
    cure="Remove it, or have the platform offer it for a pool of nodes",
    where=PLATFORM,
    sources=("Kubernetes: device plugins, DRA, hugepages", "NSA C-0055"),
)
def node_extras(pod: Pod, _: Facts) -> Iterator[Violation]:
    if pod.spec["schedulerName"].word not in SCHEDULERS:
        yield Violation(pod.spec["schedulerName"], "is not the cluster's scheduler, which spreads and counts pods")
    if not pod.spec["resourceClaims"].is_empty:
        yield Violation(pod.spec["resourceClaims"], "claims devices")
    for container in pod.containers:
        for side in ("limits", "requests"):
            for name, amount in container.view.at("resources", side).entries():
                if name not in PLAIN:
                    yield Violation(amount, f"asks for {'huge pages' if name.startswith('hugepages-') else 'a device'}")
    for place in both(pod):
        for profile in ("seccompProfile", "appArmorProfile"):
            kind = place[profile]["type"]
            if kind.word == LOCAL:
                yield Violation(kind, "is a file of the node, which nobody here has read")
    own = {pod.security[field].number for field in ("fsGroup", "runAsGroup")}
    for group in pod.security["supplementalGroups"]:
        if group.number not in own:
            yield Violation(group, "is a group of somebody else's files")
