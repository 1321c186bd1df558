"""Hosts as network namespaces behind one node, by iproute2; and how a socket is opened in one of them.

The sandbox's own namespace is the node: it routes between the hosts, so every packet passes its FORWARD chain, where a
network plug-in filters. A socket belongs to the namespace it was made in for as long as it lives: one process can hold
the sockets of all hosts.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

NODE_ADDRESS: Final = "198.51.100.1"
"""The node's: the one address of TEST-NET-2 that the embedded control plane gives its nodes."""
_GATEWAY: Final = "169.254.1.1"
"""What every host calls the node: link-local, so that it can be the same on each link."""
_CLONE_NEWNET: Final = 0x40000000  # linux/sched.h
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def connect(addresses: Sequence[str]) -> tuple[Link, ...]:
    """A host per address, connected with the node; in the order given.

    Raises:
        subprocess.CalledProcessError: iproute2 refused; its stderr says why.
    """
    Path("/run/netns").mkdir()
    _ip("-batch", "-", lines=["link set lo up", f"addr add {NODE_ADDRESS}/32 dev lo"])
    _set("ip_forward", "1")
    # A refusal is an ICMP message, and the kernel sends few of them a second: those kept back look like silence, which
    # costs the patience of `asking` each. Older kernels have limits for the whole machine, which stay as they are.
    for name, value in (("icmp_ratelimit", "0"), ("icmp_msgs_per_sec", "1000000"), ("icmp_msgs_burst", "100000")):
        with suppress(OSError):
            _set(name, value)
    made = [Link(number=number, address=address) for number, address in enumerate(addresses)]
    _ip("-batch", "-", lines=[f"netns add {link.name}" for link in made])
    _ip("-batch", "-", lines=[line for link in made for line in link.at_the_node()])
    for link in made:
        _ip("-n", link.name, "-batch", "-", lines=link.at_the_host())
    return tuple(made)


class Link:
    """One host and its way to the node."""

    def __init__(self, *, number: int, address: str) -> None:
        self.name = f"h{number}"
        self.address = address

    def at_the_node(self) -> list[str]:
        return [
            f"link add v{self.name} type veth peer name eth0 netns {self.name}",
            f"addr add {_GATEWAY}/32 dev v{self.name}",
            f"link set v{self.name} up",
            f"route add {self.address}/32 dev v{self.name}",
        ]

    def at_the_host(self) -> list[str]:
        return [
            f"addr add {self.address}/32 dev eth0",
            "link set lo up",
            "link set eth0 up",
            f"route add {_GATEWAY} dev eth0",
            f"route add default via {_GATEWAY}",
        ]

    @contextmanager
    def entered(self) -> Iterator[None]:
        """This thread is on the host: what it opens meanwhile stays there."""
        back = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            _enter(there)
            try:
                yield
            finally:
                _enter(back)
        finally:
            os.close(there)
            os.close(back)


def _enter(namespace: int) -> None:
    if _LIBC.setns(namespace, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _ip(*arguments: str, lines: Sequence[str]) -> None:
    subprocess.run(["ip", *arguments], input="\n".join(lines), text=True, capture_output=True, check=True)


def _set(name: str, value: str) -> None:
    Path("/proc/sys/net/ipv4", name).write_text(value, encoding="ascii")
