"""What a pod may not have of its node."""

from collections.abc import Iterator
from typing import Final

from policies.core.facts import Facts
from policies.core.rule import CONTAINER_PARTS, CRITICAL, HIGH, MEDIUM, POD_PARTS, Violation
from policies.objects.pods import Container, Pod
from policies.rules.wl.group import PLATFORM, SYSCTLS, VOLUMES, WL, both


@WL.resource(
    "wl-host-namespaces",
    "M/M/M",
    CRITICAL,
    POD_PARTS,
    why="In a namespace of the node a pod sees the node's processes, sockets and shared memory, every other pod's too.",
    cure="Remove hostNetwork, hostPID and hostIPC",
    where=PLATFORM,
    sources=("PSS baseline", "NSA C-0038", "NSA C-0041", "CIS-EKS 4.2.2-4"),
)
def host_namespaces(pod: Pod, _: Facts) -> Iterator[Violation]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec[field].flag:
            yield Violation(pod.spec[field], "is true")


@WL.resource(
    "wl-privileged",
    "M/M/M",
    CRITICAL,
    CONTAINER_PARTS,
    why="A privileged container is root on the node, with all of its devices.",
    cure="Remove securityContext.privileged",
    where=PLATFORM,
    sources=("PSS baseline", "NSA C-0057", "CIS-EKS 4.2.1"),
)
def privileged(container: Container, _: Facts) -> Iterator[Violation]:
    if container.security["privileged"].flag:
        yield Violation(container.security["privileged"], "is true")


@WL.resource(
    "wl-volume-types",
    "M/M/M",
    CRITICAL,
    POD_PARTS,
    why="A hostPath is the node's disk; volumes of in-tree drivers carry credentials in the pod spec.",
    cure="Use a persistentVolumeClaim, an emptyDir or a CSI volume",
    where=PLATFORM,
    sources=("PSS restricted", "CIS-EKS 4.2.x"),
)
def volume_types(pod: Pod, facts: Facts) -> Iterator[Violation]:
    for volume in pod.spec["volumes"]:
        # With a name alone the API server makes it an emptyDir. What has two sources is wl-single-volume-source's.
        sources = set(volume.keys) - {"name"}
        refused = sources if facts.standard == "restricted" and not sources & VOLUMES else sources & {"hostPath"}
        if refused:
            yield Violation(volume, f"is of type {', '.join(sorted(refused))}")


@WL.resource(
    "wl-host-ports",
    "M/M/M",
    HIGH,
    CONTAINER_PARTS,
    why="A port of the node is reached past every NetworkPolicy, and shuts out the next pod that wants it.",
    cure="Remove hostPort and use a Service",
    where=PLATFORM,
    sources=("PSS baseline", "NSA C-0044"),
)
def host_ports(container: Container, _: Facts) -> Iterator[Violation]:
    for port in container.view["ports"]:
        if port["hostPort"].number:
            yield Violation(port["hostPort"], f"is {port['hostPort'].quantity}")


HANDLERS: Final = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)


@WL.resource(
    "wl-probe-host",
    "M/M/M",
    MEDIUM,
    CONTAINER_PARTS,
    why="A probe with a host makes the kubelet ask anyone, from the node's own address.",
    cure="Delete host; the kubelet asks the pod itself",
    where="services/{service}.yaml: spec.containers",
    sources=("PSS baseline 1.34",),
)
def probe_host(container: Container, _: Facts) -> Iterator[Violation]:
    for handler in HANDLERS:
        for action in ("httpGet", "tcpSocket"):
            host = container.view.at(*handler, action, "host")
            if host.word:
                yield Violation(host, "is set")


@WL.resource(
    "wl-proc-mount",
    "M/M/M",
    HIGH,
    CONTAINER_PARTS,
    why="Unmasked, /proc shows and changes the node's kernel.",
    cure="Remove procMount",
    where=PLATFORM,
    sources=("PSS restricted",),
)
def proc_mount(container: Container, facts: Facts) -> Iterator[Violation]:
    if facts.standard == "baseline" and container.pod.in_user_namespace:
        return
    mount = container.security["procMount"]
    if mount.is_set and mount.word != "Default":
        yield Violation(mount, f"is {mount.word or 'empty'}")


@WL.resource(
    "wl-sysctls",
    "M/M/M",
    HIGH,
    POD_PARTS,
    why="Most sysctls are the node's, shared by every pod on it.",
    cure="Remove the sysctl",
    where=PLATFORM,
    sources=("PSS baseline",),
)
def sysctls(pod: Pod, _: Facts) -> Iterator[Violation]:
    for sysctl in pod.security["sysctls"]:
        if sysctl["name"].word not in SYSCTLS:
            yield Violation(sysctl["name"], f"is {sysctl['name'].word or 'empty'}")


@WL.resource(
    "wl-windows-host-process",
    "M/M/M",
    CRITICAL,
    POD_PARTS,
    why="A HostProcess container is an administrator of a Windows node.",
    cure="Remove windowsOptions.hostProcess",
    where=PLATFORM,
    sources=("PSS baseline",),
)
def windows_host_process(pod: Pod, _: Facts) -> Iterator[Violation]:
    for security in both(pod):
        if security.at("windowsOptions", "hostProcess").flag:
            yield Violation(security.at("windowsOptions", "hostProcess"), "is true")
