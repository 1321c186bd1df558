"""Who takes part in a proof: a value per host, and which it is of those that edges speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from policies.network.ports import ports
from policies.rules.net.platform import Pods

Protocol = Literal["TCP", "UDP"]
PROTOCOLS: tuple[Protocol, ...] = ("TCP", "UDP")
"""In the order in which `policies.network.ports` numbers them; no edge asks for SCTP."""


class Port(NamedTuple):
    """A port of a host."""

    protocol: Protocol
    number: int

    def __str__(self) -> str:
        return f"{self.protocol} {self.number}"

    @property
    def bit(self) -> int:
        """As a set of ports (`policies.network.ports`)."""
        return ports(self.protocol, self.number)


@dataclass(frozen=True, kw_only=True, eq=False)
class Host:
    """One address others try. Equal to nothing but itself."""

    name: str
    """For a person: `order-service/order-service-7d9f-x2x`, `the internet`."""
    group: str
    """Whose row of the matrix it is in: a service, a store, a part of the platform."""
    namespace: str | None
    """None: it is outside the cluster."""
    labels: Mapping[str, str]
    address: str
    served: tuple[Port, ...]
    """What is tried on it, sorted: every port it has, every port an edge leads to, and one that nobody declares."""
    named_ports: Mapping[str, Port]
    """Ports of its containers by name, as policies may spell them."""
    closed: bool
    """Whether the platform's NetworkPolicies close it in both directions."""
    stands_in: bool
    """Whether it replaces a pod that does not run here; False: it is a pod of the stack."""

    @property
    def is_pod(self) -> bool:
        return self.namespace is not None

    def is_of(self, pods: Pods) -> bool:
        """Whether it is one of the pods an edge speaks of."""
        return self.namespace == pods.namespace and pods.labels.items() <= self.labels.items()

    def manifest(self) -> dict[str, Any] | None:
        """The pod as a network plug-in reads it; None where it is none."""
        if self.namespace is None:
            return None
        listed = [
            {"name": name, "containerPort": port.number, "protocol": port.protocol}
            for name, port in sorted(self.named_ports.items())
        ]
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": self.name.rpartition("/")[2],
                "namespace": self.namespace,
                "labels": dict(self.labels),
            },
            "spec": {"containers": [{"name": "main", "image": "laboratory", "ports": listed}]},
        }
