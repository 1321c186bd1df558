"""What the rest of a plan may know of a store or a broker: four facts, wherever it runs.

Isolation, mesh and variables read these and nothing else, so that one in a namespace and one in a cloud's subnet are
alike to them. What else a decision holds is between its maker (`blueprint.stores`, `blueprint.brokers`) and its
spelling (`manifests.backing`).
"""

from collections.abc import Mapping
from typing import Protocol

from blueprint.connection import Connection
from blueprint.network_rules import Peer


class Backing(Protocol):
    """A store or a broker, as one service sees it."""

    @property
    def egress(self) -> str:
        """Name of the network rule at the service; unique among all it uses."""

    @property
    def why(self) -> str:
        """Which line of the catalogue asks for it."""

    @property
    def ports(self) -> tuple[int, ...]:
        """TCP ports it is reached on."""

    @property
    def reached_at(self) -> tuple[Peer, ...]:
        """Its pods, or the addresses of its subnet."""

    @property
    def namespace(self) -> str | None:
        """Where its Kubernetes Services are; None: it is not in the cluster."""

    @property
    def connections(self) -> Mapping[str, Connection]:
        """Resource of the service → how it is reached, and as whom."""
