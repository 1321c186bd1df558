"""How many replicas and how much room the platform's own controllers get in each environment.

It is not the size table of the services: those are sized by what their owners ask for, these by what the projects
behind them recommend, and where nobody recommends anything the number is marked as an estimate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint.catalogue import Environment
from blueprint.operators.kinds import Allowance


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What an environment decides for all installations at once."""

    standby: int
    """Replicas where one leads and the others wait."""
    serving: int
    """Replicas that all answer: the edge and the certificate webhook."""
    istiod_at_most: int
    small: bool
    """Whether the smaller column of `ALLOWANCES` holds."""
    service_type: str
    webhook_failure_policy: str
    verify_kubelets: bool


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


def _allowance(cpu_millicores: int, cpu_limit_millicores: int, mebibytes: int, limit_mebibytes: int) -> Allowance:
    return Allowance(
        cpu_request_millicores=cpu_millicores,
        cpu_limit_millicores=cpu_limit_millicores,
        memory_request_mebibytes=mebibytes,
        memory_limit_mebibytes=limit_mebibytes,
    )


ALLOWANCES: Final[Mapping[str, tuple[Allowance, Allowance]]] = {
    # container: (dev and ephemeral, staging and prod). Requests marked E are estimates nobody measured yet.
    "istio-cni": (_allowance(10, 100, 50, 100), _allowance(100, 1000, 100, 200)),  # demo profile E; chart default
    "istiod": (_allowance(100, 1000, 256, 512), _allowance(500, 2000, 2048, 4096)),  # E; chart default
    "sidecar": (_allowance(50, 500, 96, 192), _allowance(100, 1000, 128, 256)),  # E; chart default
    "cert-manager": (_allowance(25, 250, 96, 192), _allowance(50, 500, 128, 256)),  # E; E
    "cainjector": (_allowance(25, 250, 96, 192), _allowance(50, 500, 128, 256)),  # E; E
    "cert-manager-webhook": (_allowance(25, 250, 48, 96), _allowance(50, 500, 64, 128)),  # E; E
    "kong-gateway": (_allowance(100, 1000, 512, 1024), _allowance(500, 2000, 512, 1024)),  # E; E
    "kong-controller": (_allowance(50, 500, 128, 256), _allowance(100, 1000, 256, 512)),  # chart's example; E
    "argo-rollouts": (_allowance(50, 500, 64, 128), _allowance(100, 1000, 128, 256)),  # chart's example; E
    "metrics-server": (_allowance(50, 500, 100, 200), _allowance(100, 1000, 200, 400)),  # E; its README, to 100 nodes
}
