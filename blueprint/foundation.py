"""What the platform itself has, whatever services there are: namespaces, their network rules, and priorities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from blueprint import admission, names, platform_rules
from blueprint.admission import AdmissionPolicy
from blueprint.context import Context
from blueprint.network_rules import NetworkRule


@dataclass(frozen=True, kw_only=True)
class PlatformNamespace:
    """One namespace of the platform."""

    name: str
    restricted: bool
    """Pod Security *restricted*; else privileged, for what sets up the nodes' network."""
    meshed: bool
    denied: bool
    """Whether everything is closed but its rules. Namespaces of other people's charts keep the charts' own policies:
    their controllers need the API server, whose address no selector can name."""
    purpose: str


@dataclass(frozen=True, kw_only=True)
class Priority:
    """Who gives way to whom when nodes are full."""

    tier: str
    value: int
    preempts: bool
    """Whether it may end running pods of lower priority."""


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """The platform before its first service."""

    namespaces: tuple[PlatformNamespace, ...]
    rules: tuple[NetworkRule, ...]
    priorities: tuple[Priority, ...]
    admission_policies: tuple[AdmissionPolicy, ...]
    """What the cluster itself refuses."""


PRIORITIES: Final = (
    Priority(tier="best-effort", value=1_000, preempts=False),
    Priority(tier="critical", value=1_000_000, preempts=True),
    Priority(tier="standard", value=100_000, preempts=True),
)
"""By tier. Above the default of 0, below the thousand million from which Kubernetes' own begin."""

_ISTIO: Final[Mapping[str, PlatformNamespace]] = {
    names.ISTIO: PlatformNamespace(
        name=names.ISTIO, restricted=True, meshed=False, denied=False, purpose="the mesh's control plane"
    ),
    names.ISTIO_CNI: PlatformNamespace(
        name=names.ISTIO_CNI, restricted=False, meshed=False, denied=False, purpose="sets up the nodes' network"
    ),
}


def decide(context: Context) -> Foundation:
    """The platform's own part of a stack."""
    meshed = context.meshed
    namespaces = [
        *(_ISTIO.values() if meshed else ()),
        _namespace(names.ARGO_ROLLOUTS, "delivers canaries"),
        _namespace(names.CERT_MANAGER, "issues certificates"),
        PlatformNamespace(name=names.KONG, restricted=True, meshed=meshed, denied=False, purpose="the public edge"),
        _namespace(names.MESSAGING, "the brokers", denied=True),
        _namespace(names.OBSERVABILITY, "metrics, traces and logs", denied=True),
    ]
    return Foundation(
        namespaces=tuple(sorted(namespaces, key=lambda namespace: namespace.name)),
        rules=platform_rules.decide(context.surroundings),
        priorities=PRIORITIES,
        admission_policies=admission.decide(meshed=meshed),
    )


def _namespace(name: str, purpose: str, *, denied: bool = False) -> PlatformNamespace:
    return PlatformNamespace(name=name, restricted=True, meshed=False, denied=denied, purpose=purpose)
