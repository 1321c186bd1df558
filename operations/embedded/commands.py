"""The command lines of the five servers: everything bound to the loopback address, everything below one folder.

The admission plugins are the API server's defaults, among them PodSecurity, ResourceQuota, LimitRanger, ServiceAccount,
DefaultStorageClass and the three webhook and policy plugins; authorisation is RBAC. Nothing is loosened for the sake
of the simulation: what a production cluster refuses, this one refuses.
"""

from __future__ import annotations

from operations.embedded.layout import NAME, Layout
from operations.embedded.ports import LOOPBACK, Ports
from operations.engine import Toolchain

ETCD, APISERVER, CONTROLLERS, SCHEDULER, KWOK = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
)
START_ORDER = (ETCD, APISERVER, CONTROLLERS, SCHEDULER, KWOK)
"""Also the components that have to be there for the control plane to count as running."""

ADVERTISED = "198.51.100.1"
"""Address in the `kubernetes` Service's endpoints: loopback is refused there, and a machine without a network has no
other; one of TEST-NET-2 (RFC 5737), which leads nowhere, as no pod runs that could follow it."""
SERVICE_RANGE = "10.96.0.0/16"
"""Cluster addresses of Services: kubeadm's 10.96.0.0/12 cut to 65 534."""
POD_RANGE = "10.244.0.1/16"
ISSUER = "https://kubernetes.default.svc.cluster.local"


def etcd(layout: Layout, tools: Toolchain, ports: Ports) -> list[str]:
    address = f"http://{LOOPBACK}:{ports.etcd}"
    return [
        str(tools.etcd),
        f"--name={NAME}",
        f"--data-dir={layout.data}",
        f"--listen-client-urls={address}",
        f"--advertise-client-urls={address}",
        f"--listen-peer-urls=http://{LOOPBACK}:0",  # no peers: any port will do
        "--auto-compaction-mode=periodic",
        "--auto-compaction-retention=1h",
        "--log-level=warn",
    ]


def kube_apiserver(layout: Layout, tools: Toolchain, ports: Ports) -> list[str]:
    return [
        str(tools.kube_apiserver),
        f"--etcd-servers=http://{LOOPBACK}:{ports.etcd}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={ADVERTISED}",
        f"--secure-port={ports.kube_apiserver}",
        f"--cert-dir={layout.certificates}",  # makes its own certificate there when there is none
        f"--token-auth-file={layout.tokens}",
        "--authorization-mode=RBAC",
        "--anonymous-auth=false",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={layout.key}",
        f"--service-account-signing-key-file={layout.key}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--allow-privileged=true",  # pod security decides per namespace
        "--profiling=false",
        "--v=1",
    ]


def kube_controller_manager(layout: Layout, tools: Toolchain) -> list[str]:
    return [
        str(tools.kube_controller_manager),
        f"--kubeconfig={layout.kubeconfig_of(CONTROLLERS)}",
        f"--root-ca-file={layout.certificate}",
        f"--service-account-private-key-file={layout.key}",
        "--use-service-account-credentials=true",  # every controller with its own, real role
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=200",  # ten times the default: one client on one machine
        "--kube-api-burst=400",
        "--profiling=false",
        "--v=1",
    ]


def kube_scheduler(layout: Layout, tools: Toolchain) -> list[str]:
    return [
        str(tools.kube_scheduler),
        f"--kubeconfig={layout.kubeconfig_of(SCHEDULER)}",
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
        "--v=1",
    ]


def kwok(layout: Layout, tools: Toolchain) -> list[str]:
    return [
        str(tools.kwok),
        f"--kubeconfig={layout.kubeconfig_of(KWOK)}",
        f"--config={layout.stages}",
        "--manage-all-nodes=true",
        f"--cidr={POD_RANGE}",
        f"--node-ip={ADVERTISED}",
        "--node-lease-duration-seconds=0",  # a lease of a kwok that was killed would make the next one wait for 40 s
    ]
