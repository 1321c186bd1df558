"""How many replicas the platform's own controllers get in each environment, and which of their two sizes.

It is not the size table of the services: those are sized by what their owners ask for. What one controller reserves
stands in its own module, with what its project recommends, or marked as an estimate where there is no recommendation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint.catalogue import Environment
from blueprint.sizes import Amounts


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The two sizes of one container of an operator."""

    small: Amounts
    """In dev and ephemeral stacks."""
    large: Amounts
    """In staging and production."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What an environment decides for all installations at once."""

    standby: int
    """Replicas where one leads and the others wait."""
    serving: int
    """Replicas that all answer: the edge and the certificate webhook."""
    istiod_at_most: int
    small: bool
    """Whether the smaller size holds."""
    service_type: str
    webhook_failure_policy: str
    verify_kubelets: bool

    def of(self, sizes: Sizes) -> Amounts:
        """The one of `sizes` that holds."""
        return sizes.small if self.small else sizes.large


_LAPTOP: Final = Scale(
    standby=1,
    serving=1,
    istiod_at_most=1,
    small=True,
    service_type="ClusterIP",
    # One controller: with Fail, its every restart would refuse every Service.
    webhook_failure_policy="Ignore",
    verify_kubelets=False,
)

SCALES: Final[Mapping[Environment, Scale]] = {
    "dev": _LAPTOP,
    "ephemeral": _LAPTOP,
    "staging": Scale(
        standby=2,
        serving=2,
        istiod_at_most=5,
        small=False,
        service_type="LoadBalancer",
        webhook_failure_policy="Fail",
        verify_kubelets=True,
    ),
    "prod": Scale(
        standby=2,
        serving=3,
        istiod_at_most=5,
        small=False,
        service_type="LoadBalancer",
        webhook_failure_policy="Fail",
        verify_kubelets=True,
    ),
}
"""Replicas: cert-manager advises 2 controllers, 2 injectors and 3 webhooks in production (its best-practice page);
metrics-server's high-availability manifest has 2, argo-helm's default is 2, one gateway per zone makes 3. Staging has
two of everything, so that losing one is tested before production tests it. Istiod grows to 5: its chart's default."""


def amounts(cpu_millicores: int, cpu_limit_millicores: int, memory_mib: int, memory_limit_mib: int) -> Amounts:
    """CPU asked for and at most, memory asked for and at most; nothing about disk."""
    return Amounts(
        cpu_request_millicores=cpu_millicores,
        cpu_limit_millicores=cpu_limit_millicores,
        memory_request_mib=memory_mib,
        memory_limit_mib=memory_limit_mib,
    )
