"""The two groups about pods, and the numbers and names of the Pod Security Standards."""

from collections.abc import Iterator
from typing import Final

from policies.core.rule import Group
from policies.objects.pods import Pod
from policies.objects.values import View

WL: Final = Group("WL", "Pod Security Standards, exactly")
WL_PLUS: Final = Group("WL+", "Pods, stricter than the standards")
"""A group of its own, so that WL stays exactly upstream's and upstream's own cases can judge it."""

PLATFORM: Final = "manifests/workloads.py spells it for every service; a chart's own value otherwise"

DEFAULT_CAPABILITIES: Final = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
"""What baseline lets a container add: the runtime's default set (policy/check_capabilities_baseline.go)."""

RESTRICTED_CAPABILITIES: Final = frozenset({"NET_BIND_SERVICE"})
"""What restricted lets a container add (policy/check_capabilities_restricted.go)."""

VOLUMES: Final = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
"""Sources restricted allows (policy/check_restrictedVolumes.go)."""

SYSCTLS: Final = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_notsent_lowat",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_slow_start_after_idle",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
"""Sysctls that are namespaced and affect no other pod, as of 1.37 (policy/check_sysctls.go)."""

PROFILES: Final = frozenset({"RuntimeDefault", "Localhost"})
"""Profiles of AppArmor and seccomp that confine."""

SELINUX_TYPES: Final = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
"""Types that confine, as of 1.31 (policy/check_seLinuxOptions.go)."""

APPARMOR_ANNOTATION: Final = "container.apparmor.security.beta.kubernetes.io/"
"""How profiles were asked for before Kubernetes 1.30; followed by the container's name."""


def both(pod: Pod) -> Iterator[View]:
    """The securityContext of the pod and of each of its containers."""
    yield pod.security
    yield from (container.security for container in pod.containers)


IMAGES: Final = "services/{service}.yaml: spec.containers"
